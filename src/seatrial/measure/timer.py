"""An alarm that an epoll loop can wait for, exact to some microseconds; epoll's own timeout counts in milliseconds."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable

from seatrial.model.errors import CannotJudge

_MONOTONIC, _ABSOLUTE = 1, 1
_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC
_NANOSECONDS = 1_000_000_000


class _Moment(ctypes.Structure):
    _fields_ = [("seconds", ctypes.c_int64), ("nanoseconds", ctypes.c_int64)]


class _Setting(ctypes.Structure):
    _fields_ = [("interval", _Moment), ("value", _Moment)]


class Alarm:
    """Readable from the moment for which it is set, on the clock of ``time.monotonic_ns``, until it is set anew."""

    def __init__(self) -> None:
        library = ctypes.CDLL(None, use_errno=True)
        self.descriptor: int = library.timerfd_create(_MONOTONIC, _FLAGS)
        if self.descriptor < 0:
            raise CannotJudge(f"no timer can be had: {os.strerror(ctypes.get_errno())}")
        self._setting = _Setting()
        self._reference = ctypes.byref(self._setting)
        self._set: Callable[..., int] = library.timerfd_settime
        self._at: int | None = None

    def set(self, at: int | None) -> None:
        """None: never. A moment that is gone rings at once."""
        if at == self._at:
            return
        self._at = at
        value = self._setting.value
        # All zero would disarm it.
        value.seconds, value.nanoseconds = (0, 0) if at is None else divmod(max(at, 1), _NANOSECONDS)
        if self._set(self.descriptor, _ABSOLUTE, self._reference, None) != 0:
            raise CannotJudge(f"the timer cannot be set: {os.strerror(ctypes.get_errno())}")

    def close(self) -> None:
        os.close(self.descriptor)


def wall_offset() -> int:
    """What must be taken from a wall-clock time, in nanoseconds, to have that of ``monotonic_ns``."""
    best, offset = 1 << 62, 0
    for _ in range(5):
        before = time.monotonic_ns()
        wall = time.time_ns()
        after = time.monotonic_ns()
        if after - before < best:
            best, offset = after - before, wall - (before + after) // 2
    return offset
