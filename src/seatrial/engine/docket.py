"""What a check is to be called with: once per object, per system or just once. Where it cannot be, a finding says why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

import msgspec

from seatrial.engine.systems import Player, cast
from seatrial.model.check import Check, Want
from seatrial.model.fact import Fact, Gap, GapReason, Snapshot
from seatrial.model.role import Role
from seatrial.model.system import Sighting, System
from seatrial.model.verdict import Finding, Outcome, Verdict, not_applicable, unknown


class Trial(msgspec.Struct, frozen=True):
    """One call of a check: about whom, and with what (save the bench)."""

    check: Check
    about: Fact | str
    arguments: Mapping[str, Any]

    @property
    def subject(self) -> str:
        return self.about if isinstance(self.about, str) else self.about.subject

    @property
    def touches(self) -> tuple[str, ...]:
        """The resources that an active check writes and looks at, its own and those of the system's dialect."""
        roles = [one for one in self.arguments.values() if isinstance(one, Role)]
        own = (*self.check.creates, *self.check.looks_at) if self.check.active else ()
        return tuple(dict.fromkeys((*own, *(name for one in roles for name in (*one.creates, *one.looks_at)))))

    @property
    def name(self) -> str:
        return f"{self.check.id} {self.subject}".rstrip()


Entries = list[Finding | Trial]
Docket = Iterable[Finding | Trial]


def finding(
    check: Check, subject: str, verdict: Verdict, *, evidence: str = "", place: str = "", touches: tuple[str, ...] = ()
) -> Finding:
    return Finding(
        check=check.id,
        subject=subject,
        outcome=verdict.outcome,
        severity=check.severity,
        because=verdict.because,
        fix=check.fix if verdict.outcome is Outcome.FAIL else "",
        seen=verdict.seen,
        evidence=evidence,
        place=place,
        touches=touches if verdict.outcome is Outcome.FAIL else (),
    )


def docket(systems: Iterable[System], check: Check, snapshot: Snapshot) -> Docket:
    """All trials of a check, or the findings that stand in for them. Never empty; to be gone through once."""
    gaps = {kind: gap for kind in check.asks if (gap := snapshot.gap(kind))}
    for gap in gaps.values():
        if gap.reason is GapReason.ABSENT:
            return [finding(check, gap.resource, not_applicable(f"{gap.resource} is not served here"))]
    if check.per_object and (gap := gaps.get(check.per_object.kind)) and gap.reason is GapReason.NOT_GIVEN:
        return [_no_objects(check)]
    blind: Entries = [finding(check, gap.resource, _unread(gap)) for gap in gaps.values()]
    # A collection with holes proves nothing; of single objects, those that could be read are judged all the same.
    if any(p.want is Want.ALL and p.kind in gaps for p in check.parameters):
        return blind
    if check.per_object:
        return _per_object(check, snapshot, blind)
    if check.role:
        return _per_player(systems, check, check.role, snapshot)
    return [Trial(check, "", _shared(check, snapshot))]


def _unread(gap: Gap) -> Verdict:
    return unknown(f"{gap.resource} could not be read: {gap.detail}", reason=gap.reason.value)


def _shared(check: Check, snapshot: Snapshot) -> dict[str, Any]:
    """The arguments that are the same in every call."""
    collections = {p.name: snapshot.all(p.kind) for p in check.parameters if p.want is Want.ALL}
    return collections | {p.name: snapshot.apis for p in check.parameters if p.want is Want.APIS}


def _per_object(check: Check, snapshot: Snapshot, blind: Entries) -> Docket:
    assert check.per_object is not None
    if not (facts := snapshot.all(check.per_object.kind)):
        return blind or [_no_objects(check)]
    return chain(blind, trials(check, facts, snapshot))


def trials(check: Check, facts: Iterable[Fact], snapshot: Snapshot) -> Iterator[Trial]:
    """One at a time: of a hundred thousand objects, nobody needs all of the trials at once."""
    assert check.per_object is not None
    name, shared = check.per_object.name, _shared(check, snapshot)
    for fact in facts:
        yield Trial(check, fact, {name: fact, **shared})


def _no_objects(check: Check) -> Finding:
    assert check.per_object is not None
    resource = check.per_object.kind.of
    return finding(check, resource, not_applicable(f"there are no {resource} here"))


def _per_player(systems: Iterable[System], check: Check, role: type[Role], snapshot: Snapshot) -> Entries:
    here = cast(systems, role, snapshot)
    name = next(p.name for p in check.parameters if p.want is Want.ROLE)
    shared = _shared(check, snapshot)
    entries: Entries = [
        finding(
            check, player.role.player, unknown(f"cannot tell whether {player.system.title} is here: {sighting.how}")
        )
        for player, sighting in here.unclear
    ]
    entries += [Trial(check, player.role.player, {name: player.role, **shared}) for player in here.playing]
    return entries or [finding(check, "", not_applicable(f"no {role.title} is here{_looked_for(here.absent)}"))]


def _looked_for(absent: tuple[tuple[Player, Sighting], ...]) -> str:
    return "".join(f"; {player.system.title}: {sighting.how}" for player, sighting in absent)
