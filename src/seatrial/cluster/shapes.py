"""What the fields of a Shape hold, told by their types: words and numbers, tables, moments, or other Shapes."""

from __future__ import annotations

import datetime as dt
import typing
from functools import cache
from types import NoneType, UnionType
from typing import Any

from seatrial.model.fact import Shape

_UNIONS = (UnionType, typing.Union)
_SCALARS = (str, int, float, bool)


def present(hint: Any) -> Any:
    """Without its ``None``; a union of several stays one."""
    if typing.get_origin(hint) not in _UNIONS:
        return hint
    parts = [part for part in typing.get_args(hint) if part is not NoneType]
    return parts[0] if len(parts) == 1 else hint


def is_shape(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, Shape)


def is_scalar(hint: Any) -> bool:
    choices = typing.get_args(hint) if typing.get_origin(hint) in _UNIONS else (hint,)
    return all(one in _SCALARS for one in choices)


def is_table(hint: Any) -> bool:
    """Names with plain values."""
    return typing.get_origin(hint) is dict and is_scalar(typing.get_args(hint)[1])


def row_of(hint: Any) -> Any:
    """Of what a list is; ``None`` where it is none."""
    return present(typing.get_args(hint)[0]) if typing.get_origin(hint) is tuple else None


@cache
def has_moments(hint: Any) -> bool:
    """Somewhere in it, all the way down."""
    known = present(hint)
    if is_shape(known):
        return any(has_moments(part) for part in typing.get_type_hints(known).values())
    return known is dt.datetime or (typing.get_origin(known) is tuple and has_moments(row_of(known)))
