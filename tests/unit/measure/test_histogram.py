from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.kit.histogram import Counts, Histogram, merged, of_percentiles

values = st.lists(st.integers(0, 10**15), min_size=1, max_size=200)


def of(numbers: list[int]) -> Counts:
    histogram = Histogram()
    histogram.extend(numbers)
    return histogram.counts()


@given(values, st.floats(0.0, 1.0))
def test_a_percentile_is_known_to_one_percent(numbers: list[int], share: float) -> None:
    true = sorted(numbers)[max(1, math.ceil(share * len(numbers) - 1e-12)) - 1]
    assert abs((of(numbers).percentile(share) or 0) - true) <= 0.01 * true


@given(values, values)
def test_merging_loses_nothing(left: list[int], right: list[int]) -> None:
    assert merged([of(left), of(right)]) == of(left + right)


@given(st.lists(st.integers(-5, 10**15), max_size=50))
def test_many_in_one_go_are_as_one_by_one(numbers: list[int]) -> None:
    histogram = Histogram()
    for number in numbers:
        histogram.record(number)
    assert of(numbers) == histogram.counts()


@given(values)
def test_it_survives_json(numbers: list[int]) -> None:
    assert msgspec.json.decode(msgspec.json.encode(of(numbers)), type=Counts) == of(numbers)


def test_nothing_has_no_percentile() -> None:
    assert Counts().percentile(0.5) is None
    assert Counts().mean is None


def test_below_zero_counts_as_zero() -> None:
    assert of([-5]).least == of([-5]).most == 0


def test_the_share_within_a_limit() -> None:
    assert of([1, 2, 3, 4]).share_within(2) == 0.5
    assert of([1, 2]).share_within(10) == 1.0


def test_percentiles_that_are_known_stay_as_they_are() -> None:
    known = {0.0: 100, 0.5: 1_000, 0.9: 5_000, 0.99: 20_000, 1.0: 70_000}
    counts = of_percentiles(known, total=1_000, mean=2_000.5)
    assert counts.total == 1_000
    assert counts.mean == 2_000.5
    assert (counts.least, counts.most) == (100, 70_000)
    for share, value in known.items():
        assert counts.percentile(share) == pytest.approx(value, rel=0.005)
    assert counts.percentile(0.7) == pytest.approx(5_000, rel=0.005)  # in between: the next above


def test_percentiles_of_few_or_of_none() -> None:
    assert of_percentiles({}, total=10).total == 0
    assert of_percentiles({0.5: 7}, total=0).total == 0
    assert of_percentiles({0.5: 7, 0.99: 9}, total=1).percentile(0.5) == 7
    assert of_percentiles({0.5: 7}, total=10).total == 10
