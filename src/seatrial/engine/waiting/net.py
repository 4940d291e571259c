"""Who waits for whom, as one graph; and a cause with all who wait for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from seatrial.engine.waiting import contests as bargains
from seatrial.engine.waiting.contests import Outcome, Side
from seatrial.engine.waiting.graph import behind, reversed_of
from seatrial.engine.waiting.hearing import Heard
from seatrial.model.wait import Blocked, Cause, Certainty, Contest, Party, Wait

MOST_TOLD = 50  # of those who wait for one cause
_POOL = "contest:"


class Net(msgspec.Struct):
    """Who waits for whom; a contest is a node between those who want its thing and those who keep it."""

    heard: Heard
    outcome: Outcome
    waits: dict[str, list[Wait]]  # by waiter
    left: dict[str, Side]  # who cannot go on for want of what others keep
    graph: dict[str, set[str]]
    back: Mapping[str, list[str]]

    @classmethod
    def of(cls, heard: Heard) -> Net:
        waits: dict[str, list[Wait]] = defaultdict(list)
        graph: dict[str, set[str]] = defaultdict(set)
        known = {wait.waiter for wait in heard.waits if wait.stops and wait.certainty is not Certainty.LIKELY}
        for wait in heard.waits:
            if wait.stops and (wait.certainty is not Certainty.LIKELY or wait.waiter not in known):
                waits[wait.waiter].append(wait)  # a guess is told only of those of whom nothing is known
                graph[wait.waiter].add(wait.holder)
        outcome = bargains.outcome(heard.contests, waits)
        kept = {side.party for side in outcome.left} | waits.keys()
        for side in outcome.left:
            for number, _ in side.waits:
                graph[side.party].add(pool(number))
        for number, contest in enumerate(heard.contests):
            keepers = {one.party for one in contest.stakes if one.tied and one.amount and one.party in kept}
            if keepers:
                graph[pool(number)] |= keepers
        return cls(heard, outcome, waits, {side.party: side for side in outcome.left}, graph, reversed_of(graph))

    def party(self, subject: str) -> Party:
        return self.heard.parties.get(subject) or Party(subject=subject, waiting=0)

    def contest(self, node: str) -> Contest | None:
        return self.heard.contests[int(node.removeprefix(_POOL))] if node.startswith(_POOL) else None

    def blocked(self, ends: Iterable[str], told: Mapping[str, str] | None = None) -> list[Blocked]:
        """Everybody who cannot go on before these are freed; the largest first."""
        ends, told = tuple(ends), told or {}
        found = [node for node in {*behind(self.back, ends), *told} if not node.startswith(_POOL)]
        direct = {node for end in ends for node in self.back.get(end, ())} | told.keys()
        rows = [self._row(node, told.get(node, ""), node in direct) for node in found]
        return sorted(rows, key=lambda row: (not row.directly, -row.accelerators, -row.pods, row.subject))

    def _row(self, subject: str, because: str, directly: bool) -> Blocked:
        party = self.party(subject)
        if not because and subject in self.waits:
            because = self.waits[subject][0].because
        idle = party.held if party.needed else 0
        return Blocked(
            subject=subject,
            because=because,
            pods=party.waiting,
            accelerators=party.accelerators + idle,
            directly=directly,
        )


def pool(number: int) -> str:
    return f"{_POOL}{number}"


class Told(msgspec.Struct):
    """A cause, and all who wait for it, however many."""

    cause: Cause
    told_all: frozenset[str]


def told(heard: Heard, rows: list[Blocked], **cause: object) -> Told:
    source = heard.sources.get(str(cause["source"]))
    shown = Cause(
        **{"prevent": source.prevent if source else "", **cause},  # type: ignore[arg-type]
        blocked=tuple(rows[:MOST_TOLD]),
        waiters=len(rows),
        pods=sum(row.pods for row in rows),
        accelerators=sum(row.accelerators for row in rows),
    )
    return Told(shown, frozenset(row.subject for row in rows))


def amount(contest: Contest, units: int) -> str:
    return f"{units / contest.unit:,.4g}" if contest.unit > 1 else f"{units:,}"
