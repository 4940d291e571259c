"""The loop of one process: sends what is due, stamps what comes, hands in what has ended.

A stamp is the kernel's own where it gives one, else the moment at which the loop learnt that there was something to
read. What is due goes out between any two reads.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Mapping

from seatrial.measure.arrivals import NANOSECONDS
from seatrial.measure.exchange import Exchange
from seatrial.measure.ledger import Ledger
from seatrial.measure.pool import Pool
from seatrial.measure.prompts import Requests
from seatrial.measure.source import source_of
from seatrial.measure.timer import Alarm
from seatrial.measure.wire import Endpoint, MakeWire
from seatrial.model.load import Shard
from seatrial.model.load_result import Part

_TICK = NANOSECONDS // 4  # between looks at what is late
_PART = NANOSECONDS  # between parts


class Sender:
    """One part of a load. ``stop`` lets nothing new begin and cuts off what is under way."""

    def __init__(
        self, shard: Shard, requests: Requests, endpoints: tuple[Endpoint, ...], make: MakeWire, start: int
    ) -> None:
        self._requests = requests
        self._is_stream, self._keeps = shard.plan.stream, bool(shard.plan.prompts.tokenizer)
        self._source = source_of(shard, start)
        self._ledger = Ledger(shard, start - round(shard.skip_before * NANOSECONDS))
        self._pool = Pool(endpoints, make, shard.plan.limits, self._ledger, self._ended)
        self._clock = self._pool.clock
        self._alarm = Alarm()
        self._stopped = False

    def run(self, hand_in: Callable[[Part], None], others: Mapping[int, Callable[[int], None]] | None = None) -> None:
        """To the end of the plan. ``others`` are further descriptors to read from, and who does."""
        others = others or {}
        for descriptor in (self._alarm.descriptor, *others):
            self._pool.poll.register(descriptor, select.EPOLLIN)
        try:
            self._loop(hand_in, others)
            hand_in(self._part(last=True))
        finally:
            self._pool.close()
            self._alarm.close()

    def stop(self) -> None:
        self._stopped = True

    def _loop(self, hand_in: Callable[[Part], None], others: Mapping[int, Callable[[int], None]]) -> None:
        clock, pool, wires, source = self._clock, self._pool, self._pool.wires, self._source
        poll, turns = pool.poll.poll, self._ledger.turns
        tick = part = clock()
        while not self._stopped and (pool.flying or not source.spent):
            due = source.due
            self._alarm.set(due)
            ready = poll(_TICK / NANOSECONDS)
            now = clock()
            for descriptor, mask in ready:
                wire = wires.get(descriptor)
                if wire is not None:
                    wire.ready(mask, now)
                elif descriptor in others:
                    others[descriptor](mask)
                if due is not None and clock() >= due:
                    due = self._send_due()
            if due is None or clock() >= due:
                self._send_due()
            after = clock()
            turns.record(after - now)
            if after - tick >= _TICK:
                tick = after
                pool.late(after)
            if after - part >= _PART:
                part = after
                hand_in(self._part())
        pool.stop(clock())

    def _send_due(self) -> int | None:
        """When the next one is due."""
        source, clock = self._source, self._clock
        while (due := source.due) is not None and (now := clock()) >= due:
            index = source.take()
            model, request = self._requests.build(index)
            self._pool.carry(Exchange(index, due, now, model, request, is_stream=self._is_stream, keeps=self._keeps))
        return due

    def _ended(self, exchange: Exchange) -> None:
        self._ledger.done(exchange)
        assert exchange.ending is not None
        self._source.ended(exchange.over, exchange.ending, exchange.retry_after())

    def _part(self, *, last: bool = False) -> Part:
        most, self._pool.most = self._pool.most, len(self._pool.flying)
        return self._ledger.taken(self._clock(), most, last=last, stopped=self._stopped)
