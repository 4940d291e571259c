import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.submission.document import START, Mapping, Scalar, compose
from seatrial.submission.typed import Kind, Misfit, fields, kind


def scalar(text: str) -> Scalar:
    root = compose(f"a: {text}\n".encode())
    assert isinstance(root, Mapping)
    value = root.pairs[0][1]
    assert isinstance(value, Scalar)
    return value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Kind.NULL), ("~", Kind.NULL), ("null", Kind.NULL), ("nUll", Kind.TEXT), ("'null'", Kind.TEXT),
        ("true", Kind.BOOL), ("yes", Kind.TEXT), ("on", Kind.TEXT), ("tRue", Kind.TEXT),
        ("1", Kind.INT), ("1_000", Kind.INT), ("0x1F", Kind.INT), ("0o17", Kind.INT), ("017", Kind.INT), ("-0b11", Kind.INT),
        ("18446744073709551615", Kind.INT), ("0x1FFFFFFFFFFFFFFFFF", Kind.TEXT), ("+18446744073709551615", Kind.FLOAT),
        ("1.0", Kind.FLOAT), ("089", Kind.FLOAT), ("1e3", Kind.FLOAT), ("1e999", Kind.TEXT), (".5", Kind.FLOAT), (".inf", Kind.FLOAT),
        ("1.2.3", Kind.TEXT), ("v1.0", Kind.TEXT), ("12:30:45", Kind.TEXT), ("1.37.0-gke.1", Kind.TEXT),
        ("2026-01-02", Kind.DATE), ("2026-1-2", Kind.DATE), ("2026-02-30", Kind.TEXT), ("2026-01-02T10:11:12Z", Kind.DATE),
        ("2026-01-02 10:11:12", Kind.DATE), ("2026-01-02 25:11:12", Kind.TEXT), ("2026-01", Kind.TEXT),
        ("!!str 5", Kind.TEXT), ("!!int '5'", Kind.INT), ("!!float 5", Kind.FLOAT), ("!own 5", Kind.TEXT), ("! 5", Kind.INT),
        ("!!binary aGk=", Kind.TEXT), ("|\n  5", Kind.TEXT),
    ],
)  # fmt: skip
def test_a_value_is_taken_as_the_programme_takes_it(text: str, expected: Kind) -> None:
    assert kind(scalar(text)) is expected


@pytest.mark.parametrize("text", ["!!int x", "!!bool yes", "!!binary '@'", "!!null x"])
def test_a_tag_that_lies_is_a_misfit(text: str) -> None:
    with pytest.raises(Misfit):
        kind(scalar(text))


@given(st.text(max_size=40))
def test_what_is_quoted_is_text(text: str) -> None:
    assert kind(Scalar(json.dumps(text), plain=False, tag=None, at=START)) is Kind.TEXT


@given(st.text(alphabet="0123456789+-._eExobTZ: ", max_size=30))
def test_any_plain_text_is_something(text: str) -> None:
    assert kind(Scalar(text, plain=True, tag=None, at=START)) in tuple(Kind)


def test_merged_keys_come_last_and_do_not_win() -> None:
    root = compose(b"{<<: [{a: 1, b: 2}, {b: 3, c: 4}], a: 0}")
    assert isinstance(root, Mapping)
    assert [(key.text, value.text) for key, value in fields(root) if isinstance(value, Scalar)] == [
        ("a", "0"),
        ("b", "2"),
        ("c", "4"),
    ]


@pytest.mark.parametrize("text", [b"{a: 1, a: 2}", b"{[a]: 1}", b"{<<: 5}", b"{<<: [5]}"])
def test_mappings_that_are_refused(text: bytes) -> None:
    root = compose(text)
    assert isinstance(root, Mapping)
    with pytest.raises(Misfit):
        list(fields(root))
