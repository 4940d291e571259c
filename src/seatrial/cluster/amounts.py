"""Amounts that are none: Kubernetes itself lets no such thing in; files and custom resources may have it, and nobody could reckon with it."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, TypeVar

import msgspec

from seatrial.kit import text
from seatrial.kit.quantity import parse
from seatrial.model.fact import Fact, Shape

_AMOUNT = str | int | float
_AMOUNTS = dict[str, _AMOUNT]
_NAMED = ("allocatable", "capacity", "nominal_quota", "borrowing_limit", "lending_limit")
_VALUE = "value"  # of a counter, or of a capacity of a device
_LONGEST = 80

F = TypeVar("F", bound=Fact)

_CUSTOM = ".x-k8s.io"

Rule = tuple[str, str, bool]  # a field, what it is called in files, and whether it is of amounts itself


class Sieve:
    """Tells of facts of one kind which cannot be reckoned with. What many of them share is looked at once."""

    def __init__(self, kind: type[Fact]) -> None:
        self.is_needed = bool(_rules(kind))
        self._seen: dict[int, tuple[object, str]] = {}  # with the thing itself, so that no other gets its identity

    def why(self, fact: Fact) -> str:
        """The first field that should hold an amount and does not, with what it holds; empty where all is well."""
        return self._of_shape(fact, "$") if self.is_needed else ""

    def parted(self, facts: Sequence[F]) -> tuple[Sequence[F], tuple[str, ...]]:
        """Those that are well, and of each of the others its name and what is wrong."""
        if not self.is_needed:
            return facts, ()
        wrong = {id(fact): why for fact in facts if (why := self.why(fact))}
        if not wrong:
            return facts, ()
        told = tuple(f"{named(fact)}: {wrong[id(fact)]}" for fact in facts if id(fact) in wrong)
        return [fact for fact in facts if id(fact) not in wrong], told

    def _of_shape(self, shape: Shape, path: str) -> str:
        for name, sent, is_of_amounts in _rules(type(shape)):
            value = getattr(shape, name)
            if not value:
                continue
            where = f"{path}.{sent}"
            found = _wrong(value, where) if is_of_amounts else self._inside(value, where)
            if found:
                return found
        return ""

    def _inside(self, value: Any, where: str) -> str:
        if isinstance(value, Shape):
            return self._of_shape(value, where)
        known = self._seen.get(id(value))
        if known is None:
            parts = _parts(value, where)
            known = value, next(filter(None, (self._inside(one, place) for one, place in parts)), "")
            self._seen[id(value)] = known
        return known[1]


def named(fact: Fact) -> str:
    return text.one_line("/".join(filter(None, (fact.metadata.namespace, fact.metadata.name))), limit=300)


def is_vouched_for(kind: type[Fact]) -> bool:
    """The API server itself has parsed its amounts; those of custom resources nobody need have."""
    group = kind.of.rpartition("/")[0]
    return "." not in group or (group.endswith(".k8s.io") and not group.endswith(_CUSTOM))


def _parts(value: Any, where: str) -> Iterator[tuple[Any, str]]:
    if isinstance(value, dict):
        yield from ((one, f"{where}.{text.one_line(str(name), limit=_LONGEST)}") for name, one in value.items())
    elif isinstance(value, tuple):
        yield from ((one, f"{where}[{place}]") for place, one in enumerate(value))


def _wrong(value: Any, where: str) -> str:
    for amount, place in _parts(value, where) if isinstance(value, dict) else ((value, where),):
        inner, at = (amount.get(_VALUE), f"{place}.{_VALUE}") if isinstance(amount, dict) else (amount, place)
        if isinstance(inner, str | int | float):
            try:
                parse(inner)
            except ValueError:
                return f"{text.one_line(repr(inner), limit=_LONGEST)} is not a quantity - at `{at}`"
    return ""


@cache
def _rules(shape: type[Shape]) -> tuple[Rule, ...]:
    """The fields of it in which there can be amounts, however deep."""
    hints = typing.get_type_hints(shape)
    fields = zip(shape.__struct_fields__, shape.__struct_encode_fields__, strict=True)
    return tuple(
        (name, sent, is_of_amounts)
        for name, sent in fields
        if (is_of_amounts := _is_of_amounts(name, hints[name])) or any(map(_rules, _shapes(hints[name])))
    )


def _is_of_amounts(name: str, hint: Any) -> bool:
    return name in _NAMED or (name == _VALUE and hint == _AMOUNT) or _AMOUNTS in (hint, *typing.get_args(hint))


def _shapes(hint: Any) -> Iterator[type[Shape]]:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        yield typing.cast("type[Shape]", hint)
    elif typing.get_origin(hint) in (types.UnionType, typing.Union, tuple, dict):
        for one in typing.get_args(hint):
            yield from _shapes(one)
