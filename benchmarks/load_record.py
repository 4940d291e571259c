"""A record of a load, read and rendered: the CPU that a million requests cost, and how much more memory than a tenth of them."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure
from seatrial.kit.histogram import Histogram
from seatrial.measure.record import Header, Record
from seatrial.model.load import Open, Phase, Plan, Slo, Target
from seatrial.model.load_result import Ending, Health, Part, Row

MANY, FEW = 1_000_000, 100_000
RATE, SHARDS, TOKENS = 1000, 2, 100
LIMIT = 20.0  # seconds
_MS, _S = 1_000_000, 1_000_000_000
_MAIN = "import sys; from seatrial.cli.main import main; sys.exit(main())"


def record() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        seen = {requests: _rendered(Path(folder), requests) for requests in (FEW, MANY)}
    seconds, memory = seen[MANY]
    yield Figure(f"load: a record of {MANY:,} requests as HTML, CPU", [seconds], "s", [LIMIT], "what is asked for")
    yield Figure("load: memory for it", [memory], "MB", [seen[FEW][1]], "that for a tenth of it")


def _rendered(folder: Path, requests: int) -> tuple[float, float]:
    path = folder / f"{requests}.record"
    _write(path, requests)
    argv = (sys.executable, "-c", _MAIN, "report", str(path), "-o", "html", "--output-file", str(folder / "page.html"))
    process = subprocess.Popen(argv)
    _, _, used = os.wait4(process.pid, 0)
    path.unlink()
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1000


def _write(path: Path, requests: int) -> None:
    """As two processes hand it in: a part each second."""
    seconds = requests / RATE
    plan = Plan(
        target=Target(url="http://models.example:8000"),
        arrivals=Open(phases=(Phase(seconds=seconds, rate=RATE),)),
        slo=Slo(ttft=0.5, per_token=0.05),
        shards=SHARDS,
    )
    kept = Record.begin(path, Header(plan=plan, started_at="2026-01-01T00:00:00+00:00"))
    chance = random.Random(1)  # noqa: S311 - no secret
    for second in range(round(seconds)):
        for shard in range(SHARDS):
            first = second * RATE + shard
            rows = tuple(_row(index, chance) for index in range(first, first + RATE, SHARDS))
            kept.add(_part(shard, second + 1, rows, chance, last=second + 1 == round(seconds)))
    kept.close()


def _part(shard: int, number: int, rows: tuple[Row, ...], chance: random.Random, *, last: bool) -> Part:
    gaps, lag = Histogram(), Histogram()
    for _ in range(500):
        gaps.record(round(chance.gauss(20, 2) * _MS), TOKENS)
        lag.record(round(chance.expovariate(1 / 50_000)))
    seen = gaps.counts()
    health = Health(receive_lag=lag.counts(), loop=lag.counts(), cpu=0.5, wall=1.0, peak_memory=50 * 1024 * 1024)
    return Part(
        shard=shard, number=number, until=number * _S, rows=rows, gaps=seen, per_token=seen, health=health, last=last
    )


def _row(index: int, chance: random.Random) -> Row:
    due = index * _S // RATE
    begun = due + round(chance.expovariate(1 / 100_000))
    first = begun + round(chance.lognormvariate(4, 0.4) * _MS)
    last = first + round(chance.gauss(20, 1) * _MS) * (TOKENS - 1)
    ending = Ending.OK if chance.random() > 0.01 else Ending.STATUS
    return Row(
        index, due, begun, begun + 20_000, first, last, last + 50_000, ending, 200, 64, TOKENS, TOKENS, 40 * _MS, 0, 0
    )
