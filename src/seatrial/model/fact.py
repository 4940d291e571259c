"""A Fact is one typed, frozen thing known about a cluster; a Snapshot is all of them at one moment.

A Fact mirrors the shape of the Kubernetes object it comes from, with only the fields that something reads:
the decoder skips the rest at the speed of C, and a rename upstream is one line here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from functools import cached_property
from operator import attrgetter
from typing import Any, ClassVar, TypeVar

import msgspec

Obj = dict[str, Any]
"""A Kubernetes object as it travels: active checks write these, Facts are read from them."""


class Shape(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """A part of a Fact: a nested object, with only the fields that something reads."""


class Owner(Shape, frozen=True):
    kind: str = ""
    name: str = ""
    uid: str = ""
    api_version: str = ""
    controller: bool = False


class Meta(Shape, frozen=True):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    owner_references: tuple[Owner, ...] = ()
    finalizers: tuple[str, ...] = ()
    creation_timestamp: dt.datetime | None = None
    deletion_timestamp: dt.datetime | None = None

    @property
    def controller(self) -> Owner | None:
        return next((owner for owner in self.owner_references if owner.controller), None)


class Fact(Shape, frozen=True):
    """One object of the cluster. Subclasses name their resource as ``group/plural`` (``pods`` for the core group)."""

    of: ClassVar[str]
    most: ClassVar[int] = 0  # of a kind without bounds: how many of it are read at all; 0 is for all

    metadata: Meta = Meta()

    @property
    def name(self) -> str:
        return self.metadata.name

    @property
    def subject(self) -> str:
        """How a finding names this object: ``pods/team-a/trainer-0``."""
        return "/".join(filter(None, (self.of, self.metadata.namespace, self.metadata.name)))


Ties = Callable[[Any], Iterable[str]]


class View(Fact, frozen=True):
    """A Fact that is drawn from others: what several kinds of object say about one thing.

    ``of`` is a word of ours, such as ``workloads``; ``drawn_from`` is what has to be read for it. ``ties`` says of each of its
    sources what ties a fact to others: those that share no tie, not even by way of others, may be drawn apart, and what is
    drawn is the same. Without ties it is always drawn as a whole.
    """

    drawn_from: ClassVar[tuple[type[Fact], ...]]
    ties: ClassVar[Mapping[type[Fact], Ties]] = {}

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        raise NotImplementedError


class Series(Fact, frozen=True):
    """One series of a metric, with its value of now, as a monitoring system answers. ``of`` is ``metrics/NAME``.

    ``query`` is what it is asked for, in PromQL; ``$window`` and ``$step`` in it are how far back one looks, and how finely.
    """

    query: ClassVar[str]

    labels: dict[str, str] = {}
    value: float = 0.0
    at: float = 0.0  # when it was asked for, in seconds since 1970

    @property
    def subject(self) -> str:
        told = ",".join(f"{name}={value}" for name, value in sorted(self.labels.items()) if name != "__name__")
        return f"{self.of}{{{told}}}"

    def label(self, *names: str) -> str:
        """The first of these labels that it carries: exporters spell one thing in several ways."""
        return next((self.labels[name] for name in names if self.labels.get(name)), "")


class Track(Series, frozen=True):
    """One series over a while. Its query is answered by a matrix, and ``value`` is the newest point."""

    points: tuple[tuple[float, float], ...] = ()  # seconds since 1970, and the value


F = TypeVar("F", bound=Fact)


class All(tuple[F, ...]):
    """Every Fact of one kind. In a check's signature: ``queues: All[LocalQueue]``."""

    @cached_property
    def by_name(self) -> Mapping[str, F]:
        """Of several with one name, the first."""
        return {fact.name: fact for fact in reversed(self)}

    def first_by(self, *parts: str) -> tuple[F, ...]:
        """Of those that have the very same parts, such as pods of one template their containers, the first; at least two parts."""
        if parts not in self._firsts:
            parts_of = attrgetter(*parts)
            seen: dict[tuple[int, ...], F] = {}
            for fact in self:
                seen.setdefault(tuple(map(id, parts_of(fact))), fact)
            self._firsts[parts] = tuple(seen.values())
        return self._firsts[parts]

    @cached_property
    def _firsts(self) -> dict[tuple[str, ...], tuple[F, ...]]:
        return {}


class GapReason(StrEnum):
    ABSENT = "absent"  # the API server does not serve this resource
    FORBIDDEN = "forbidden"
    UNREACHABLE = "unreachable"
    UNREADABLE = "unreadable"  # served, but not in a shape that we can read
    NOT_COLLECTED = "not-collected"  # nobody asked for it when the snapshot was taken
    NOT_GIVEN = "not-given"  # the files have none of it; the cluster that they are for may have


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
    versions: Mapping[str, str] = {}  # of each list of a live cluster: from where its changes can be followed
    _drawn: dict[str, tuple[Fact, ...]] = {}  # views, each drawn once
    _collections: dict[type[Fact], tuple[tuple[Fact, ...], All[Any]]] = {}  # what each was made of, and it

    def all(self, kind: type[F]) -> All[F]:
        if issubclass(kind, View) and kind.of not in self._drawn:
            self._drawn[kind.of] = tuple(sorted(kind.draw(self), key=attrgetter("subject")))
        facts = self._facts(kind)
        known = self._collections.get(kind)
        if known is None or known[0] is not facts:
            are_all = all(issubclass(one, kind) for one in set(map(type, facts)))
            known = self._collections[kind] = (
                facts,
                All(facts) if are_all else All(fact for fact in facts if isinstance(fact, kind)),
            )
        return known[1]

    def gap(self, kind: type[Fact]) -> Gap | None:
        if issubclass(kind, View):
            return self._gap_of_view(kind)
        if kind.of in self.gaps:
            return self.gaps[kind.of]
        if kind.of not in self.facts:
            return Gap(kind.of, GapReason.NOT_COLLECTED, f"{kind.of} was not read when this snapshot was taken")
        return None

    def succeeded(
        self,
        facts: Mapping[str, tuple[Fact, ...]],
        gaps: Mapping[str, Gap],
        drawn: dict[str, tuple[Fact, ...]],
    ) -> Snapshot:
        """What comes after it: with other facts, gaps and views; collections of facts that are still the same are kept."""
        return Snapshot(
            taken_at=self.taken_at,
            cluster=self.cluster,
            apis=self.apis,
            facts=facts,
            gaps=gaps,
            versions=self.versions,
            _drawn=drawn,
            _collections=dict(self._collections),
        )

    @property
    def drawn(self) -> Mapping[str, tuple[Fact, ...]]:
        """The views that somebody has asked for."""
        return self._drawn

    def place(self, fact: Fact) -> str:
        """The file and line in which it stands, where it comes from a file."""
        return ""

    def _facts(self, kind: type[Fact]) -> tuple[Fact, ...]:
        return (self._drawn if issubclass(kind, View) else self.facts).get(kind.of, ())

    def _gap_of_view(self, kind: type[View]) -> Gap | None:
        """A source that is not served adds nothing, and neither does one of which the files have none; any other gap is one."""
        gaps = [gap for gap in map(self.gap, kind.drawn_from) if gap is not None]
        told = [gap for gap in gaps if gap.reason not in (GapReason.ABSENT, GapReason.NOT_GIVEN)]
        if told:
            return told[0]
        return gaps[0] if len(gaps) == len(kind.drawn_from) else None


def sources(kind: type[Fact]) -> Iterator[type[Fact]]:
    """What has to be read to know facts of this kind."""
    if not issubclass(kind, View):
        yield kind
        return
    for one in kind.drawn_from:
        yield from sources(one)
