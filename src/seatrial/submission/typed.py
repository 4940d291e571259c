"""How the programme's own reader takes a value: what is text to it, and what is a number, a date or nothing.

It reads by YAML 1.2 with exceptions of its own. ``yes`` is text, ``1.0`` is a number, ``2026-01-02`` is a date.
"""

from __future__ import annotations

import binascii
import datetime as dt
import re
from base64 import b64decode
from collections.abc import Iterator
from enum import StrEnum

from seatrial.submission.document import Mapping, Node, Place, Scalar, Sequence


class Kind(StrEnum):
    NULL = "null"
    BOOL = "bool"
    INT = "int"
    FLOAT = "float"
    DATE = "timestamp"
    TEXT = "str"


class Misfit(ValueError):
    """What the programme's reader refuses, and with it the whole file."""

    def __init__(self, at: Place, what: str) -> None:
        super().__init__(what)
        self.at, self.what = at, what


_PREFIX = "tag:yaml.org,2002:"
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), Kind.NULL),
    **dict.fromkeys(("true", "True", "TRUE", "false", "False", "FALSE"), Kind.BOOL),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), Kind.FLOAT),
    **dict.fromkeys((f"{sign}.{word}" for sign in ("", "+", "-") for word in ("inf", "Inf", "INF")), Kind.FLOAT),
}
_INT = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|([1-9][0-9]*|0))")
_BASES = (16, 2, 8, 10)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_DATE = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:(?:[Tt](?P<h>[0-9]{1,2}):(?P<m>[0-9]{1,2}):(?P<s>[0-9]{1,2})(?:[.,][0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2}))"
    r"|(?: (?P<h2>[0-9]{1,2}):(?P<m2>[0-9]{1,2}):(?P<s2>[0-9]{1,2})(?:[.,][0-9]+)?))?"
)


def kind(scalar: Scalar) -> Kind:
    """What the reader takes it for; Misfit where its tag and its text do not go together."""
    tag = (scalar.tag or "").removeprefix(_PREFIX)
    if tag in ("", "!"):
        return _plain(scalar.text) if scalar.plain else Kind.TEXT
    if tag == "binary":
        try:
            b64decode(scalar.text.replace("\n", ""), validate=True)
        except (binascii.Error, ValueError):
            raise Misfit(scalar.at, "is marked as binary, and is not base64") from None
        return Kind.TEXT
    if tag not in tuple(Kind) or tag in (Kind.TEXT, scalar.tag):
        return Kind.TEXT
    seen = _plain(scalar.text)
    if seen != tag and (seen, tag) != (Kind.INT, Kind.FLOAT):
        raise Misfit(scalar.at, f"is marked as {tag}, and is none")
    return Kind(tag)


def is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and kind(node) is Kind.NULL


def fields(mapping: Mapping) -> Iterator[tuple[Scalar, Node]]:
    """Keys and values, merged ones last; a key that stands twice is a Misfit."""
    seen: set[str] = set()
    merged: list[Mapping] = []
    for key, value in mapping.pairs:
        name = key.text if isinstance(key, Scalar) else ""
        if name in seen:
            raise Misfit(key.at, f"the key {name!r} stands here twice")
        seen.add(name)
        if isinstance(key, Scalar) and key.plain and name == "<<":
            merged.extend(_mergeable(value))
        elif not isinstance(key, Scalar):
            raise Misfit(key.at, "a mapping or list stands where a key should")
        elif kind(key) is not Kind.NULL:
            yield key, value
    for other in merged:
        for key, value in fields(other):
            if key.text not in seen:
                seen.add(key.text)
                yield key, value


def accept(node: Node) -> None:
    """Go through a value of which only the readability matters."""
    if isinstance(node, Scalar):
        kind(node)
    elif isinstance(node, Sequence):
        for item in node.items:
            accept(item)
    else:
        for _, value in fields(node):
            accept(value)


def _mergeable(node: Node) -> list[Mapping]:
    candidates = list(node.items) if isinstance(node, Sequence) else [node]
    if not all(isinstance(one, Mapping) for one in candidates):
        raise Misfit(node.at, "<< merges mappings only")
    return [one for one in candidates if isinstance(one, Mapping)]


def _plain(text: str) -> Kind:
    if text in _WORDS:
        return _WORDS[text]
    if not text or len(text) > 200 or text[0] not in "+-.0123456789":
        return Kind.TEXT
    if _is_date(text):
        return Kind.DATE
    digits = text if text[0] == "." else text.replace("_", "")
    if _is_int(digits):
        return Kind.INT
    return Kind.FLOAT if _FLOAT.fullmatch(digits) and abs(float(digits)) != float("inf") else Kind.TEXT


def _is_int(digits: str) -> bool:
    match = _INT.fullmatch(digits)
    if match is None:
        return False
    sign, *groups = match.groups()
    number = next(int(group, base) for group, base in zip(groups, _BASES, strict=True) if group)
    return number < 2**63 if sign == "+" else number <= 2**63 if sign else number < 2**64


def _is_date(text: str) -> bool:
    match = _DATE.fullmatch(text)
    if match is None:
        return False
    try:
        dt.date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return False
    hour, minute, second = (int(match[name] or match[f"{name}2"] or 0) for name in ("h", "m", "s"))
    return hour < 24 and minute < 60 and second < 60
