"""How long work goes: a live view for a person at a terminal, plain lines for everything else. Always on stderr."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol, TextIO

from seatrial.cli.moments import ended, length
from seatrial.kit.text import one_line
from seatrial.model.progress import Event, State


class Progress(Protocol):
    def tell(self, event: Event) -> None: ...

    def paused(self) -> AbstractContextManager[None]:
        """Out of the way while a person is asked something."""
        ...


@contextmanager
def shown(stream: TextIO | None = None) -> Iterator[Progress]:
    stream = stream or sys.stderr
    if not stream.isatty() or os.environ.get("TERM") == "dumb" or os.environ.get("CI"):
        yield PlainLines(stream, time.monotonic)
        return
    from seatrial.cli.live import LiveView

    with LiveView(stream, time.monotonic) as view:
        yield view


class PlainLines:
    """One line when a piece of work begins and one when it ends; the same line never twice in a row."""

    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        self._stream = stream
        self._clock = clock
        self._begun: dict[str, float] = {}
        self._last = ""

    def tell(self, event: Event) -> None:
        what = one_line(event.what, limit=200)
        if event.state is State.BEGUN and what not in self._begun:
            self._begun[what] = self._clock()
            usual = f" (usually {length(event.expected)})" if event.expected else ""
            self._say(f"… {what}{usual}")
        elif event.state in (State.DONE, State.FAILED):
            self._say(ended(event, self._clock() - self._begun.pop(what, self._clock())))

    def paused(self) -> AbstractContextManager[None]:
        return nullcontext()

    def _say(self, line: str) -> None:
        if line != self._last:
            self._stream.write(f"{line}\n")
            self._stream.flush()
        self._last = line
