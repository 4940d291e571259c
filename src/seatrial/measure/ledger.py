"""What one process has seen since it last handed something in."""

from __future__ import annotations

import time
from pathlib import Path

from seatrial.kit.histogram import Histogram
from seatrial.measure.arrivals import NANOSECONDS
from seatrial.measure.exchange import Exchange
from seatrial.model.load import Shard
from seatrial.model.load_result import Ending, Health, Part, Row


class Ledger:
    """``start`` is the moment, on the loop's clock, from which the moments of rows are counted."""

    def __init__(self, shard: Shard, start: int) -> None:
        self._number = shard.number
        self._start = start
        self._warm = start + round(shard.plan.warm_up * NANOSECONDS)
        self._stall = round(shard.plan.limits.stall * NANOSECONDS)
        self._parts = 0
        self._rows: list[Row] = []
        self._gaps, self._per_token, self._same, self._warm_gaps = Histogram(), Histogram(), Histogram(), Histogram()
        self.lag, self.turns, self.connects = Histogram(), Histogram(), Histogram()
        self.odd = 0  # stamps of the kernel that made no sense
        self._cpu = time.process_time()
        self._told = time.monotonic_ns()

    def done(self, exchange: Exchange) -> None:
        self._rows.append(exchange.row(self._start, self._stall))
        if exchange.due < self._warm:
            exchange.gaps(self._warm_gaps, Histogram(), self._warm_gaps)
        elif exchange.ending is Ending.OK:
            exchange.gaps(self._gaps, self._per_token, self._same)

    def taken(self, now: int, in_flight: int, *, last: bool = False, stopped: bool = False) -> Part:
        cpu, before = time.process_time(), self._cpu
        wall, self._told = now - self._told, now
        self._cpu = cpu
        rows, self._rows = self._rows, []
        same = self._same.taken()
        self._gaps.merge(same)
        self._per_token.merge(same)
        odd, self.odd = self.odd, 0
        self._parts += 1
        return Part(
            shard=self._number,
            number=self._parts,
            until=now - self._start,
            rows=tuple(rows),
            gaps=self._gaps.taken(),
            per_token=self._per_token.taken(),
            warm_gaps=self._warm_gaps.taken(),
            in_flight=in_flight,
            health=Health(
                receive_lag=self.lag.taken(),
                loop=self.turns.taken(),
                connect=self.connects.taken(),
                cpu=cpu - before,
                wall=wall / NANOSECONDS,
                odd_stamps=odd,
                peak_memory=_peak_memory(),
            ),
            last=last,
            stopped=stopped,
        )


def _peak_memory() -> int:
    """In bytes, of this program alone: what getrusage tells begins with that of whoever started it."""
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0
