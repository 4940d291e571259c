"""A Fact is one typed, frozen thing known about a cluster; a Snapshot is all of them at one moment.

A Fact mirrors the shape of the Kubernetes object it comes from, with only the fields that something reads:
the decoder skips the rest at the speed of C, and a rename upstream is one line here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar, TypeVar

import msgspec

Obj = dict[str, Any]
"""A Kubernetes object as it travels: active checks write these, Facts are read from them."""


class Shape(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A part of a Fact: a nested object, with only the fields that something reads."""


class Meta(Shape, frozen=True):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    creation_timestamp: dt.datetime | None = None
    deletion_timestamp: dt.datetime | None = None


class Fact(Shape, frozen=True):
    """One object of the cluster. Subclasses name their resource as ``group/plural`` (``pods`` for the core group)."""

    of: ClassVar[str]

    metadata: Meta = Meta()

    @property
    def name(self) -> str:
        return self.metadata.name

    @property
    def subject(self) -> str:
        """How a finding names this object: ``pods/team-a/trainer-0``."""
        return "/".join(part for part in (self.of, self.metadata.namespace, self.metadata.name) if part)


F = TypeVar("F", bound=Fact)


class All(tuple[F, ...]):
    """Every Fact of one kind. In a check's signature: ``queues: All[LocalQueue]``."""

    __slots__ = ()


class GapReason(StrEnum):
    ABSENT = "absent"  # the API server does not serve this resource
    FORBIDDEN = "forbidden"
    UNREACHABLE = "unreachable"
    UNREADABLE = "unreadable"  # served, but not in a shape that we can read
    NOT_COLLECTED = "not-collected"  # nobody asked for it when the snapshot was taken


class Gap(msgspec.Struct, frozen=True):
    """Why facts of one resource are missing, or not all of them are there."""

    resource: str
    reason: GapReason
    detail: str


class ClusterIdentity(msgspec.Struct, frozen=True):
    """What tells this cluster from another: a proof belongs to one of them."""

    uid: str = ""  # of the kube-system namespace
    version: str = ""
    platform: str = ""


class Apis(msgspec.Struct, frozen=True):
    """What the API server serves: versions of each ``group/plural``, the preferred one first; and groups that do not answer."""

    served: Mapping[str, tuple[str, ...]] = {}
    broken: Mapping[str, str] = {}  # group → why

    def versions(self, resource: str) -> tuple[str, ...]:
        return self.served.get(resource, ())

    def why_broken(self, resource: str) -> str:
        """Why nobody can tell whether the resource is there; empty where one can."""
        return self.broken.get(resource.rpartition("/")[0], "")


class Snapshot(msgspec.Struct, frozen=True):
    """All facts of one moment and, for what could not be read, the reason."""

    taken_at: dt.datetime
    cluster: ClusterIdentity
    apis: Apis
    facts: Mapping[str, tuple[Fact, ...]]
    gaps: Mapping[str, Gap]

    def all(self, kind: type[F]) -> All[F]:
        return All(fact for fact in self.facts.get(kind.of, ()) if isinstance(fact, kind))

    def gap(self, kind: type[Fact]) -> Gap | None:
        if kind.of in self.gaps:
            return self.gaps[kind.of]
        if kind.of not in self.facts:
            return Gap(kind.of, GapReason.NOT_COLLECTED, f"{kind.of} was not read when this snapshot was taken")
        return None
