"""How the stored loads of this folder were made: ``python -m tests.faces.made_load`` writes them anew, always the same."""

import random
from pathlib import Path

import msgspec

from seatrial.kit.histogram import Counts, Histogram
from seatrial.measure.tally import Tally
from seatrial.model.load import Model, Open, Phase, Plan, Slo, Target
from seatrial.model.load_result import (
    Ending,
    Health,
    LoadResult,
    LoadSeries,
    Part,
    Row,
    SeriesKind,
    ServerSample,
)

HERE = Path(__file__).parent
HOSTILE = "<img src=x onerror=\"document.documentElement.setAttribute('data-pwned', 1)\">\u202eowned"
_MS = 1_000_000
_TOKENS = 40


def load(rate: float, *, seconds: float = 60.0, late: int = 0, seed: int = 1) -> LoadResult:
    """A server that waits the longer the more it is asked; ``late`` is by how many ms the client is."""
    chance = random.Random(seed)
    plan = Plan(
        target=Target(url="http://models.example:8000", models=(Model(name="llama"), Model(name=HOSTILE, weight=0.1))),
        arrivals=Open(phases=(Phase(seconds=seconds, rate=rate),)),
        warm_up=5.0,
        slo=Slo(ttft=0.3, per_token=0.03),
    )
    tally, at, rows = Tally(plan, cores=2), 0.0, []
    per_token = Histogram()
    while (at := at + chance.expovariate(rate)) < seconds:
        rows.append(_row(len(rows), round(at * 1000) * _MS, rate, late, chance))
        per_token.record(round(chance.gauss(18, 1)) * _MS, _TOKENS)
    counts = per_token.counts()
    health = Health(cpu=1.5, wall=seconds, peak_memory=20_000_000, receive_lag=_lag())
    tally.add(
        Part(shard=0, number=0, until=0, rows=tuple(rows), per_token=counts, gaps=counts, health=health, last=True)
    )
    samples = tuple(
        ServerSample(
            at=float(second), values={"vllm:num_requests_running": rate / 2, f"{HOSTILE}_total": second * rate}
        )
        for second in range(0, round(seconds), 5)
    )
    return tally.result("2026-01-01T00:00:00+00:00", first_request=0.4, samples=samples)


def _row(index: int, due: int, rate: float, late: int, chance: random.Random) -> Row:
    begun = due + late * _MS + 100_000
    first = begun + round(chance.lognormvariate(4.2 + rate / 40, 0.3)) * _MS
    last = first + (_TOKENS - 1) * round(chance.gauss(18, 1) * _MS)
    ending = chance.choices((Ending.OK, Ending.LIMITED, Ending.ERROR_EVENT), (97, 2, 1))[0]
    well = ending is Ending.OK
    return Row(
        index=index, due=due, begun=begun, sent=begun, first=first if well else -1, last=last if well else -1, end=last,
        ending=ending, status=429 if ending is Ending.LIMITED else 200, tokens_in=64, tokens_out=_TOKENS if well else 0,
        chunks=_TOKENS if well else 0, stall=0, marks=0, model=index % 2,
    )  # fmt: skip


def _lag() -> Counts:
    histogram = Histogram()
    histogram.record(200_000, 1000)
    return histogram.counts()


def series() -> LoadSeries:
    """The last of them with a client that fell behind."""
    runs = [load(rate, seconds=25.0, seed=round(rate), late=30 if rate > 60 else 0) for rate in (5.0, 20.0, 40.0, 80.0)]
    return LoadSeries(kind=SeriesKind.SWEEP, results=tuple(runs))


if __name__ == "__main__":
    for name, made in (("load", load(20.0)), ("series", series())):
        (HERE / f"{name}.json").write_bytes(msgspec.json.encode(made) + b"\n")
