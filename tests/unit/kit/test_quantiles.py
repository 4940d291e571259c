"""Percentiles: against the definition, and of buckets against what was put into them."""

import bisect
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.kit.quantiles import between, interpolated, quantile, share_between

BOUNDS = (0.1, 0.5, 1.0, 2.0, 5.0)
numbers = st.lists(st.floats(0, 10), min_size=1, max_size=200)
shares = st.sampled_from([0.01, 0.5, 0.9, 0.95, 0.99, 1.0])


@given(numbers, shares)
def test_a_quantile_is_the_smallest_that_so_many_do_not_exceed(values: list[float], share: float) -> None:
    found = quantile(sorted(values), share)
    assert sum(one <= found for one in values) >= share * len(values)
    assert sum(one < found for one in values) < share * len(values)


@given(numbers, shares)
def test_the_quantile_of_buckets_lies_between_their_bounds(values: list[float], share: float) -> None:
    ordered = sorted(values)
    cumulative = [(bound, float(bisect.bisect_right(ordered, bound))) for bound in (*BOUNDS, math.inf)]
    low, high = between(cumulative, share)
    assert low <= quantile(ordered, share) <= high
    assert low <= interpolated(cumulative, share) <= high


def test_buckets_are_interpolated_as_promql_does() -> None:
    assert interpolated([(1.0, 10.0), (2.0, 20.0), (math.inf, 20.0)], 0.75) == 1.5
    assert interpolated([(1.0, 10.0), (2.0, 10.0), (math.inf, 20.0)], 0.9) == 2.0


@pytest.mark.parametrize("ask", [lambda: quantile([], 0.5), lambda: between([(1.0, 0.0)], 0.5)])
def test_of_nothing_there_is_no_quantile(ask: object) -> None:
    with pytest.raises(ValueError, match="nothing"):
        ask()  # type: ignore[operator]


def test_wilsons_interval() -> None:
    low, high = share_between(37, 40)
    assert (round(low, 3), round(high, 3)) == (0.801, 0.974)
    assert share_between(0, 0) == (0.0, 1.0)
    assert share_between(300, 300)[0] == pytest.approx(0.987, abs=0.001)
