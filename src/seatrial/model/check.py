"""A Check is a function whose signature is its manifest.

``queue: LocalQueue`` runs it once per object; ``quotas: All[ClusterQueue]`` hands it the collection;
``scheduler: GangScheduler`` runs it once per system that plays the role; ``apis: Apis`` is what the server serves;
``bench: Workbench`` makes it active; ``room: Room`` lets it share what is exclusive to it. Permissions, the plan of what to collect, consent and the published page are
derived from that signature and the docstring, and from nothing else.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable, Collection
from enum import StrEnum
from typing import Any

import msgspec

from seatrial.model.docstring import page
from seatrial.model.errors import CatalogError
from seatrial.model.fact import All, Apis, Fact, sources
from seatrial.model.role import Role
from seatrial.model.room import Room
from seatrial.model.verdict import Severity, Verdict
from seatrial.model.workbench import Workbench

Judge = Callable[..., Verdict | Awaitable[Verdict]]


class Want(StrEnum):
    ONE = "one"  # one Fact: run once per object
    ALL = "all"
    ROLE = "role"  # run once per system that plays it
    APIS = "apis"
    BENCH = "bench"
    ROOM = "room"


class Parameter(msgspec.Struct, frozen=True):
    name: str
    want: Want
    kind: Any  # the Fact or the Role, where there is one


class Check(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    severity: Severity
    title: str
    why: str
    fix: str
    judge: Judge
    parameters: tuple[Parameter, ...]
    creates: tuple[str, ...]  # resources that the check writes on its bench
    exclusive: tuple[str, ...]  # what no other check may touch meanwhile; with a Room, of which it takes a part
    uses: tuple[
        str, ...
    ] = ()  # what it asks of its pods beyond their status: "exec", "log", "ask-pods", "ask-services"
    looks_at: tuple[str, ...] = ()  # resources that it only reads while it is at work, whoever plays its role

    @property
    def area(self) -> str:
        return self.id.split(".", 1)[0]

    @property
    def active(self) -> bool:
        return any(p.want is Want.BENCH for p in self.parameters)

    @property
    def reads(self) -> tuple[type[Fact], ...]:
        """What has to be read of a cluster for it."""
        return tuple(kind for asked in self.asks for kind in sources(asked))

    @property
    def asks(self) -> tuple[type[Fact], ...]:
        """The facts in its signature; views among them are drawn from others."""
        return tuple(p.kind for p in self.parameters if p.want in (Want.ONE, Want.ALL))

    @property
    def role(self) -> type[Role] | None:
        return next((p.kind for p in self.parameters if p.want is Want.ROLE), None)

    @property
    def per_object(self) -> Parameter | None:
        return next((p for p in self.parameters if p.want is Want.ONE), None)


def check(
    id: str,
    *,
    severity: Severity,
    creates: tuple[str, ...] = (),
    exclusive: tuple[str, ...] = (),
    uses: tuple[str, ...] = (),
    looks_at: tuple[str, ...] = (),
) -> Callable[[Judge], Check]:
    """Make a function a Check. Its docstring holds the healthy condition, then ``Why:`` and ``Fix:``."""

    def make(judge: Judge) -> Check:
        title, why, fix = page(f"check {id}", judge, "Why", "Fix")
        return Check(
            id=id,
            severity=severity,
            title=title,
            why=why,
            fix=fix,
            judge=judge,
            parameters=manifest(id, judge),
            creates=creates,
            exclusive=exclusive,
            uses=uses,
            looks_at=looks_at,
        )

    return make


def manifest(id: str, judge: Callable[..., Any], *, aside: Collection[str] = ()) -> tuple[Parameter, ...]:
    """What a function asks for by its signature; parameters that are ``aside`` are somebody else's to give."""
    hints = typing.get_type_hints(judge)
    names = (name for name in inspect.signature(judge).parameters if name not in aside)
    parameters = tuple(_parameter(id, name, hints.get(name)) for name in names)
    loops = [p.name for p in parameters if p.want in (Want.ONE, Want.ROLE)]
    if len(loops) > 1:
        raise CatalogError(f"check {id}: runs once per {' and per '.join(loops)}; a check loops over one thing")
    return parameters


def _parameter(id: str, name: str, hint: Any) -> Parameter:
    if typing.get_origin(hint) is All:
        return Parameter(name, Want.ALL, typing.get_args(hint)[0])
    if hint is Workbench:
        return Parameter(name, Want.BENCH, None)
    if hint is Room:
        return Parameter(name, Want.ROOM, None)
    if hint is Apis:
        return Parameter(name, Want.APIS, None)
    if isinstance(hint, type) and issubclass(hint, Fact):
        return Parameter(name, Want.ONE, hint)
    if isinstance(hint, type) and issubclass(hint, Role):
        return Parameter(name, Want.ROLE, hint)
    raise CatalogError(
        f"check {id}: parameter {name!r} is {hint!r}; use a Fact, All[Fact], a Role, Apis, Workbench or Room"
    )
