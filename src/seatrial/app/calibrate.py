"""bench calibrate: how far this client is from the truth on this machine, and up to which load."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from seatrial.app import load
from seatrial.kit.histogram import Counts
from seatrial.lab import forge, model_server
from seatrial.measure.arrivals import NANOSECONDS
from seatrial.measure.record import read
from seatrial.measure.truth import Errors, Truth, errors
from seatrial.model.load import Open, Phase, Plan, Prompts, Target
from seatrial.model.load_result import LoadResult, Row
from seatrial.model.progress import Tell
from seatrial.report.lines import Page

WITHIN = 0.005  # seconds of error at the 95th percentile: what still counts as measuring
SERVER_WITHIN = 0.1


class Step(msgspec.Struct, frozen=True, kw_only=True):
    rate: float
    errors: Errors
    result: LoadResult

    @property
    def holds(self) -> bool:
        return _share(self.errors.ttft, 0.95) <= WITHIN

    @property
    def server_holds(self) -> bool:
        """A late server is no error of the client, which is held against what it did; one that is very late sends no such load."""
        return _share(self.errors.server_late, 0.95) <= SERVER_WITHIN

    @property
    def keeps_up(self) -> bool:
        return self.holds and self.server_holds and self.result.complete


class How(msgspec.Struct, frozen=True, kw_only=True):
    rate: float  # to begin with
    seconds: float  # at each
    tokens: int
    processes: int
    most: float = math.inf  # rate


async def on_own_server(how: How, *, begin: Callable[[str], None], tell: Tell) -> tuple[Step, ...]:
    """Beside a server that is there for this alone: a first token after 50 ms, and one every 20 ms from then on."""
    programs = await forge.obtain([model_server.PROGRAM], tell=tell)
    options = {"mode": "fixed", "port": "0", "ttft": "50ms", "gap": "20ms"}
    async with model_server.running(programs[model_server.PROGRAM], options) as server:
        return calibrate(server.url, how, begin=begin)


def calibrate(url: str, how: How, *, begin: Callable[[str], None]) -> tuple[Step, ...]:
    """Doubles the rate until the client or the server does not keep up."""
    truth = Truth(url)
    steps: list[Step] = []
    rate = how.rate
    seed = time.time_ns() % 1_000_000_000  # a server may remember other runs
    while not steps or (rate <= how.most and steps[-1].keeps_up):
        begin(f"{rate:g} requests/s")
        truth.take()
        plan = Plan(
            target=Target(url=url),
            arrivals=Open(phases=(Phase(seconds=how.seconds, rate=rate),)),
            prompts=Prompts(words=16),
            tokens_out=how.tokens,
            seed=seed + len(steps),
            shards=how.processes,
        )
        with tempfile.TemporaryDirectory(prefix="seatrial-calibrate-") as folder:
            record = Path(folder) / "record"
            result = load.send(plan, record=record)
            steps.append(Step(rate=rate, errors=errors(_rows(record), truth.take(), plan.seed), result=result))
        rate *= 2
    return tuple(steps)


def _rows(record: Path) -> Iterator[Row]:
    return (row for part in read(record)[1] for row in part.rows)


def as_text(steps: tuple[Step, ...], *, colour: bool = False) -> str:
    page = Page(colour=colour, width=100)
    good = [step for step in steps if step.holds and step.server_holds and step.result.validity.valid]
    if good:
        best = good[-1]
        tokens = best.result.tokens_per_second or 0.0
        page.say(
            f"on this machine the client measures up to {best.rate:g} requests/s ({tokens:,.0f} tokens/s) at least",
            paint="bold",
        )
    else:
        page.say("at none of these rates did client and server both keep up: this machine is too busy", paint="fail")
    last = steps[-1]
    if not last.server_holds:
        page.say(
            f"beyond, the simulated server fell behind its schedule at {last.rate:g}: it is the limit", paint="dim"
        )
    elif not last.holds or not last.result.validity.valid:
        page.say(f"beyond, the client fell behind at {last.rate:g}: it is the limit", paint="dim")
    page.gap()
    page.row(f"  {'':>8}{'error of the first token, ms':>32}{'per token':>11}{'server late':>13}{'CPU s per':>12}")
    page.row(f"  {'rate':>8}{'50%':>12}{'95%':>10}{'99%':>10}{'95%':>11}{'95%':>13}{'M tokens':>12}")
    for step in steps:
        page.row(_row(step))
    return page.text()


def _row(step: Step) -> str:
    seen, result = step.errors, step.result
    first = "".join(
        f"{_share(seen.ttft, share) * 1000:>{width}.2f}" for share, width in ((0.5, 12), (0.95, 10), (0.99, 10))
    )
    cpu = result.client.cpu_seconds / result.tokens_out * 1e6 if result.tokens_out else 0.0
    mark = "" if result.validity.valid else "  INVALID"
    return (
        f"  {step.rate:>8g}{first}{_share(seen.per_token, 0.95) * 1000:>11.3f}"
        f"{_share(seen.server_late, 0.95) * 1000:>13.2f}{cpu:>12.1f}{mark}"
    )


def _share(counts: Counts, share: float) -> float:
    """In seconds; endless where nothing is known."""
    value = counts.percentile(share)
    return float("inf") if value is None else value / NANOSECONDS
