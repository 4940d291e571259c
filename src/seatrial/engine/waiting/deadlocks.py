"""Circles of waiting, and the smallest set of actions that opens one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import msgspec

from seatrial.engine.waiting.contests import MOST_EXACT, smallest
from seatrial.engine.waiting.graph import circles, shortest_circle
from seatrial.engine.waiting.net import Net, Told, told
from seatrial.model.wait import DEADLOCK, Action, Certainty

_MOST_DRAWN = 200  # parties of one circle
PREVENT = (
    "let a gang scheduler start each of them whole or not at all: the Workload API of Kubernetes (PodGroup with minCount), "
    "Kueue with waitForPodsReady, or Volcano with its gang plugin; and keep quota at or below what the nodes have"
)


def deadlocks(net: Net, rings: list[tuple[str, ...]]) -> Iterator[Told]:
    locked = {side.party for side in net.outcome.locked}
    for ring in rings:
        edges = [wait for node in ring for wait in net.waits.get(node, ()) if wait.holder in ring]
        parties = tuple(node for node in ring if net.contest(node) is None and (edges or node in locked))
        if len(parties) < 2:
            continue
        actions, exact, bound = _freed(net, ring, parties) if edges else _given_back(net, parties)
        things = sorted({c.what for node in ring if (c := net.contest(node))} | {wait.what for wait in edges})
        rows = net.blocked(parties, {party: _stand(net, party) for party in parties})
        way = shortest_circle(_among(net, parties), parties)
        yield told(
            net.heard,
            rows,
            source=DEADLOCK,
            holder=_few(parties),
            what=", ".join(things),
            because=f"{len(parties)} hold what the others need and wait for the rest: "
            + "; ".join(f"{party} {_stand(net, party)}" for party in parties[:6]),
            certainty=Certainty.COMPUTED,
            deadlock=True,
            cycle=way,
            actions=actions,
            smallest=exact,
            bound=bound,
            prevent=PREVENT,
        )


def _few(parties: tuple[str, ...]) -> str:
    more = len(parties) - 2
    return " and ".join(parties[:2]) + (f" and {more} more" if more > 0 else "")


def _among(net: Net, parties: tuple[str, ...]) -> dict[str, set[str]]:
    """Which of them waits for which other, whatever stands between them."""
    few = set(parties[:_MOST_DRAWN])
    found: dict[str, set[str]] = {}
    for party in few:
        near = set(net.graph.get(party, ()))
        for node in list(near):
            if net.contest(node) is not None:
                near |= set(net.graph.get(node, ()))
        found[party] = (near & few) - {party}
    return found


def _stand(net: Net, party: str) -> str:
    side = net.left.get(party)
    if side is None:
        waits = net.waits.get(party, [])
        return f"waits for {waits[0].what}" if waits else "waits"
    parts = []
    for number, contest in enumerate(net.heard.contests):
        holds = sum(stake.amount for at, stake in side.stakes if at == number) // contest.unit
        wants = sum(stake.missing for at, stake in side.waits if at == number) // contest.unit
        if holds or wants:
            parts.append(f"holds {holds:,} {contest.what} and wants {wants:,} more")
    return ", ".join(parts)


def _given_back(net: Net, parties: tuple[str, ...]) -> tuple[tuple[Action, ...], bool, str]:
    """By arithmetic: who has to let go so that the others run one after another."""
    sides = tuple(side for side in net.outcome.locked if side.party in parties)
    units = [contest.unit for contest in net.heard.contests]
    chosen, exact, bound = smallest(net.outcome.after, sides, units)
    lost = {side.party: sum(stake.amount // units[at] for at, stake in side.stakes) for side in chosen}
    return tuple(_release(net, party, lost[party]) for party in sorted(lost)), exact, bound


def _freed(net: Net, ring: tuple[str, ...], parties: tuple[str, ...]) -> tuple[tuple[Action, ...], bool, str]:
    """By the graph: which of them have to go so that no circle is left."""

    def opened(gone: frozenset[str]) -> bool:
        graph = {node: [one for one in net.graph.get(node, ()) if one in ring and one not in gone] for node in ring}
        return not circles({node: following for node, following in graph.items() if node not in gone})

    cost = {party: net.party(party).held for party in parties}
    if len(parties) <= MOST_EXACT:
        sets = (frozenset(some) for size in range(1, len(parties) + 1) for some in combinations(parties, size))
        chosen = min(
            (some for some in sets if opened(some)),
            key=lambda some: (sum(map(cost.__getitem__, some)), len(some), sorted(some)),
        )
        return tuple(_release(net, party, cost[party]) for party in sorted(chosen)), True, ""
    gone: frozenset[str] = frozenset()
    for party in sorted(parties, key=lambda one: (cost[one], one)):
        gone |= {party}
        if opened(gone):
            break
    for party in sorted(gone, key=lambda one: (-cost[one], one)):
        if opened(gone - {party}):
            gone -= {party}
    bound = f"not every set of {len(parties)} was tried; none of these can be left out"
    return tuple(_release(net, party, cost[party]) for party in sorted(gone)), False, bound


def _release(net: Net, party: str, lost: int) -> Action:
    release = net.party(party).release or Action(f"end {party}")
    return msgspec.structs.replace(release, lost=lost)
