"""From bytes to typed values, one list page at a time; what does not fit is left out and counted, never guessed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from seatrial.kit import text
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import Fact, Gap, GapReason, Obj

_PLACE = re.compile(r"at `\$([^`]*)`")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_TOLD = 80  # characters of a value

T = TypeVar("T")
F = TypeVar("F", bound=Fact)


class ListMeta(msgspec.Struct, frozen=True, rename="camel"):
    resource_version: str = ""
    continue_: str = msgspec.field(default="", name="continue")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """A page of a list. Go writes an empty list as null."""

    items: list[T] | None = None
    metadata: ListMeta = ListMeta()
    left_out: tuple[str, ...] = ()  # items that did not fit, each with its reason


class TooMany(CannotJudge):
    """More of one kind than have room."""


class _Named(msgspec.Struct, frozen=True):
    name: str = ""
    namespace: str = ""


class _Item(msgspec.Struct, frozen=True):
    metadata: _Named = _Named()


ReadPage = Callable[[bytes], Page[T]]


def page_of_objects(data: bytes) -> Page[Obj]:
    return _objects.decode(data)


def page_reader(kind: type[F]) -> ReadPage[F]:
    """Decodes pages straight into Facts of one kind; only where a page does not fit are its items tried one by one."""
    whole: msgspec.json.Decoder[Page[F]] = msgspec.json.Decoder(Page[kind])  # type: ignore[valid-type]
    one = msgspec.json.Decoder(kind)

    def read(data: bytes) -> Page[F]:
        try:
            return whole.decode(data)
        except msgspec.ValidationError:
            return _one_by_one(data, kind, one)

    return read


def bounded(read: ReadPage[F], kind: type[F]) -> ReadPage[F]:
    """For the pages of one list. Raises TooMany where there are more of them than are read of this kind."""
    count = 0

    def within(data: bytes) -> Page[F]:
        nonlocal count
        page = read(data)
        count += len(page.items or ())
        if is_too_many(kind, count):
            raise TooMany(too_many(kind))
        return page

    return within


def is_too_many(kind: type[Fact], count: int) -> bool:
    return bool(kind.most) and count > kind.most


def too_many(kind: type[Fact]) -> str:
    return f"there are more than {kind.most:,} objects of {kind.of}, and so many are not read"


def one_reader(kind: type[F]) -> Callable[[msgspec.Raw], F]:
    """Decodes single objects. Raises msgspec.ValidationError or RecursionError where one does not fit."""
    one = msgspec.json.Decoder(kind)
    return lambda raw: _fitted(raw, kind, one)


def fact_from(kind: type[F], value: Any) -> F:
    """A Fact from plain data. Raises msgspec.ValidationError, which names the field."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        try:
            return msgspec.convert(without_nulls(value), kind)
        except RecursionError as error:
            raise msgspec.ValidationError("nested too deeply") from error


def why(error: Exception, obj: Any) -> str:
    """What is wrong with an object, with the value that stands at that place."""
    told = text.one_line(str(error))
    at = _PLACE.search(told)
    if at is None:
        return told
    value = obj
    for name, number in _STEP.findall(at[1]):
        try:
            value = value[int(number)] if number else value[name]
        except (KeyError, IndexError, TypeError):
            return told  # a key of a map, or a field that is not there
    return f"{told}, where {text.one_line(json.dumps(value), limit=_TOLD)} stands"


def unreadable(of: str, left_out: tuple[str, ...]) -> Gap | None:
    """The Gap of objects that do not have the shape that we know."""
    if not left_out:
        return None
    many = f"{len(left_out)} objects of {of} do" if len(left_out) > 1 else f"1 object of {of} does"
    return Gap(of, GapReason.UNREADABLE, f"{many} not have the expected shape; the first is {left_out[0]}")


def part(obj: Obj, name: str) -> Obj:
    """One part of an object, such as its metadata; empty where it is missing or of another shape."""
    value = obj.get(name)
    return value if isinstance(value, dict) else {}


def without_nulls(value: Any) -> Any:
    """To Kubernetes, a field that is null is a field that is not there."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def _one_by_one(data: bytes, kind: type[F], one: msgspec.json.Decoder[F]) -> Page[F]:
    page = _raw.decode(data)
    items: list[F] = []
    left_out: list[str] = []
    for raw in page.items or ():
        try:
            items.append(_fitted(raw, kind, one))
        except (msgspec.ValidationError, RecursionError) as error:
            left_out.append(f"{name_of(raw)}: {why(error, _plain(raw))}")
    return Page(items, page.metadata, tuple(left_out))


def _fitted(raw: msgspec.Raw, kind: type[F], one: msgspec.json.Decoder[F]) -> F:
    try:
        return one.decode(raw)
    except msgspec.ValidationError:
        return fact_from(kind, msgspec.json.decode(raw))


def _plain(raw: msgspec.Raw) -> Any:
    try:
        return msgspec.json.decode(raw)
    except RecursionError:
        return None


def name_of(raw: msgspec.Raw) -> str:
    try:
        metadata = msgspec.json.decode(raw, type=_Item).metadata
    except msgspec.ValidationError:
        return "an item without a name"
    return text.one_line("/".join(part for part in (metadata.namespace, metadata.name) if part), limit=300)


_objects: msgspec.json.Decoder[Page[Obj]] = msgspec.json.Decoder(Page[Obj])
_raw: msgspec.json.Decoder[Page[msgspec.Raw]] = msgspec.json.Decoder(Page[msgspec.Raw])
