"""Runs checks against a Snapshot and, with leave, on Workbenches. Every check yields at least one finding."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterator, Sequence

import msgspec

from seatrial.engine.catalog import Catalog
from seatrial.engine.docket import Docket, Entries, Trial, docket, finding
from seatrial.engine.hearing import STOPPED, OpenBench, Session, at_once, survive
from seatrial.kit.clock import Clock
from seatrial.kit.turns import Turns
from seatrial.model.check import Check
from seatrial.model.errors import Interrupted
from seatrial.model.evidence import Evidence
from seatrial.model.fact import Fact, Snapshot
from seatrial.model.progress import Event, State, Tell, silent
from seatrial.model.verdict import Finding, Outcome, Verdict, unknown

# Findings of one check that are told one by one; of more that are alike, the number is told.
FOLDED = {Outcome.PASS: 20, Outcome.NOT_APPLICABLE: 3}
_FOLDABLE = {Outcome.PASS: "it is so for", Outcome.NOT_APPLICABLE: "it does not concern"}
NO_LEAVE = unknown("it needs leave to create things, and there was none")


class Judged(msgspec.Struct, frozen=True):
    findings: tuple[Finding, ...]
    evidence: tuple[Evidence, ...]


class Stopped(Interrupted):
    """The work was cancelled. ``so_far`` has all that was finished, and says of the rest that it was not."""

    def __init__(self, so_far: Judged) -> None:
        super().__init__("stopped before every check was finished", way_out="run it again to judge the rest")
        self.so_far = so_far


async def judge(
    catalog: Catalog,
    checks: Sequence[Check],
    snapshot: Snapshot,
    *,
    open_bench: OpenBench | None,
    clock: Clock,
    tell: Tell = silent,
    deadline: float = 900.0,
) -> Judged:
    """Judge by all of the checks: the passive ones one after another, then the active ones side by side.

    Active checks wait for each other only where what they have to themselves meets. ``deadline`` is what one of them
    may take for one subject, in seconds. Cancellation closes every bench, and then ends in ``Stopped``.
    """
    court = _Court(catalog, checks, snapshot, clock, tell)
    try:
        await court.hear_passive()
        await court.hear_active(open_bench, deadline)
    except asyncio.CancelledError:
        raise Stopped(court.judged()) from None
    return court.judged()


class _Court:
    def __init__(self, catalog: Catalog, checks: Sequence[Check], snapshot: Snapshot, clock: Clock, tell: Tell) -> None:
        self._catalog = catalog
        self._checks = tuple({check.id: check for check in checks}.values())
        self._snapshot = snapshot
        self._clock = clock
        self._tell = tell
        self._entries: dict[str, Entries] = {}
        self._evidence: dict[str, Evidence] = {}

    def judged(self) -> Judged:
        """The findings in the order of the checks and their subjects; a trial that was not finished says so."""
        findings = tuple(
            finding(entry.check, entry.subject, STOPPED) if isinstance(entry, Trial) else entry
            for check in self._checks
            for entry in self._entries.get(check.id, [Trial(check, "", {})])
        )
        return Judged(findings, tuple(self._evidence[one.evidence] for one in findings if one.evidence))

    async def hear_passive(self) -> None:
        passive = [check for check in self._checks if not check.active]
        if not passive:
            return
        what = "judge what was read"
        self._tell(Event(what, State.BEGUN))
        for done, check in enumerate(passive):
            self._tell(Event(what, State.GOING, check.id, done / len(passive)))
            await asyncio.sleep(0)  # the only moment at which a long row of pure functions can be stopped
            self._entries[check.id] = await self._or_why_not(check, self._heard(check))
        self._tell(Event(what, State.DONE, f"{len(passive)} checks"))

    async def hear_active(self, open_bench: OpenBench | None, deadline: float) -> None:
        turns, begun, proofs = Turns(), self._clock.monotonic(), 0
        async with asyncio.TaskGroup() as group:
            for check in (check for check in self._checks if check.active):
                entries = self._entries[check.id] = await self._or_why_not(check, self._listed(check))
                for place, entry in enumerate(entries):
                    if isinstance(entry, Finding):
                        continue
                    if open_bench is None:
                        entries[place] = finding(check, entry.subject, NO_LEAVE)
                    else:
                        if not proofs:
                            self._tell(Event("prove", State.BEGUN))
                        proofs += 1
                        group.create_task(self._hear(Session(entry, open_bench, turns, deadline), entries, place))
        if proofs:
            self._tell(Event("prove", State.DONE, _pace(turns, proofs, self._clock.monotonic() - begun)))

    async def _or_why_not(self, check: Check, work: Awaitable[Entries]) -> Entries:
        entries = await survive(work)
        return [finding(check, "", entries)] if isinstance(entries, Verdict) else entries

    async def _listed(self, check: Check) -> Entries:
        return list(self._docket(check))

    async def _heard(self, check: Check) -> Entries:
        told = _Told(check, self._snapshot)
        for entry in self._docket(check):
            if isinstance(entry, Trial):
                said = at_once(entry)
                verdict = said if isinstance(said, Verdict) else await said
                if told.counts(verdict.outcome):
                    told.hear(entry, verdict)
            else:
                told.add(entry)
        return list(told.findings())

    def _docket(self, check: Check) -> Docket:
        return docket(self._catalog.systems.values(), check, self._snapshot)

    async def _hear(self, session: Session, entries: Entries, place: int) -> None:
        trial, begun = session.trial, self._clock.monotonic()
        self._tell(Event(trial.name, State.BEGUN))
        try:
            await session.run()
        finally:
            evidence = session.evidence
            if evidence is not None:
                self._evidence[evidence.id] = evidence
            entries[place] = finding(
                trial.check,
                trial.subject,
                session.verdict,
                evidence=evidence.id if evidence else "",
                touches=trial.touches,
            )
            seconds = self._clock.monotonic() - begun
            self._tell(Event(trial.name, State.DONE, f"{session.verdict.outcome} after {seconds:.0f} s"))


def _pace(turns: Turns, proofs: int, seconds: float) -> str:
    """How near it came to the limit, which is what proofs wait for that cannot go on side by side."""
    least, name = turns.at_least
    why = f", for all that need {name}" if name else ""
    return f"{proofs} proofs in {seconds:.0f} s: {turns.in_a_row:.0f} s one after the other, {least:.0f} s at the least{why}"


def folded(check: Check, outcome: Outcome, many: Counter[Outcome]) -> Finding:
    """One finding for all objects of which the check says the same."""
    of = check.per_object.kind.of if check.per_object else ""
    because = f"{_FOLDABLE[outcome]} {many[outcome]:,} of {many.total():,} {of}"
    return finding(check, of, Verdict(outcome, because, {"many": many[outcome]}))


class _Told:
    """What is not well stays one by one; where many things are well, or not concerned, one finding says how many."""

    def __init__(self, check: Check, snapshot: Snapshot) -> None:
        self._check, self._snapshot = check, snapshot
        self._room: dict[Outcome, int] = dict(FOLDED) if check.per_object else {}
        self._findings: list[Finding] = []
        self._many: Counter[Outcome] = Counter()

    def counts(self, outcome: Outcome) -> bool:
        """Count one; whether it may still have to be told by itself."""
        many = self._many[outcome] = self._many[outcome] + 1
        return outcome not in self._room or many <= self._room[outcome]

    def hear(self, trial: Trial, verdict: Verdict) -> None:
        place = self._snapshot.place(trial.about) if isinstance(trial.about, Fact) else ""
        self._findings.append(finding(trial.check, trial.subject, verdict, place=place))

    def add(self, one: Finding) -> None:
        if self.counts(one.outcome):
            self._findings.append(one)

    def findings(self) -> Iterator[Finding]:
        fold = [outcome for outcome, most in self._room.items() if self._many[outcome] > most]
        yield from (one for one in self._findings if one.outcome not in fold)
        yield from (folded(self._check, outcome, self._many) for outcome in fold)
