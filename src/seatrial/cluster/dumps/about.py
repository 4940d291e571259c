"""What a dump tells besides its objects: the version of the cluster, what its API server serves, and what was asked of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from seatrial.cluster.dumps import names
from seatrial.cluster.dumps.documents import Document, Item, value_of
from seatrial.cluster.objects import Definition
from seatrial.kit import text

_QUERIES = re.compile(r"(?:.*/)?meta/query-time\.json")
_ERRORS = re.compile(r"(?:.*/)?cluster-resources/(?:.*/)?(?P<plural>[^/]+)-errors\.json")


class _Version(msgspec.Struct, frozen=True, rename="camel"):
    git_version: str
    platform: str = ""


class _Versions(msgspec.Struct, frozen=True, rename="camel"):
    """Of ``kubectl version``, and of a support bundle."""

    server_version: _Version | None = None
    info: _Version | None = None


class _Resource(msgspec.Struct, frozen=True):
    name: str


class _Resources(msgspec.Struct, frozen=True, rename="camel"):
    group_version: str
    resources: tuple[_Resource, ...]


class _GroupVersion(msgspec.Struct, frozen=True):
    version: str


class _Group(msgspec.Struct, frozen=True):
    name: str
    versions: tuple[_GroupVersion, ...]


class _Groups(msgspec.Struct, frozen=True):
    groups: tuple[_Group, ...]


class _Query(msgspec.Struct, frozen=True, rename={"resource": "queryobj"}):
    resource: str
    namespace: str = ""
    error: msgspec.Raw = msgspec.Raw()  # whatever it is: the question was not answered


class About:
    """Gathered from one document after another. All of it is hostile data: what is of another shape says nothing."""

    def __init__(self) -> None:
        self.version = ""
        self.platform = ""
        self.served: dict[str, tuple[str, ...]] = {}
        self.groups: set[str] = set()  # that the API server names
        self.has_resources = False  # the whole of what is served was written down
        self.asked: set[tuple[str, str]] = set()  # a resource as its tool calls it, and a namespace
        self.refused: dict[str, str] = {}  # resource → why

    def take(self, name: str, document: Document) -> None:
        if _QUERIES.fullmatch(name):
            self._queries(document)
        elif found := _ERRORS.fullmatch(name):
            self._errors(names.resource(found["plural"]), document)
        elif document.kind in ("", "APIResourceList", "APIGroupList"):
            self._versions(document)
            self._discovery(document)

    def define(self, item: Item) -> None:
        """By a CustomResourceDefinition."""
        for one in _value(item, Definition):
            self._serves(one.resource, one.versions)

    def _versions(self, document: Document) -> None:
        if document.listed:
            return
        for one in _read(document, _Versions):
            if told := one.server_version or one.info:
                self._version(told)
        for bare in _read(document, _Version):
            self._version(bare)

    def _version(self, told: _Version) -> None:
        self.version = text.one_line(told.git_version, limit=100)
        self.platform = text.one_line(told.platform, limit=100)

    def _discovery(self, document: Document) -> None:
        for one in _each(document, _Resources):
            self.has_resources = True
            group, _, version = one.group_version.rpartition("/")
            self.groups.add(group)
            for resource in one.resources:
                of = f"{group}/{resource.name}" if group else resource.name
                if "/" not in resource.name:  # a subresource
                    self._serves(of, (version,))
        for groups in _read(document, _Groups):
            self.groups |= {"", *(one.name for one in groups.groups)}
        for group in _each(document, _Group):
            self.groups |= {"", group.name}

    def _serves(self, of: str, versions: tuple[str, ...]) -> None:
        before = self.served.get(of, ())
        self.served[of] = (*before, *(one for one in versions if one not in before))

    def _queries(self, document: Document) -> None:
        for one in _each(document, _Query):
            if not bytes(one.error):
                self.asked.add((one.resource, one.namespace))

    def _errors(self, of: str, document: Document) -> None:
        """Of a support bundle: by namespace, or a list."""
        for why in (*_read(document, dict[str, str]), *_read(document, list[str])):
            said = list(why.values()) if isinstance(why, dict) else why
            if of and said:
                self.refused[of] = text.one_line(said[0], limit=300)


def _each(document: Document, shape: type[msgspec.Struct]) -> Iterator[Any]:
    """All items, where the first of them has that shape: most lists are of other things."""
    if document.items and _value(document.items[0], shape):
        for item in document.items:
            yield from _value(item, shape)


def _read(document: Document, shape: Any) -> Iterable[Any]:
    return _value(document.whole, shape)


def _value(item: Any, shape: Any) -> tuple[Any, ...]:
    """One, or none where it is of another shape."""
    try:
        return (value_of(item, shape),)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ()
