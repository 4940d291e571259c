"""A small made-up world: two facts, a role with players, and a bench that only keeps a record."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar, cast

from seatrial.engine.catalog import Catalog
from seatrial.engine.hearing import OpenBench, RecordingBench
from seatrial.model.evidence import Evidence
from seatrial.model.fact import Apis, ClusterIdentity, Fact, Gap, GapReason, Meta, Snapshot
from seatrial.model.role import Role
from seatrial.model.system import FoundBy, Holds, Served, System

MIDNIGHT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class Ship(Fact, frozen=True):
    of: ClassVar[str] = "ships"

    sound: bool = True


class Berth(Fact, frozen=True):
    of: ClassVar[str] = "harbour.example/berths"


class Tug(Role, frozen=True, kw_only=True):
    title: ClassVar[str] = "tug"


def ship(name: str, *, sound: bool = True) -> Ship:
    return Ship(metadata=Meta(name=name, namespace="north"), sound=sound)


def snapshot(
    *facts: Fact,
    gaps: Mapping[type[Fact], GapReason] | None = None,
    served: tuple[str, ...] = (),
    kinds: tuple[type[Fact], ...] = (Ship, Berth),
) -> Snapshot:
    holes = {kind.of: Gap(kind.of, reason, f"{reason} by order") for kind, reason in (gaps or {}).items()}
    read = {kind.of: tuple(fact for fact in facts if isinstance(fact, kind)) for kind in kinds}
    return Snapshot(
        taken_at=MIDNIGHT,
        cluster=ClusterIdentity(),
        apis=Apis(dict.fromkeys(served, ("v1",))),
        facts={of: found for of, found in read.items() if found or of not in holes},
        gaps=holes,
    )


def tug_system(id: str, *, found_by: FoundBy | None = None, stand_in: bool = False, holds: str = "") -> System:
    return System(
        id=id,
        title=id.title(),
        home="",
        found_by=found_by or Served(f"{id}.example/tugs"),
        roles=(Tug(player=id, holds=holds, stand_in=stand_in, creates=(f"{id}.example/ropes",)),),
    )


def unreadable() -> FoundBy:
    return Holds(Berth, lambda berth: True, "a berth")


def catalog(*systems: System) -> Catalog:
    return Catalog(systems={system.id: system for system in systems})


class Yard:
    """Lends benches, and remembers which are open, and who was there at the same time."""

    def __init__(self, *, refuses: Exception | None = None, unclean: Exception | None = None, leaves: str = "") -> None:
        self.open: list[str] = []
        self.closed: list[str] = []
        self.busy: set[str] = set()
        self.most = 0  # how many were at work at the same time, from their first note until they were stripped
        self._refuses = refuses
        self._unclean = unclean
        self._leaves = leaves

    @asynccontextmanager
    async def lend(self, *, check: str, subject: str) -> AsyncIterator[RecordingBench]:
        if self._refuses:
            raise self._refuses
        name = f"{check}@{subject}"
        self.open.append(name)
        try:
            yield cast(RecordingBench, Bench(check, subject, self._leaves, self))
            if self._unclean:
                raise self._unclean
        finally:
            self.open.remove(name)
            self.closed.append(name)

    def __call__(self) -> OpenBench:
        return self.lend

    def begins(self, name: str) -> None:
        self.busy.add(name)
        self.most = max(self.most, len(self.busy))


class Bench:
    """As much of a Workbench as the checks of these tests use."""

    def __init__(self, check: str, subject: str, leaves: str, yard: Yard) -> None:
        self.name, self.yard = f"{check}@{subject}", yard
        self.evidence = Evidence(f"e:{check}@{subject}", check, subject, None, (), "")
        self.leftovers = (leaves,) if leaves else ()

    async def strip(self) -> None:
        await asyncio.sleep(0)
        self.yard.busy.discard(self.name)

    def note(self, what: str) -> None:
        self.yard.begins(self.name)

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"no check of these tests uses {name}")
