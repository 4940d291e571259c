from __future__ import annotations

import itertools
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.measure.arrivals import NANOSECONDS, bursts, due_times
from seatrial.model.load import Open, Phase, Process


def gaps(arrivals: Open, seed: int = 1) -> list[int]:
    due = list(due_times(arrivals, seed))
    return [after - before for before, after in itertools.pairwise(due)]


def flat(process: Process, variation: float = 1.0) -> Open:
    return Open(phases=(Phase(seconds=40, rate=500),), process=process, variation=variation)


@pytest.mark.parametrize(
    ("arrivals", "expected"),
    [
        (flat(Process.CONSTANT), 0.0),
        (flat(Process.POISSON), 1.0),
        (flat(Process.GAMMA, 0.5), 0.5),
        (flat(Process.GAMMA, 3.0), 3.0),
    ],
    ids=["constant", "poisson", "gamma, calm", "gamma, bursty"],
)
def test_gaps_vary_as_asked(arrivals: Open, expected: float) -> None:
    seen = gaps(arrivals)
    assert statistics.pstdev(seen) / statistics.fmean(seen) == pytest.approx(expected, rel=0.1, abs=1e-6)
    assert statistics.fmean(seen) == pytest.approx(NANOSECONDS / 500, rel=0.06)


@given(st.floats(0.5, 200), st.floats(0.5, 200), st.floats(0.5, 20))
def test_a_ramp_holds_as_many_as_its_mean_rate(rate: float, to: float, seconds: float) -> None:
    arrivals = Open(phases=(Phase(seconds=seconds, rate=rate, to=to),), process=Process.CONSTANT)
    due = list(due_times(arrivals, 1))
    assert abs(len(due) - (rate + to) / 2 * seconds) <= 1
    assert due == sorted(due)
    assert due[-1] < seconds * NANOSECONDS * (1 + 1e-9)


def test_a_burst_is_that_much_denser() -> None:
    phases = bursts(10, 20, every=10, lasting=2, seconds=20)
    due = [one / NANOSECONDS for one in due_times(Open(phases=phases, process=Process.CONSTANT), 1)]
    dense = [one for one in due if one % 10 >= 8]
    assert [(one.seconds, one.rate) for one in phases] == [(8, 10), (2, 200), (8, 10), (2, 200)]
    assert (len(dense), len(due) - len(dense)) == (800, 160)


def test_the_same_seed_the_same_moments() -> None:
    arrivals = flat(Process.POISSON)
    assert list(due_times(arrivals, 3)) == list(due_times(arrivals, 3)) != list(due_times(arrivals, 4))
