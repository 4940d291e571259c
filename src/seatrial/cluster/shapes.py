"""What the fields of a Shape hold, told by their types: words and numbers, tables, moments, or other Shapes."""

from __future__ import annotations

import datetime as dt
import typing
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import FieldInfo

from seatrial.model.fact import Shape

_UNIONS = (UnionType, typing.Union)
_SCALARS = (str, int, float, bool)
_OWN = ("name", "uid", "node_name")
_FEW = 2  # parts, below which there is nothing to be gained


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


class Divided(NamedTuple):
    """The fields of a shape, such as a spec, of which many objects have one alike."""

    own: tuple[
        FieldInfo, ...
    ]  # what tells one object from another: its names, its moments, and rows with moments in them
    plain: tuple[FieldInfo, ...]  # words and numbers
    parts: tuple[FieldInfo, ...]

    @property
    def is_worth_it(self) -> bool:
        """There is something to be gained."""
        return len(self.parts) >= _FEW


@cache
def divided(shape: type[Shape]) -> Divided:
    fields = msgspec.structs.fields(shape)
    own = tuple(one for one in fields if one.name in _OWN or _is_of_its_own(one.type))
    rest = tuple(one for one in fields if one not in own)
    plain = tuple(one for one in rest if is_scalar(present(one.type)))
    return Divided(own, plain, tuple(one for one in rest if one not in plain))


def sections(kind: type[Shape]) -> dict[str, type[Shape]]:
    """Those of its fields that are worth dividing, such as its metadata and its spec. They may be left out, and all in them."""
    shapes = {one.name: one.type for one in msgspec.structs.fields(kind) if is_shape(one.type) and not one.required}
    return {name: shape for name, shape in shapes.items() if divided(shape).is_worth_it and not _demands(shape)}


def _demands(shape: type[Shape]) -> bool:
    return any(one.required for one in msgspec.structs.fields(shape))


def twin(shape: type[Shape], others: Mapping[str, tuple[Any, Any]]) -> type[msgspec.Struct]:
    """The same fields, some of other types and with other defaults."""
    fields = []
    for one in msgspec.structs.fields(shape):
        hint, default = others.get(one.name, (one.type, one.default))
        if default is not msgspec.NODEFAULT:
            field = msgspec.field(default=default, name=one.encode_name)
        elif one.default_factory is not msgspec.NODEFAULT:
            field = msgspec.field(default_factory=one.default_factory, name=one.encode_name)
        else:
            field = msgspec.field(name=one.encode_name)
        fields.append((one.name, hint, field))
    return msgspec.defstruct(shape.__name__, fields, frozen=True, kw_only=True, gc=False)


def values_of(fields: Sequence[FieldInfo]) -> Callable[[Any], tuple[Any, ...]]:
    """What gets all of these at once, in a row, however many they are."""
    names = [one.name for one in fields]
    if len(names) > 1:
        return attrgetter(*names)
    return (lambda one: (getattr(one, names[0]),)) if names else (lambda _: ())


def _is_of_its_own(hint: Any) -> bool:
    known = present(hint)
    return not is_shape(known) and has_moments(known)
