"""What many objects have alike is kept once: a hundred thousand pods repeat a few templates, and each copy takes memory."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from functools import cache
from itertools import count
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, TypeVar

import msgspec

from seatrial.cluster.decode import Page, ReadPage
from seatrial.model.fact import Fact, Shape

_UNIONS = (UnionType, typing.Union)
_OWN = ("name", "uid")  # what tells one object from another; nothing to be gained there

F = TypeVar("F", bound=Fact)


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


def sparing(read: ReadPage[F]) -> ReadPage[F]:
    """For the pages of one list. Short lists, which have one page alone, are left as they are."""
    likeness = Likeness()
    pages = count()

    def spared(data: bytes) -> Page[F]:
        page = read(data)
        if next(pages):
            likeness.share(page.items or ())
        return page

    return spared


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
        if (how := _how(_present(hint))) is not None:
            yield path, (name, how, attrgetter(within) if within else lambda one: one)
        elif _is_shape(hint):
            yield from _found(hint, path)


def _how(hint: Any) -> _How | None:
    if _is_table(hint):
        return _How.TABLE
    row = _present(typing.get_args(hint)[0]) if typing.get_origin(hint) is tuple else None
    if _is_plain(hint):
        return _How.WHOLE if _is_shape(hint) or row else None
    return _How.ROWS if _is_shape(row) and _parts(row)[0] else None


@cache
def _is_plain(hint: Any) -> bool:
    """It can be looked up, and others may be like it: no tables in it, and no moments, all the way down."""
    if _is_shape(hint):
        return all(_is_plain(_present(part)) for part in typing.get_type_hints(hint).values())
    if typing.get_origin(hint) is tuple:
        return _is_plain(_present(typing.get_args(hint)[0]))
    return _is_scalar(hint)


def _is_table(hint: Any) -> bool:
    """Names with plain values."""
    return typing.get_origin(hint) is dict and _is_scalar(typing.get_args(hint)[1])


def _is_scalar(hint: Any) -> bool:
    choices = typing.get_args(hint) if typing.get_origin(hint) in _UNIONS else (hint,)
    return all(one in (str, int, float, bool) for one in choices)


def _is_shape(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, Shape)


def _present(hint: Any) -> Any:
    """Without its ``None``; a union of several stays one."""
    if typing.get_origin(hint) not in _UNIONS:
        return hint
    parts = [part for part in typing.get_args(hint) if part is not NoneType]
    return parts[0] if len(parts) == 1 else hint
