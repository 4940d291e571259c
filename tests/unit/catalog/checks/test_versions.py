from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.catalog.checks.versions import numbers, same

VERSIONS = st.lists(st.integers(0, 999), min_size=1, max_size=5).map(tuple)


def spelled(version: tuple[int, ...], zeros: int) -> str:
    return ".".join(f"{'0' * zeros}{part}" for part in version)


@pytest.mark.parametrize(
    ("one", "other"),
    [("580.65.06", "580.65.6"), ("1.4", "1.4.02"), ("v6.12.12", "6.12.12-2041575.22.04"), ("595.91.07", "595.91.7")],
)
def test_versions_are_the_same_as_far_as_both_go(one: str, other: str) -> None:
    assert same(one, other)
    assert same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [("580.65.06", "580.65.60"), ("1.4.02", "0.9.1"), ("", "1.4"), ("unknown", "unknown"), ("1.4", "")],
)
def test_what_differs_or_is_no_version_is_not_the_same(one: str, other: str) -> None:
    assert not same(one, other)


@given(VERSIONS, st.integers(0, 2))
def test_leading_zeros_change_nothing(version: tuple[int, ...], zeros: int) -> None:
    assert numbers(spelled(version, zeros)) == version


@given(VERSIONS, VERSIONS)
def test_it_does_not_matter_which_comes_first(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    assert same(spelled(one, 0), spelled(other, 1)) is same(spelled(other, 1), spelled(one, 0))


@given(st.text(max_size=40))
def test_no_text_breaks_it(text: str) -> None:
    assert same(text, text) is bool(numbers(text))
