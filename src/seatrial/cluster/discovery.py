"""Which resources an API server serves, and at which paths. A group that does not answer leaves the others alone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import cached_property
from typing import TypeVar
from urllib.parse import quote

import msgspec

from seatrial.cluster.answer import error_of
from seatrial.cluster.transport import JSON, Transport
from seatrial.kit import text
from seatrial.model.errors import CannotJudge, Unreachable
from seatrial.model.fact import Apis

_AGGREGATED = ",".join(
    [f"{JSON};g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList" for version in ("v2", "v2beta1")] + [JSON]
)
_AT_ONCE = 8

T = TypeVar("T")


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """One resource in one version."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool
    verbs: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.group}/{self.plural}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, *, namespace: str = "", name: str = "", subresource: str = "") -> str:
        parts = ["apis", self.group, self.version] if self.group else ["api", self.version]
        if self.namespaced and namespace:
            parts += ["namespaces", namespace]
        parts += [self.plural, name, subresource]
        return "/" + "/".join(quote(part, safe=":") for part in parts if part)


class Directory(msgspec.Struct, frozen=True, dict=True):
    """All resources, of each the preferred version first, and the groups that did not answer."""

    resources: tuple[Resource, ...]
    broken: Mapping[str, str] = {}  # group → why

    @cached_property
    def apis(self) -> Apis:
        served: dict[str, tuple[str, ...]] = {}
        for resource in self.resources:
            served[resource.key] = (*served.get(resource.key, ()), resource.version)
        return Apis(served, self.broken)

    @cached_property
    def _by_key(self) -> dict[str, Resource]:
        return {resource.key: resource for resource in reversed(self.resources)}

    @cached_property
    def _by_kind(self) -> dict[tuple[str, str], Resource]:
        return {(resource.api_version, resource.kind): resource for resource in reversed(self.resources)}

    def named(self, key: str) -> Resource | None:
        """By ``group/plural``, in the preferred version."""
        return self._by_key.get(key)

    def of_kind(self, api_version: str, kind: str) -> Resource | None:
        return self._by_kind.get((api_version, kind))


class _Kind(msgspec.Struct, frozen=True):
    kind: str = ""


class _ResourceItem(msgspec.Struct, frozen=True, rename="camel"):
    resource: str
    response_kind: _Kind | None = None
    scope: str = ""
    verbs: tuple[str, ...] | None = None


class _VersionItem(msgspec.Struct, frozen=True):
    version: str
    freshness: str = "Current"
    resources: tuple[_ResourceItem, ...] | None = None


class _GroupMeta(msgspec.Struct, frozen=True):
    name: str = ""


class _GroupItem(msgspec.Struct, frozen=True):
    metadata: _GroupMeta = _GroupMeta()
    versions: tuple[_VersionItem, ...] | None = None


class _PlainVersion(msgspec.Struct, frozen=True):
    version: str


class _PlainGroup(msgspec.Struct, frozen=True, rename="camel"):
    name: str
    versions: tuple[_PlainVersion, ...] = ()
    preferred_version: _PlainVersion | None = None


class _Index(msgspec.Struct, frozen=True):
    """Any of the three answers to /api and /apis."""

    kind: str = ""
    items: tuple[_GroupItem, ...] | None = None  # APIGroupDiscoveryList
    groups: tuple[_PlainGroup, ...] | None = None  # APIGroupList
    versions: tuple[str, ...] | None = None  # APIVersions


class _PlainResource(msgspec.Struct, frozen=True):
    name: str
    kind: str = ""
    namespaced: bool = False
    verbs: tuple[str, ...] | None = None


class _PlainResources(msgspec.Struct, frozen=True):
    resources: tuple[_PlainResource, ...] | None = None


Found = tuple[list[Resource], dict[str, str]]


async def discover(transport: Transport) -> Directory:
    core, groups = await asyncio.gather(_index(transport, "/api"), _index(transport, "/apis"))
    resources: list[Resource] = []
    broken: dict[str, str] = {}
    for found, silent in (core, groups):
        resources += found
        broken |= silent
    return Directory(tuple(resources), broken)


async def _index(transport: Transport, path: str) -> Found:
    index = await _get(transport, path, _AGGREGATED, _Index)
    if index.kind == "APIGroupDiscoveryList":
        return _from_aggregated(index)
    if path == "/api":
        plain = [_PlainGroup("", tuple(map(_PlainVersion, index.versions or ())))]
    else:
        plain = list(index.groups or ())
    return await _from_plain(transport, plain)


def _from_aggregated(index: _Index) -> Found:
    resources: list[Resource] = []
    broken: dict[str, str] = {}
    for group in index.items or ():
        for version in group.versions or ():
            if version.freshness == "Stale" and not version.resources:
                broken[group.metadata.name] = f"{version.version} does not answer (its APIService is not available)"
            resources += [_from_item(group.metadata.name, version.version, item) for item in version.resources or ()]
    return resources, broken


def _from_item(group: str, version: str, item: _ResourceItem) -> Resource:
    return Resource(
        group=group,
        version=version,
        plural=item.resource,
        kind=item.response_kind.kind if item.response_kind else "",
        namespaced=item.scope == "Namespaced",
        verbs=item.verbs or (),
    )


async def _from_plain(transport: Transport, groups: list[_PlainGroup]) -> Found:
    turns = asyncio.Semaphore(_AT_ONCE)
    broken: dict[str, str] = {}

    async def one(group: str, version: str) -> list[Resource]:
        path = f"/apis/{quote(group)}/{quote(version)}" if group else f"/api/{quote(version)}"
        try:
            async with turns:
                listed = await _get(transport, path, JSON, _PlainResources)
        except CannotJudge as error:
            broken[group] = error.what
            return []
        return [
            Resource(
                group=group,
                version=version,
                plural=item.name,
                kind=item.kind,
                namespaced=item.namespaced,
                verbs=item.verbs or (),
            )
            for item in listed.resources or ()
            if "/" not in item.name  # a subresource
        ]

    found = await asyncio.gather(*(one(group.name, version) for group in groups for version in _in_order(group)))
    return [resource for resources in found for resource in resources], broken


def _in_order(group: _PlainGroup) -> list[str]:
    versions = [item.version for item in group.versions]
    first = group.preferred_version.version if group.preferred_version else ""
    return sorted(versions, key=lambda version: version != first)


async def _get(transport: Transport, path: str, accept: str, shape: type[T]) -> T:
    answer = await transport.send("GET", path, accept=accept)
    if answer.status != 200:
        raise error_of(answer, transport.address)
    try:
        return msgspec.json.decode(answer.body, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Unreachable(
            f"{transport.address}{path} does not answer like an API server: {text.one_line(str(error))}",
            way_out="look whether the server address in the kubeconfig is right",
        ) from error
