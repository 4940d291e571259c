"""Causes: what others wait for and what waits for nobody itself; circles; and things of which there is too little."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

import msgspec

from seatrial.engine.waiting.contests import Side
from seatrial.engine.waiting.deadlocks import deadlocks
from seatrial.engine.waiting.graph import circles
from seatrial.engine.waiting.hearing import Heard
from seatrial.engine.waiting.net import Net, Told, amount, told
from seatrial.model.wait import Action, Blocked, Cause, Certainty, Contest, Wait

WEIGHTS: Mapping[Certainty, float] = {Certainty.CERTAIN: 1.0, Certainty.COMPUTED: 0.8, Certainty.LIKELY: 0.5}


def causes(heard: Heard) -> list[Told]:
    """Ranked: what stops others before what slows them, then by accelerators that wait, by how sure one can be."""
    net = Net.of(heard)
    rings = circles(net.graph)
    found = [*deadlocks(net, rings), *_roots(net, rings), *_short(net), *_slow(heard)]
    explained = {row for cause in found for row in cause.told_all}
    found += _unexplained(net, explained)
    ranked = sorted(found, key=lambda one: _order(one.cause))
    return [
        Told(msgspec.structs.replace(one.cause, rank=rank), one.told_all) for rank, one in enumerate(ranked, start=1)
    ]


def _order(cause: Cause) -> tuple[object, ...]:
    weight = WEIGHTS[cause.certainty]
    return (
        not cause.stops,
        -cause.accelerators * weight,
        not cause.deadlock,
        -cause.pods * weight,
        -cause.waiters,
        cause.source,
        cause.holder,
        cause.what,
    )


def _roots(net: Net, rings: list[tuple[str, ...]]) -> Iterator[Told]:
    """Holders that wait for nobody, each with what kind of trouble it is."""
    inside = {node for ring in rings for node in ring}
    by_holder: dict[tuple[str, str], list[Wait]] = defaultdict(list)
    for waits in net.waits.values():
        for wait in waits:
            if not net.graph.get(wait.holder) and wait.holder not in inside:
                by_holder[wait.source, wait.holder].append(wait)
    for (source, holder), waits in by_holder.items():
        first = min(waits, key=lambda wait: (list(Certainty).index(wait.certainty), wait.waiter))
        rows = net.blocked((holder,))
        yield told(
            net.heard,
            rows,
            source=source,
            holder=holder,
            what=first.what,
            because=first.because,
            certainty=first.certainty,
            actions=_together(waits),
        )


def _together(waits: list[Wait]) -> tuple[Action, ...]:
    actions = {(action.what, action.command): action for wait in waits for action in wait.actions}
    return tuple(actions[key] for key in sorted(actions))


def _slow(heard: Heard) -> Iterator[Told]:
    """What runs, and runs badly."""
    by_holder: dict[tuple[str, str], list[Wait]] = defaultdict(list)
    for wait in heard.waits:
        if not wait.stops:
            by_holder[wait.source, wait.holder].append(wait)
    for (source, holder), waits in by_holder.items():
        rows = []
        for subject, because in sorted({wait.waiter: wait.because for wait in reversed(waits)}.items()):
            party = heard.parties.get(subject)
            rows.append(
                Blocked(
                    subject=subject,
                    because=because,
                    pods=party.running + party.waiting if party else 0,
                    accelerators=party.held + party.accelerators if party else 0,
                )
            )
        first = waits[0]
        yield told(
            heard,
            sorted(rows, key=lambda row: (-row.accelerators, row.subject)),
            source=source,
            holder=holder,
            what=first.what,
            because=first.because,
            certainty=first.certainty,
            stops=False,
            actions=_together(waits),
        )


def _short(net: Net) -> Iterator[Told]:
    """Things of which there is too little: for now, as long as others never end, or for ever."""
    for kind, sides in (("later", net.outcome.later), ("starved", net.outcome.starved), ("never", net.outcome.never)):
        by_contest: dict[int, list[Side]] = defaultdict(list)
        for side in sides:
            for number, _ in side.waits:
                by_contest[number].append(side)
        for number, some in by_contest.items():
            contest = net.heard.contests[number]
            rows = net.blocked((), {side.party: _missing(side, number, contest) for side in some})
            yield told(
                net.heard,
                rows,
                source=contest.source,
                holder=f"{contest.place}: {contest.what}",
                what=contest.what,
                because=_because(kind, contest, some, number),
                certainty=Certainty.COMPUTED,
                actions=_room(net, contest, number, some) if kind != "never" else (),
            )


def _missing(side: Side, number: int, contest: Contest) -> str:
    wants = sum(stake.missing for at, stake in side.waits if at == number)
    holds = sum(stake.amount for at, stake in side.stakes if at == number)
    return f"wants {amount(contest, wants)} more {contest.what}, and holds {amount(contest, holds)}"


def _because(kind: str, contest: Contest, sides: list[Side], number: int) -> str:
    free = sum(one for one in contest.free.values() if one > 0)
    held = sum(stake.amount for stake in contest.stakes)
    wants = sum(stake.missing for side in sides for at, stake in side.waits if at == number)
    pieces = ", though not in pieces of that size" if free >= wants else ""
    stand = f"{amount(contest, wants)} {contest.what} are wanted, {amount(contest, free)} free and {amount(contest, held)} held on {contest.place}{pieces}"
    ends = {
        "later": "who waits gets them when others end",
        "starved": "those who hold them never end by themselves",
        "never": "even with all of them free they would not do, or not in pieces of that size",
    }
    return f"{stand}; {ends[kind]}"


def _room(net: Net, contest: Contest, number: int, sides: list[Side]) -> tuple[Action, ...]:
    """The one party whose end makes room for the smallest wish, and whose loss is least."""
    smallest = min(sides, key=lambda side: side.order)
    wants = [stake.missing for at, stake in smallest.waits if at == number]
    lacking = sum(wants) - max(0, sum(one for one in contest.free.values() if one > 0))
    able = sorted(
        (stake.amount, stake.party)
        for stake in contest.stakes
        if not stake.wants and stake.amount >= max(1, lacking) and net.party(stake.party).release
    )
    if not able:
        return ()
    release = net.party(able[0][1]).release
    return (msgspec.structs.replace(release, lost=able[0][0] // contest.unit),) if release else ()


def _unexplained(net: Net, explained: set[str]) -> Iterator[Told]:
    for subject, party in sorted(net.heard.parties.items()):
        if not party.waiting or subject in explained:
            continue
        row = Blocked(subject=subject, because="nothing that was read says why", pods=party.waiting)
        yield told(
            net.heard,
            [msgspec.structs.replace(row, accelerators=party.accelerators)],
            source="unexplained",
            holder=subject,
            what="an unknown thing",
            because=f"{party.waiting} pods wait, and nothing that was read says for what",
            certainty=Certainty.LIKELY,
        )
