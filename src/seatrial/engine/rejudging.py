"""Judging that goes on: when facts change, what they can alter is judged again, and the rest is still as it was said.

Only for checks that read. What is known after any changes is what judging all of it anew would find.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest

import msgspec

from seatrial.engine.catalog import Catalog
from seatrial.engine.docket import Docket, Trial, docket, finding, trials
from seatrial.engine.hearing import at_once, survive
from seatrial.engine.ledger import Ledger, Said
from seatrial.engine.plan import shown_by
from seatrial.engine.standing import Changes, Standing, Step
from seatrial.model.check import Check, Want
from seatrial.model.fact import Gap, Snapshot
from seatrial.model.shift import Shift
from seatrial.model.verdict import Finding, Outcome, Verdict

_WELL = (Outcome.PASS, Outcome.NOT_APPLICABLE)


class Taken(msgspec.Struct, frozen=True):
    """The objects that are different now, and what that shifted."""

    changed: tuple[str, ...]
    shifts: tuple[Shift, ...]


class Rejudging:
    def __init__(self, catalog: Catalog, checks: Sequence[Check], snapshot: Snapshot) -> None:
        self._catalog = catalog
        self._checks = {check.id: check for check in checks}
        self._standing = Standing(snapshot, (kind for check in checks for kind in check.asks))
        self._ledgers: dict[str, Ledger] = {}

    @property
    def snapshot(self) -> Snapshot:
        return self._standing.snapshot

    async def judge(self, snapshot: Snapshot | None = None) -> tuple[Shift, ...]:
        """All of it; of another snapshot, such as one of a later moment, what it shifts. Cut off, it is as if never begun."""
        anew = Rejudging(self._catalog, tuple(self._checks.values()), snapshot or self.snapshot)
        shifts: list[Shift] = []
        for check in self._checks.values():
            await asyncio.sleep(0)
            ledger = anew._ledgers[check.id] = await anew._heard(check)
            if check.id in self._ledgers:
                shifts += _shifts(check, self._ledgers[check.id].said, ledger.said)
        anew._standing.prepare()
        self._standing, self._ledgers = anew._standing, anew._ledgers
        return tuple(shifts)

    async def take(self, changes: Changes, gaps: Mapping[str, Gap | None] | None = None) -> Taken:
        """Judge again what these changes can alter."""
        step = self._standing.take(changes, gaps)
        shifts: list[Shift] = []
        for check in self._checks.values():
            if self._is_touched(check, step):
                shifts += await self._again(check, step)
        return Taken(tuple(one for of in changes for one in step.deltas.get(of, ())), tuple(shifts))

    def findings(self) -> Iterator[Finding]:
        """As judging everything at once would fold them, in the order of the checks and their subjects."""
        for check in self._checks.values():
            yield from self._ledgers[check.id].findings(self._order(check))

    def _order(self, check: Check) -> Iterable[str]:
        ledger = self._ledgers[check.id]
        if check.per_object is None or not ledger.has_objects:
            return ledger.said
        facts = dict.fromkeys(fact.subject for fact in self.snapshot.all(check.per_object.kind))
        return [*(one for one in ledger.said if one not in facts), *(one for one in facts if one in ledger.said)]

    def _is_touched(self, check: Check, step: Step) -> bool:
        kinds = {kind.of for kind in (*check.asks, *shown_by(self._catalog, check))}
        if any(kind.of in step.unknown for kind in check.asks):
            kinds |= {kind.of for kind in check.reads}
        return not kinds.isdisjoint(step.deltas) or not kinds.isdisjoint(step.regapped)

    async def _again(self, check: Check, step: Step) -> list[Shift]:
        ledger = self._ledgers[check.id]
        heard = None if self._is_of_a_whole(check, step, ledger) else await self._some(check, step)
        if heard is None:
            anew = self._ledgers[check.id] = await self._heard(check)
            return list(_shifts(check, ledger.said, anew.said))
        was = ledger.change(heard)
        if ledger.is_short_of_words:
            self._ledgers[check.id] = await self._heard(check)
        return list(_shifts(check, was, heard))

    def _is_of_a_whole(self, check: Check, step: Step, ledger: Ledger) -> bool:
        """What every call is handed concerns every object, where it changes or is not known; and that there are any, too."""
        one = check.per_object
        if one is None or any(kind.of in step.regapped | step.unknown for kind in check.asks):
            return True
        handed = [p.kind for p in check.parameters if p.want is Want.ALL]
        shared = any(kind.of in step.deltas or self.snapshot.gap(kind) is not None for kind in handed)
        return shared or not ledger.has_objects or not self.snapshot.all(one.kind)

    async def _some(self, check: Check, step: Step) -> dict[str, tuple[Finding, ...]] | None:
        """What is said of the objects that changed; none where that could not be asked."""
        assert check.per_object is not None
        delta = step.deltas.get(check.per_object.kind.of, {})
        facts = tuple(fact for _, now in delta.values() for fact in now)
        said = await survive(_said(trials(check, facts, self.snapshot)))
        return None if isinstance(said, Verdict) else {**dict.fromkeys(delta, ()), **said}

    async def _heard(self, check: Check) -> Ledger:
        said = await survive(self._asked(check))
        if isinstance(said, Verdict):
            return Ledger(check, {"": (finding(check, "", said),)}, has_objects=False)
        has_objects = check.per_object is not None and bool(self.snapshot.all(check.per_object.kind))
        return Ledger(check, said, has_objects=has_objects)

    async def _asked(self, check: Check) -> dict[str, tuple[Finding, ...]]:
        return await _said(docket(self._catalog.systems.values(), check, self.snapshot))


async def _said(entries: Docket) -> dict[str, tuple[Finding, ...]]:
    said: dict[str, tuple[Finding, ...]] = {}
    for entry in entries:
        one = entry if isinstance(entry, Finding) else await _of(entry)
        said[one.subject] = (*said[one.subject], one) if one.subject in said else (one,)
    return said


async def _of(trial: Trial) -> Finding:
    said = at_once(trial)
    verdict = said if isinstance(said, Verdict) else await said
    return finding(trial.check, trial.subject, verdict)


def _shifts(check: Check, before: Mapping[str, Said], after: Mapping[str, Said]) -> Iterator[Shift]:
    for subject in {**before, **after}:
        for was, now in zip_longest(before.get(subject, ()), after.get(subject, ())):
            if (shift := _shift(check, subject, was, now)) is not None:
                yield shift


def _shift(check: Check, subject: str, was: Finding | Outcome | None, now: Finding | Outcome | None) -> Shift | None:
    before, after = _outcome(was), _outcome(now)
    if {before, after} <= {None, *_WELL} and (before == after or None in (before, after)):
        return None
    if before == after and isinstance(was, Finding) and isinstance(now, Finding) and was.because == now.because:
        return None
    return Shift(check.id, subject, before, after, now if isinstance(now, Finding) else None)


def _outcome(one: Finding | Outcome | None) -> Outcome | None:
    return one.outcome if isinstance(one, Finding) else one
