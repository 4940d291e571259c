"""Documented objects of the systems, and how far they reach: each field of a Fact has to stand in one of them."""

from __future__ import annotations

import json
import types
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Union, get_args, get_origin

import msgspec

from seatrial.catalog.systems.kubernetes import pods
from seatrial.cluster.decode import fact_from
from seatrial.kit import yaml
from seatrial.model.fact import Fact, Obj

_KUBERNETES = pods.__name__  # its shapes are looked at elsewhere
_EVERYTHING = object()


class Documents(msgspec.Struct, frozen=True):
    good: list[Obj]
    wrong: dict[str, Any] = {}  # ``object``, and what the API server ``says`` of it


def read(path: Path) -> Documents:
    (document,) = yaml.documents(path.read_bytes(), name=path.name)
    return msgspec.convert(document.value, Documents)


def is_of(kind: type[Fact], obj: Obj) -> bool:
    group, _, plural = kind.of.rpartition("/")
    return obj["apiVersion"].rpartition("/")[0] == group and _plural(obj["kind"]) == plural


def _plural(kind: str) -> str:
    word = kind.lower()
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}es" if word.endswith("s") else f"{word}s"


def missing(kind: type[Fact], objs: Iterable[Obj]) -> set[str]:
    """Fields of the Fact that no object has."""
    there = {_anywhere(path) for obj in objs if is_of(kind, obj) for path in given(kind, obj)}
    return {path for path, _ in _given(kind, _EVERYTHING)} - there


def given(kind: type[Fact], obj: Obj) -> dict[str, str]:
    """What an object says in fields that the Fact has, by their paths: all but its metadata."""
    return {path: json.dumps(value, sort_keys=True) for path, value in _given(kind, obj)}


def as_fact(kind: type[Fact], obj: Obj) -> dict[str, str]:
    """The same as the Fact tells it."""
    return of_fact(fact_from(kind, obj))


def of_fact(fact: Fact) -> dict[str, str]:
    return given(type(fact), msgspec.to_builtins(fact))


def _anywhere(path: str) -> str:
    """A field, whichever member of a list it stands in."""
    return ".".join(part.partition("#")[0] for part in path.split("."))


def _given(kind: type[msgspec.Struct], value: Any) -> Iterator[tuple[str, Any]]:
    for field in msgspec.structs.fields(kind):
        if (issubclass(kind, Fact) and field.name == "metadata") or _is_kubernetes_own(kind, field.name):
            continue
        inner = value if value is _EVERYTHING else value.get(field.encode_name)
        if inner is not None:
            yield from _below(field.encode_name, field.type, inner)


def _below(path: str, type_: Any, value: Any) -> Iterator[tuple[str, Any]]:
    many, shape = _shape(type_)
    if shape is None:
        yield path, value
    elif value is _EVERYTHING or not many:
        yield from ((f"{path}.{below}", leaf) for below, leaf in _given(shape, value))
    else:
        members = value.items() if isinstance(value, dict) else enumerate(value)
        for key, member in members:
            yield from ((f"{path}#{key}.{below}", leaf) for below, leaf in _given(shape, member))


def _shape(type_: Any) -> tuple[bool, type[msgspec.Struct] | None]:
    """Whether it is a collection, and the shape in it, where that is a system's own."""
    origin = get_origin(type_)
    if origin in (Union, types.UnionType):
        shapes = [_shape(one) for one in get_args(type_)]
        return next((one for one in shapes if one[1] is not None), (False, None))
    if origin in (tuple, dict):
        return True, _shape(get_args(type_)[1 if origin is dict else 0])[1]
    is_own = isinstance(type_, type) and issubclass(type_, msgspec.Struct) and type_.__module__ != _KUBERNETES
    return False, type_ if is_own else None


def _is_kubernetes_own(kind: type[msgspec.Struct], field: str) -> bool:
    """A field that a shape has from one of Kubernetes'."""
    owner = next(one for one in kind.__mro__ if field in vars(one).get("__annotations__", {}))
    return owner.__module__ == _KUBERNETES
