"""Every metric ends in a measure: a number that is held against its target, or the reason why there is none."""

from __future__ import annotations

import asyncio

import pytest

from seatrial.engine.catalog import Catalog
from seatrial.engine.measuring import Cut, Measured, measure
from seatrial.kit.clock import FakeClock
from seatrial.model.errors import CannotJudge, CatalogError
from seatrial.model.fact import All
from seatrial.model.measure import Measure, Target, doubted
from seatrial.model.metric import Means, Metric, Taken, metric
from seatrial.model.verdict import Outcome, not_applicable
from tests.unit.engine.scene import Ship, snapshot


async def _nobody(namespace: str) -> tuple[str, ...]:
    return ()


MEANS = Means(clock=FakeClock(), window=300, step=15, times=1, gangs=1, deadlocks=_nobody)


def counted(value: float, target: Target | None = None, why: str = "") -> Metric:
    """A metric that always comes to the same number."""

    @metric("ships.counted", unit="ships", target=target)
    def counted(ships: All[Ship], means: Means) -> Taken:
        """So many ships.

        How: they are counted.
        Fix: make more.
        """
        return [doubted(Measure(id="ships.counted", value=value, unit="ships", samples=1), why)]

    return counted


async def taken(*metrics: Metric, targets: dict[str, Target] | None = None, simulated: bool = False) -> Measured:
    return await measure(
        Catalog(), metrics, snapshot(), open_bench=None, means=MEANS, targets=targets or {}, simulated=simulated
    )


@pytest.mark.parametrize(
    ("value", "target", "met", "outcome"),
    [
        (5.0, Target(5, "ships", "us", least=True), True, Outcome.PASS),
        (4.9, Target(5, "ships", "us", least=True), False, Outcome.FAIL),
        (5.0, Target(5, "ships", "us"), True, Outcome.PASS),
        (5.1, Target(5, "ships", "us"), False, Outcome.FAIL),
        (5.0, None, None, Outcome.NOT_APPLICABLE),
    ],
)
async def test_a_number_is_held_against_its_target(
    value: float, target: Target | None, met: bool | None, outcome: Outcome
) -> None:
    found = await taken(counted(value, target))
    (one,), (finding,) = found.measures, found.findings
    assert (one.met, one.target_source, finding.outcome) == (met, "us" if target else "", outcome)


async def test_a_number_that_is_not_valid_meets_nothing_and_misses_nothing() -> None:
    found = await taken(counted(1.0, Target(5, "ships", "us", least=True), why="too few"))
    assert (found.measures[0].met, found.findings[0].outcome, found.findings[0].because) == (
        None,
        Outcome.UNKNOWN,
        "too few",
    )


async def test_a_target_that_is_given_is_instead_of_the_metrics_own() -> None:
    given = Target(1, "ships", "given on the command line", least=True)
    found = await taken(counted(2.0, Target(5, "ships", "us", least=True)), targets={"ships.counted": given})
    assert (found.measures[0].met, found.measures[0].target_source) == (True, "given on the command line")


async def test_what_is_simulated_says_so() -> None:
    assert (await taken(counted(1.0), simulated=True)).measures[0].simulated
    assert not (await taken(counted(1.0))).measures[0].simulated


@metric("ships.none", unit="s", target=Target(1, "s", "us"))
def none(ships: All[Ship]) -> Taken:
    """Nothing to measure.

    How: not at all.
    Fix: none.
    """
    return not_applicable("there is no ship")


@metric("ships.unreadable", unit="s")
def unreadable(ships: All[Ship]) -> Taken:
    """Nothing can be read.

    How: not at all.
    Fix: none.
    """
    raise CannotJudge("nobody answers")


@metric("ships.broken", unit="s")
async def broken(ships: All[Ship]) -> Taken:
    """It breaks.

    How: not at all.
    Fix: none.
    """
    raise ZeroDivisionError("oh")


async def test_what_cannot_be_measured_is_a_measure_that_says_why() -> None:
    found = await taken(none, unreadable, broken)
    told = {one.id: one for one in found.measures}
    assert [one.outcome for one in found.findings] == [Outcome.NOT_APPLICABLE, Outcome.UNKNOWN, Outcome.ERROR]
    assert not any(one.valid or one.is_there for one in told.values())
    assert told["ships.none"].why_not_valid == "there is no ship"
    assert (told["ships.none"].target, told["ships.none"].met) == ("≤ 1 s", None)
    assert told["ships.unreadable"].why_not_valid == "nobody answers"
    assert "ZeroDivisionError" in told["ships.broken"].why_not_valid


async def test_stopped_half_way_it_tells_what_was_measured() -> None:
    @metric("ships.slow", unit="s")
    async def slow(ships: All[Ship]) -> Taken:
        """It takes for ever.

        How: by waiting.
        Fix: none.
        """
        await asyncio.Event().wait()
        return []

    task = asyncio.create_task(taken(counted(1.0), slow))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(Cut) as stopped:
        await task
    assert {one.id: one.valid for one in stopped.value.so_far.measures} == {"ships.counted": True, "ships.slow": False}


def test_a_metric_without_a_page_is_refused() -> None:
    with pytest.raises(CatalogError, match="How"):

        @metric("ships.bare", unit="s")
        def bare(ships: All[Ship]) -> Taken:
            """Nothing more."""
            return []
