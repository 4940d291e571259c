"""What a document says it is: an object, a list of objects, or of another nature; and what its resource may be called."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, TypeGuard

import msgspec

from seatrial.model.fact import Obj


def is_object(value: Any) -> TypeGuard[Obj]:
    return isinstance(value, dict) and isinstance(value.get("kind"), str) and isinstance(value.get("apiVersion"), str)


def is_list(value: Any) -> TypeGuard[Obj]:
    return (
        isinstance(value, dict) and str(value.get("kind", "")).endswith("List") and isinstance(value.get("items"), list)
    )


def unlisted(value: Any) -> Iterator[Obj]:
    """The objects in a document; documents of another nature, such as a chart's values, have none."""
    for candidate in value["items"] if is_list(value) else [value]:
        if is_object(candidate):
            yield candidate


@lru_cache(maxsize=4096)
def resources(api_version: str, kind: str) -> frozenset[str]:
    """What the resource may be called: files name kinds, and only a cluster knows their plurals."""
    group, kind = group_of(api_version), kind.lower()
    plurals = {kind, f"{kind}s", f"{kind}es"} | ({f"{kind[:-1]}ies"} if kind.endswith("y") else set())
    return frozenset(f"{group}/{plural}" if group else plural for plural in plurals)


def group_of(api_version: str) -> str:
    return api_version.rpartition("/")[0]


class _Names(msgspec.Struct, frozen=True):
    plural: str


class _Version(msgspec.Struct, frozen=True):
    name: str
    served: bool = True


class _Spec(msgspec.Struct, frozen=True):
    group: str
    names: _Names
    versions: tuple[_Version, ...] = ()
    version: str = ""  # of definitions before apiextensions.k8s.io/v1


class Definition(msgspec.Struct, frozen=True):
    """A CustomResourceDefinition, as far as it tells what would be served."""

    spec: _Spec

    @property
    def resource(self) -> str:
        return f"{self.spec.group}/{self.spec.names.plural}"

    @property
    def versions(self) -> tuple[str, ...]:
        many = tuple(one.name for one in self.spec.versions if one.served)
        return many or ((self.spec.version,) if self.spec.version else ())
