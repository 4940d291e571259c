from __future__ import annotations

import random

import msgspec
import pytest

from seatrial.app import load_series
from seatrial.kit.statistics import holm, interval, student_quantile, student_tails, welch
from seatrial.measure.comparison import compare
from seatrial.measure.saturation import search
from seatrial.measure.steady import truncation
from seatrial.model.errors import Interrupted
from seatrial.model.load import Closed, Open, Phase, Plan, Slo, Target
from seatrial.model.load_result import Ending, LoadResult, LoadSeries, Validity, Window

PLAN = Plan(
    target=Target(url="http://s"), arrivals=Open(phases=(Phase(seconds=20, rate=1),)), slo=Slo(ttft=1, share=0.9)
)


@pytest.mark.parametrize(("t", "freedom", "tails"), [(2.228, 10, 0.05), (12.706, 1, 0.05), (3.355, 8, 0.01)])
def test_students_table(t: float, freedom: float, tails: float) -> None:
    assert student_tails(t, freedom) == pytest.approx(tails, abs=1e-4)
    assert student_quantile(freedom, 1 - tails) == pytest.approx(t, abs=1e-3)


def test_chance_is_rarely_called_a_difference() -> None:
    chance = random.Random(5)
    found = sum(
        (welch([chance.gauss(10, 1) for _ in range(5)], [chance.gauss(10, 2) for _ in range(5)]) or 1) < 0.05
        for _ in range(1000)
    )
    assert 20 <= found <= 80


def test_too_few_say_nothing() -> None:
    assert welch([1.0], [2.0, 3.0]) is None
    assert interval([1.0]) is None
    assert welch([1.0, 1.0], [1.0, 1.0]) == 1.0
    assert welch([1.0, 1.0], [2.0, 2.0]) == 0.0


def test_many_looks_cost() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


def result(rate: float, *, good: int = 100, valid: bool = True, windows: tuple[Window, ...] = ()) -> LoadResult:
    plan = msgspec.structs.replace(PLAN, arrivals=Open(phases=(Phase(seconds=20, rate=rate),)))
    return LoadResult(
        plan=plan,
        started_at="",
        seconds=20,
        requests=100,
        good=good,
        endings={Ending.OK: 100},
        windows=windows,
        validity=Validity(valid=valid),
    )


@pytest.mark.parametrize("limit", [3.0, 17.0, 100.0, 1000.0])
def test_the_search_finds_the_limit(limit: float) -> None:
    found = search(lambda rate: result(rate, good=100 if rate <= limit else 50), 10, within=0.05)
    assert found.highest is not None
    assert found.highest <= limit <= found.highest * 1.06
    assert not found.limit_is_client


@pytest.mark.parametrize("stop", [KeyboardInterrupt, Interrupted("stopped")])
@pytest.mark.parametrize(("at", "runs"), [(2, 2), (0, None)])
def test_one_that_is_stopped_before_it_began_leaves_those_before_it(
    stop: BaseException, at: int, runs: int | None
) -> None:
    said: list[str] = []

    def send(plan: Plan) -> LoadResult:
        if len(said) == at + 1:
            raise stop
        return result(1)

    def tried() -> LoadSeries:
        return load_series.repeats(PLAN, 5, send=send, begin=said.append)

    if runs is None:
        with pytest.raises(Interrupted):
            tried()
    else:
        assert len(tried().results) == runs
        assert said[-1].startswith("stopped")


def test_the_search_does_not_take_the_clients_limit_for_the_servers() -> None:
    found = search(lambda rate: result(rate, valid=rate < 50), 10, within=0.05)
    assert found.highest is not None
    assert found.highest < 50
    assert found.limit_is_client


def test_nothing_is_good_enough() -> None:
    assert search(lambda rate: result(rate, good=0), 10, within=0.05).highest is None


def windows(median: float, seed: int) -> tuple[Window, ...]:
    chance = random.Random(seed)
    return tuple(
        Window(at=at, seconds=1, due=10, ok=10, good=10, tokens=100, ttft=(median * chance.uniform(0.95, 1.05),) * 3)
        for at in range(21)
    )


def test_worse_by_more_than_chance_is_told_and_chance_is_not() -> None:
    before, same, worse = (result(1, windows=windows(*one)) for one in ((0.1, 1), (0.1, 2), (0.13, 3)))
    assert not any(change.worse or change.better for change in compare([before], [same]).changes)
    told = {change.title for change in compare([before], [worse]).changes if change.worse}
    assert {"first token, median", "first token, 95 %", "first token, 99 %"} == told
    assert {change.title for change in compare([worse], [before]).changes if change.better} == told


def test_other_plans_and_bad_runs_are_said() -> None:
    other = msgspec.structs.replace(result(1), plan=msgspec.structs.replace(PLAN, arrivals=Closed(clients=1)))
    assert any("plans differ" in one for one in compare([result(1)], [other]).caveats)


def test_the_cut_is_where_it_becomes_steady() -> None:
    chance = random.Random(2)
    series = [5.0, 4.0, 3.0, *(1 + chance.uniform(-0.1, 0.1) for _ in range(40))]
    assert truncation(series) in range(3, 8)
    assert truncation([1.0, 2.0]) is None
    assert truncation([float(value) for value in range(40)]) is None
