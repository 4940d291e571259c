"""What a selection of checks needs to read, and what it would create: asked before anything is touched."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from seatrial.engine.catalog import Catalog
from seatrial.engine.systems import Player, cast, players
from seatrial.model.check import Check
from seatrial.model.fact import Fact, Snapshot


class Act(msgspec.Struct, frozen=True):
    """One active check, for the system that it is about, and what it would create."""

    check: Check
    subject: str
    creates: tuple[str, ...]
    looks_at: tuple[str, ...] = ()


class Plan(msgspec.Struct, frozen=True):
    checks: tuple[Check, ...]
    facts: tuple[type[Fact], ...]
    acts: tuple[Act, ...]

    @property
    def creates(self) -> tuple[str, ...]:
        return tuple(sorted({resource for act in self.acts for resource in act.creates}))

    @property
    def looks_at(self) -> tuple[str, ...]:
        return tuple(sorted({resource for act in self.acts for resource in act.looks_at}))

    @property
    def uses(self) -> tuple[str, ...]:
        return tuple(sorted({use for act in self.acts for use in act.check.uses}))

    @property
    def consent(self) -> tuple[str, ...]:
        """What a person has to agree to, one line per check and system; empty where nothing is created."""
        return tuple(
            f"{act.check.id}{f' for {act.subject}' if act.subject else ''}: "
            f"a namespace of its own{''.join(f', {resource}' for resource in act.creates)}; all removed at the end"
            for act in self.acts
        )


def plan(catalog: Catalog, checks: Iterable[Check], snapshot: Snapshot | None = None) -> Plan:
    """The plan for any cluster; with a snapshot, for the systems that are in that one."""
    chosen = tuple(checks)
    facts = {kind.of: kind for check in chosen for kind in (*check.reads, *shown_by(catalog, check))}
    return Plan(
        checks=chosen,
        facts=tuple(facts[of] for of in sorted(facts)),
        acts=tuple(
            _act(check, player) for check in chosen if check.active for player in _subjects(catalog, check, snapshot)
        ),
    )


def shown_by(catalog: Catalog, check: Check) -> tuple[type[Fact], ...]:
    """The facts that show whether the systems of the check's role are here."""
    if check.role is None:
        return ()
    return tuple(
        kind for player in players(catalog.systems.values(), check.role) for kind in player.system.found_by.reads
    )


def _subjects(catalog: Catalog, check: Check, snapshot: Snapshot | None) -> tuple[Player | None, ...]:
    if check.role is None:
        return (None,)
    if snapshot is None:
        return tuple(players(catalog.systems.values(), check.role))
    return cast(catalog.systems.values(), check.role, snapshot).playing


def _act(check: Check, player: Player | None) -> Act:
    if player is None:
        return Act(check, "", tuple(sorted(set(check.creates))), tuple(sorted(set(check.looks_at))))
    role = player.role
    looks_at = {*check.looks_at, *role.looks_at}
    return Act(check, role.player, tuple(sorted({*check.creates, *role.creates})), tuple(sorted(looks_at)))
