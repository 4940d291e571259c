"""The processes that share a load on this machine, one for each core: started, begun at the same moment, listened to."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import msgspec

from seatrial.measure.arrivals import NANOSECONDS
from seatrial.measure.worker import READY, Refusal
from seatrial.model.errors import CannotJudge, UsageError
from seatrial.model.load import Plan, Shard
from seatrial.model.load_result import Doubt, Part

_HEAD_START = 20_000_000  # nanoseconds in which all processes read when to begin
_READY_WITHIN = 30.0
_TURN = 0.5
_AT_ONCE = 1.0  # seconds within which one signal has reached a whole group of processes
_part = msgspec.json.Decoder(Part)
_refusal = msgspec.json.Decoder(Refusal)


class Crew:
    """``run`` to the end of the plan, or until somebody says stop; every part goes to ``take`` as it comes."""

    def __init__(self, plan: Plan, *, skip_before: float = 0.0, first_index: int = 0, cores: int = 1) -> None:
        self._shards = [
            Shard(plan=plan, number=number, skip_before=skip_before, first_index=first_index)
            for number in range(plan.shards)
        ]
        self.skipped, self.cores = skip_before, cores
        self.doubts: tuple[Doubt, ...] = ()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._ended: dict[int, tuple[Part, float]] = {}  # by somebody else: their last parts, and when these came
        self._with_us: list[Part] = []  # of those, by the signal that ended us, too
        self._whole: set[int] = set()
        self._stops = 0
        self.begun_at: float | None = None  # on the wall clock
        self.stopped = False

    def run(self, take: Callable[[Part], None], turn: Callable[[], None] = lambda: None) -> None:
        """``turn`` is called a few times a second."""
        try:
            self._start()
            with self._stoppable():
                self._listen(take, turn)
                self._settle(take)
        finally:
            for process in self._processes:
                if process.poll() is None:
                    process.kill()
                process.wait()
                for pipe in (process.stdin, process.stdout):
                    if pipe is not None:
                        pipe.close()

    def stop(self) -> None:
        """What has ended is still handed in; a second time, nothing is waited for."""
        now = time.monotonic()
        if not self.stopped:
            self._with_us = [part for part, at in self._ended.values() if now - at < _AT_ONCE]
        self.stopped = True
        self._stops += 1
        for process in self._processes:
            if self._stops > 1:
                process.kill()
            elif process.stdin is not None and not process.stdin.closed:
                process.stdin.close()

    def _start(self) -> None:
        for shard in self._shards:
            process = subprocess.Popen(
                (sys.executable, "-m", "seatrial.measure.worker"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                process_group=0,  # Ctrl-C is for us, and we tell them
            )
            self._processes.append(process)
            assert process.stdin is not None
            process.stdin.write(msgspec.json.encode(shard) + b"\n")
            process.stdin.flush()
        for process in self._processes:
            assert process.stdout is not None
            if (said := process.stdout.readline()) != READY:
                if said:
                    refusal = _refusal.decode(said)
                    raise UsageError(refusal.what, way_out=refusal.way_out)
                raise CannotJudge(
                    f"a process of the load did not start (it ended with {process.wait(_READY_WITHIN)})",
                    way_out="what it said stands above",
                )
        begin = time.monotonic_ns() + _HEAD_START
        self.begun_at = time.time() + _HEAD_START / NANOSECONDS
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(b"%d\n" % begin)
            process.stdin.flush()

    def _listen(self, take: Callable[[Part], None], turn: Callable[[], None]) -> None:
        with selectors.DefaultSelector() as selector:
            for process in self._processes:
                assert process.stdout is not None
                selector.register(process.stdout, selectors.EVENT_READ, bytearray())
            while selector.get_map():
                for key, _ in selector.select(_TURN):
                    data = os.read(key.fd, 1 << 20)
                    if not data:
                        selector.unregister(key.fileobj)
                    for line in _whole_lines(key.data, data):
                        take(self._heard(_part.decode(line)))
                turn()

    def _heard(self, part: Part) -> Part:
        """A last part before its time is none, unless we said stop."""
        if part.stopped and not self.stopped:
            self._ended[part.shard] = part, time.monotonic()
            return msgspec.structs.replace(part, last=False)
        if part.last:
            self._whole.add(part.shard)
        return part

    def _settle(self, take: Callable[[Part], None]) -> None:
        for part in self._with_us:
            take(self._heard(Part(shard=part.shard, number=part.number + 1, until=part.until, last=True, stopped=True)))
        self.doubts = tuple(
            Doubt("lost-process", f"process {number} of the load is lost: {self._why(number)}")
            for number in range(len(self._processes))
            if number not in self._whole
        )

    def _why(self, number: int) -> str:
        code = self._processes[number].wait()
        if code < 0:
            return f"it was ended by {signal.Signals(-code).name}"
        return "it was ended from outside" if number in self._ended else f"it ended with {code}"

    @contextmanager
    def _stoppable(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield  # signals are for whoever waits for this thread
            return

        def heard(number: int, frame: FrameType | None) -> None:
            self.stop()

        before = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _whole_lines(rest: bytearray, data: bytes) -> Iterator[bytes]:
    rest += data
    while (end := rest.find(b"\n")) >= 0:
        yield bytes(rest[:end])
        del rest[: end + 1]
