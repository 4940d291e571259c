"""What each pod of a load has handed in: parts in their order, each once, to its last. Its log is anybody's text."""

from __future__ import annotations

import asyncio
from collections import deque

import msgspec

from seatrial.kit.text import one_line
from seatrial.model.load_result import Doubt, Part

WAITS = b"waits"
_PART = b"{"
_part = msgspec.json.Decoder(Part)


class Shares:
    """By shard, and so by the index of the pod."""

    def __init__(self, count: int) -> None:
        self._next = [1] * count
        self._whole: set[int] = set()
        self.stopping = False  # all of them, because somebody said so
        self._gaps: set[int] = set()
        self._waiting = [asyncio.Event() for _ in range(count)]
        self._said: list[deque[str]] = [deque(maxlen=3) for _ in range(count)]

    def part(self, index: int, line: bytes) -> Part | None:
        """The part that a line is, where it is the next one. A log that is read anew begins with what was there before."""
        if line == WAITS:
            self._waiting[index].set()
        if not line.startswith(_PART):
            if line not in (WAITS, b"ready"):
                self.trouble(index, line.decode(errors="replace"))
            return None
        try:
            part = _part.decode(line)
        except msgspec.DecodeError as error:
            self.trouble(index, f"a line that is no part: {error}")
            return None
        if part.shard != index or part.number < self._next[index] or index in self._gaps:
            return None
        if part.number > self._next[index]:
            self._gaps.add(index)
            return None
        self._next[index] += 1
        if part.stopped and not self.stopping:  # whoever ended the pod was not us
            self.trouble(index, "it was ended from outside")
            return msgspec.structs.replace(part, last=False)
        if part.last:
            self._whole.add(index)
        return part

    def trouble(self, index: int, what: str) -> None:
        self._said[index].append(one_line(what, limit=300))

    def is_whole(self, index: int) -> bool:
        return index in self._whole

    async def all_wait(self) -> None:
        """Until each has said that it waits to be told when to begin."""
        for waiting in self._waiting:
            await waiting.wait()

    def doubts(self, *, waiting: bool = True) -> tuple[Doubt, ...]:
        """The last words of those that did not tell to the end; without ``waiting``, only of those that never waited."""
        return tuple(
            Doubt("lost-pod", f"the pod with index {index} is lost: {self._why(index)}")
            for index in range(len(self._next))
            if index not in self._whole and (waiting or not self._waiting[index].is_set())
        )

    def _why(self, index: int) -> str:
        gap = ["a part of its log is missing"] if index in self._gaps else []
        return "; ".join((*gap, *self._said[index])) or f"nothing came after {self._next[index] - 1} parts"
