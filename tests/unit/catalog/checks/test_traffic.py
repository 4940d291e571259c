"""What chance allows, and how a tally is told."""

from __future__ import annotations

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.catalog.checks.traffic import Tally, likely


def tail(count: int, share: float, hits: range) -> float:
    return sum(comb(count, k) * share**k * (1 - share) ** (count - k) for k in hits)


@given(st.integers(1, 300), st.floats(0.01, 0.99), st.sampled_from([1e-2, 1e-4, 1e-6]))
def test_each_tail_beyond_the_span_is_at_most_half_of_the_error_and_no_wider(
    count: int, share: float, error: float
) -> None:
    low, high = likely(count, share, error=error)
    slack = 1 + 1e-6
    assert 0 <= low <= high <= count
    assert tail(count, share, range(low)) <= error / 2 * slack
    assert tail(count, share, range(high + 1, count + 1)) <= error / 2 * slack
    assert tail(count, share, range(low + 1)) * slack > error / 2
    assert tail(count, share, range(high, count + 1)) * slack > error / 2


def test_the_spans_that_the_proofs_use() -> None:
    assert likely(300, 0.1, error=1e-4) == (12, 52)
    assert likely(32, 0.25, error=1e-4)[1] == 18
    assert likely(60, 0.25, error=1e-4)[0] == 4


@pytest.mark.parametrize(
    ("tally", "text"),
    [
        (Tally(3, {"200": 3}, {"a": 2, "b": 1}, {}), "of 3 requests 2 by a, 1 by b"),
        (
            Tally(3, {"200": 1, "503": 1}, {"a": 1}, {"refused": 1}),
            "of 3 requests 1 by a, 1 x 503, 1 without an answer (refused)",
        ),
    ],
)
def test_a_tally_says_everything(tally: Tally, text: str) -> None:
    assert tally.text == text
