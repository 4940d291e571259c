"""Which systems are here, and which of them play a role."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from seatrial.model.fact import Snapshot
from seatrial.model.role import Role
from seatrial.model.run import SystemSeen
from seatrial.model.system import Served, Sighting, System


class Player(msgspec.Struct, frozen=True):
    """A system in one of its roles."""

    system: System
    role: Role


class Cast(msgspec.Struct, frozen=True):
    """Who plays a role in one cluster, and what became of those who might have."""

    playing: tuple[Player, ...]
    unclear: tuple[tuple[Player, Sighting], ...]
    absent: tuple[tuple[Player, Sighting], ...]


def players(systems: Iterable[System], role: type[Role]) -> Iterator[Player]:
    """Everybody who could play a role, wherever they are."""
    return (Player(system, part) for system in systems for part in system.roles if isinstance(part, role))


def cast(systems: Iterable[System], role: type[Role], snapshot: Snapshot) -> Cast:
    """Who plays the role here. A stand-in does so only where it is certain that nobody else can."""
    everybody = [(player, player.system.found_by.look(snapshot)) for player in players(systems, role)]
    proper = [(player, sighting) for player, sighting in everybody if not player.role.stand_in]
    called_on = proper if any(sighting.there is not False for _, sighting in proper) else everybody
    return Cast(
        playing=tuple(player for player, sighting in called_on if sighting.there),
        unclear=tuple((player, sighting) for player, sighting in called_on if sighting.there is None),
        absent=tuple((player, sighting) for player, sighting in called_on if sighting.there is False),
    )


def seen(systems: Iterable[System], snapshot: Snapshot) -> tuple[SystemSeen, ...]:
    """Every system, with whether it is here and how that shows."""
    return tuple(_seen(system, snapshot) for system in systems)


def _seen(system: System, snapshot: Snapshot) -> SystemSeen:
    sighting = system.found_by.look(snapshot)
    versions = snapshot.apis.versions(system.found_by.resource) if isinstance(system.found_by, Served) else ()
    return SystemSeen(system.id, system.title, sighting.there, sighting.how, versions)
