from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.kit import yaml
from seatrial.kit.yaml import Limits, YamlError


def load(text: str, **limits: int) -> Any:
    return yaml.load(text, name="f", limits=Limits(**limits))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True), ("off", False), ("~", None), ("null", None), ("''", ""), ("'null'", "null"), ('"5"', "5"),
        ("5", 5), ("-5", -5), ("0x1F", 31), ("0o17", 15), ("017", 15), ("0b11", 3), ("1_000", 1000), ("0", 0),
        ("1.5", 1.5), ("1e3", 1000.0), (".5", 0.5), ("-.inf", float("-inf")), ("1.37.1", "1.37.1"), ("089", 89.0),
        ("2026-01-01", "2026-01-01"), ("12:30:45", "12:30:45"), ("-", [None]), ("0b_", "0b_"), ("!!str 5", "5"),
    ],
)  # fmt: skip
def test_what_scalars_mean(text: str, value: Any) -> None:
    found = load(text)
    assert found == value
    assert type(found) is type(value)


def test_keys_are_text() -> None:
    assert load("80: a\non: b\nnull: c") == {"80": "a", "on": "b", "null": "c"}


def test_anchors_and_merges() -> None:
    text = "base: &b {x: 1, y: 2}\none: {<<: *b, y: 3}\ntwo: {<<: [*b, {z: 4}]}\nthree: [*b]"
    assert load(text) == {
        "base": {"x": 1, "y": 2},
        "one": {"x": 1, "y": 3},
        "two": {"x": 1, "y": 2, "z": 4},
        "three": [{"x": 1, "y": 2}],
    }


def test_documents_and_their_lines() -> None:
    text = "# one\n---\n\na: {b: {}}\n---\n---\n- c\n-\n  d: 1\n"
    first, second = yaml.documents(text, name="f")
    assert (first.value, first.line, first.line_of(first.value["a"])) == ({"a": {"b": {}}}, 4, 4)
    assert (second.value, second.line, second.line_of(second.value[1])) == (["c", {"d": 1}], 7, 9)
    with pytest.raises(YamlError, match="f:7: a second document"):
        load(text)
    assert load("# nothing") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb:\n  - c\n d: 2", "^f:4: "),
        ("a: b\n\tc: d", "^f:2: "),
        ("a: 1\n'a': 2", "^f:2: the key 'a' stands here twice"),
        ("? [a]\n: b", "^f:1: a mapping or list stands where a key should"),
        ("&a x: 1\n*a : 2", "^f:2: an alias stands where a key should"),
        ("a: !!python/name:os.system x", "not plain data"),
        ("a: !mine {}", "not plain data"),
        ("a: !!set {x}", "not plain data"),
        ("a: *b", r"^f:1: the alias \*b refers to nothing before it"),
        ("a: &a [*a]", "refers to nothing before it"),
        ("<<: 5", "<< merges mappings only"),
        ("a: '\x07'", "^f:1: "),
    ],
)
def test_errors_name_the_line(text: str, said: str) -> None:
    with pytest.raises(YamlError, match=said):
        load(text)


def test_not_text() -> None:
    with pytest.raises(YamlError, match="not UTF-8"):
        yaml.load(b"a: \xff\xfe", name="f")
    with pytest.raises(YamlError):
        yaml.load("a: \ud800", name="f")


def test_limits() -> None:
    assert load("[[1]]", depth=2) == [[1]]
    with pytest.raises(YamlError, match="nested deeper than 2"):
        load("[[[1]]]", depth=2)
    with pytest.raises(YamlError, match="more than 3 values"):
        load("[1, 2, 3, 4]", nodes=3)
    with pytest.raises(YamlError, match="aliases add more than 5 values"):
        load("a: &a [1, 2]\nb: [*a, *a]", grown_by_aliases=5)
    with pytest.raises(YamlError, match="nested deeper"):
        load("[" * 100_000)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["C", "Z"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_json_is_yaml(value: Any) -> None:
    """But for merge keys, and integers of a length that nobody means."""
    with contextlib.suppress(YamlError):
        text = json.dumps(value)
        assert "<<" in text or load(text) == value


@given(st.text(max_size=80) | st.text(alphabet="-:{}[]&*!|>'\"%@`#,?\n ab<01_.eox", max_size=60))
def test_no_text_ends_in_a_traceback(text: str) -> None:
    with contextlib.suppress(YamlError):
        list(yaml.documents(text, name="f"))
