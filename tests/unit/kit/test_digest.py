from __future__ import annotations

import hashlib

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from seatrial.kit import digest

VALUES = st.dictionaries(st.text(max_size=3), st.none() | st.integers(-9, 9) | st.text(max_size=3), max_size=4)


class Point(msgspec.Struct):
    y: int
    x: int


def test_white_space_in_a_text_does_not_matter() -> None:
    plain = hashlib.sha256("one two drei ä".encode()).hexdigest()
    assert digest.of_text("one two drei ä") == plain
    assert digest.of_text("\n one\t two\r\n drei   ä ") == plain
    assert digest.of_text("onetwo drei ä") != plain


def test_canonical_json_is_sorted_without_spaces() -> None:
    assert digest.canonical_json({"b": [1, None], "a": "ä"}) == '{"a":"ä","b":[1,null]}'.encode()
    assert digest.canonical_json(Point(y=1, x=2)) == b'{"x":2,"y":1}'


@given(VALUES)
def test_the_order_of_keys_does_not_matter(value: dict[str, object]) -> None:
    assert digest.of_value(value) == digest.of_value(dict(reversed(value.items())))


@given(VALUES, VALUES)
def test_values_that_differ_have_digests_that_differ(one: dict[str, object], other: dict[str, object]) -> None:
    assert (digest.of_value(one) == digest.of_value(other)) == (one == other)
