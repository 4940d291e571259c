"""Which request comes next, and when: by the clock in an open loop, by the answers in a closed one."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import count
from typing import Protocol

from seatrial.measure.arrivals import NANOSECONDS, due_times
from seatrial.model.load import Closed, Shard
from seatrial.model.load_result import Ending

_PAUSE = NANOSECONDS // 10  # of a client that was turned away, or it would knock without end
_TURNED_AWAY = {Ending.REFUSED, Ending.UNREACHABLE, Ending.TLS, Ending.RESET, Ending.NO_SOCKET, Ending.LIMITED}


class Source(Protocol):
    @property
    def due(self) -> int | None:
        """When the next request is due; None while there is none."""
        ...

    def take(self) -> int:
        """The index of the request that is due."""
        ...

    def ended(self, now: int, ending: Ending, retry_after: float) -> None: ...

    @property
    def spent(self) -> bool:
        """No request will come any more."""
        ...


def source_of(shard: Shard, start: int) -> Source:
    return Clients(shard, start) if isinstance(shard.plan.arrivals, Closed) else Clock(shard, start)


class Clock:
    """Every so-manieth of the requests that are due, which leaves the whole as it was."""

    def __init__(self, shard: Shard, start: int) -> None:
        self._start = start
        self._calls = self._mine(shard)
        self._index = -1
        self.due: int | None = None
        self._next()

    def _mine(self, shard: Shard) -> Iterator[tuple[int, int]]:
        skip = round(shard.skip_before * NANOSECONDS)
        for index, due in enumerate(due_times(shard.plan.arrivals, shard.plan.seed)):
            if index % shard.plan.shards == shard.number and due >= skip:
                yield index, due - skip

    def _next(self) -> None:
        call = next(self._calls, None)
        if call is None:
            self.due = None
            return
        self._index = call[0]
        self.due = self._start + call[1]

    def take(self) -> int:
        index = self._index
        self._next()
        return index

    def ended(self, now: int, ending: Ending, retry_after: float) -> None:
        """Nothing that ends changes what is due."""

    @property
    def spent(self) -> bool:
        return self.due is None


class Clients:
    """Clients that each ask again as soon as they have an answer."""

    def __init__(self, shard: Shard, start: int) -> None:
        closed = shard.plan.arrivals
        assert isinstance(closed, Closed)
        mine = range(shard.number, closed.clients, shard.plan.shards)
        self._free = [start + round(closed.ramp * NANOSECONDS * number / closed.clients) for number in mine]
        heapq.heapify(self._free)
        self._any = bool(self._free)
        left = None if closed.seconds is None else closed.seconds - shard.skip_before
        self._until = None if left is None else start + round(left * NANOSECONDS)
        first = shard.first_index + (shard.number - shard.first_index) % shard.plan.shards
        self._indexes: Iterator[int] = count(first, shard.plan.shards)
        if closed.requests is not None:
            self._indexes = iter(range(first, closed.requests, shard.plan.shards))
        self._index = next(self._indexes, None)

    @property
    def due(self) -> int | None:
        if self._index is None or not self._free:
            return None
        first = self._free[0]
        return None if self._until is not None and first >= self._until else first

    def take(self) -> int:
        index = self._index
        assert index is not None
        heapq.heappop(self._free)
        self._index = next(self._indexes, None)
        return index

    def ended(self, now: int, ending: Ending, retry_after: float) -> None:
        wait = round(retry_after * NANOSECONDS) if retry_after else _PAUSE if ending in _TURNED_AWAY else 0
        heapq.heappush(self._free, now + wait)

    @property
    def spent(self) -> bool:
        if self._index is None or not self._any:
            return True
        return bool(self._free) and self._until is not None and self._free[0] >= self._until
