"""What many objects have alike is kept once: a hundred thousand pods repeat a few templates, and each copy takes memory."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from functools import cache
from operator import attrgetter
from typing import Any

import msgspec

from seatrial.cluster.shapes import is_scalar, is_shape, is_table, present, row_of
from seatrial.model.fact import Shape

_OWN = ("name", "uid")  # what tells one object from another; nothing to be gained there


class _How(Enum):
    WHOLE = "whole"  # it can be looked up as it is
    TABLE = "table"  # by its entries
    ROWS = "rows"  # each of them has parts


class Likeness:
    """For one list. Facts are never changed, so that nobody can tell an equal part from a part that is the same."""

    def __init__(self) -> None:
        self._seen: dict[Any, Any] = {}

    def share(self, facts: Iterable[Shape]) -> None:
        """Written for speed: this is done with everything that is read."""
        known, whole, rows = self._seen.setdefault, _How.WHOLE, _How.ROWS
        for fact in facts:
            parts, values_of = _parts(type(fact))
            for (name, how, holder), value in zip(parts, values_of(fact)):  # noqa: B905
                if not value:
                    continue
                if how is rows:
                    self.share(value)
                    continue
                alike = known(value if how is whole else tuple(value.items()), value)
                if alike is not value:
                    msgspec.structs.force_setattr(holder(fact), name, alike)


_Part = tuple[str, _How, Callable[[Shape], Shape]]  # a field, and what gets the shape that holds it


@cache
def _parts(shape: type[Shape]) -> tuple[tuple[_Part, ...], Callable[[Shape], Iterable[Any]]]:
    """The parts of a shape that may be shared, and what gets all their values at once."""
    found = tuple(_found(shape, ""))
    paths = [path for path, _ in found]
    if len(paths) == 1:
        paths *= 2  # one alone would come without its row
    return tuple(part for _, part in found), attrgetter(*paths) if paths else lambda _: ()


def _found(shape: type[Shape], within: str) -> Iterator[tuple[str, _Part]]:
    """Also those of the shapes that it always has."""
    for name, hint in typing.get_type_hints(shape).items():
        if name not in shape.__struct_fields__ or name in _OWN:
            continue
        path = f"{within}.{name}".lstrip(".")
        if (how := _how(present(hint))) is not None:
            yield path, (name, how, attrgetter(within) if within else lambda one: one)
        elif is_shape(hint):
            yield from _found(hint, path)


def _how(hint: Any) -> _How | None:
    if is_table(hint):
        return _How.TABLE
    row = row_of(hint)
    if _is_plain(hint):
        return _How.WHOLE if is_shape(hint) or row else None
    return _How.ROWS if is_shape(row) and _parts(row)[0] else None


@cache
def _is_plain(hint: Any) -> bool:
    """It can be looked up, and others may be like it: no tables in it, and no moments, all the way down."""
    if is_shape(hint):
        return all(_is_plain(present(part)) for part in typing.get_type_hints(hint).values())
    if typing.get_origin(hint) is tuple:
        return _is_plain(row_of(hint))
    return is_scalar(hint)
