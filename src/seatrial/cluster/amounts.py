"""Amounts that are none: an API server lets no such thing in, files may have it, and no check could reckon with it."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from functools import cache
from typing import Any

from seatrial.kit.quantity import parse
from seatrial.model.fact import Shape

_AMOUNTS = dict[str, str | int | float]
_NAMED = ("allocatable", "capacity", "nominal_quota", "borrowing_limit", "lending_limit")


def misquoted(shape: Shape, path: str = "$") -> Iterator[str]:
    """Each field that should hold an amount and does not, with what it holds."""
    for name, sent in zip(shape.__struct_fields__, shape.__struct_encode_fields__, strict=True):
        value, where = getattr(shape, name), f"{path}.{sent}"
        if _is_of_amounts(type(shape), name):
            yield from _wrong(value, where)
        elif isinstance(value, Shape):
            yield from misquoted(value, where)
        elif isinstance(value, tuple):
            for place, one in enumerate(value):
                if isinstance(one, Shape):
                    yield from misquoted(one, f"{where}[{place}]")


def _wrong(value: Any, where: str) -> Iterator[str]:
    amounts = value.items() if isinstance(value, dict) else [("", value)]
    for name, amount in amounts:
        if not isinstance(amount, str | int | float):
            continue
        try:
            parse(amount)
        except ValueError:
            yield f"{amount!r} is not a quantity - at `{where}{f'.{name}' if name else ''}`"


@cache
def _is_of_amounts(shape: type[Shape], name: str) -> bool:
    hint = typing.get_type_hints(shape)[name]
    return name in _NAMED or _AMOUNTS in (hint, *typing.get_args(hint))
