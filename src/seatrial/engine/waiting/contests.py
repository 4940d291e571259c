"""Who of those that want parts of things will have them one day.

Those who have all they want run, end and give back, and so one after another; who is left then can only wait. Where those
that are left hold what the others need, it is a deadlock: hold and wait, in a circle. How long it lasted says nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import combinations

import msgspec

from seatrial.engine.waiting.ledger import Ledger
from seatrial.model.wait import Contest, Stake

MOST_EXACT = 12  # parties of a deadlock among whose sets the smallest is looked for one by one

Stakes = tuple[tuple[int, Stake], ...]  # of one party, each with the number of its contest


class Side(msgspec.Struct, frozen=True):
    """One party in all contests together."""

    party: str
    stakes: Stakes
    waits: Stakes  # those of which less is free now than it wants

    @property
    def amount(self) -> int:
        return sum(stake.amount for _, stake in self.stakes)

    @property
    def order(self) -> tuple[int, str]:
        return sum(stake.missing for _, stake in self.waits), self.party


class Outcome(msgspec.Struct, frozen=True):
    """Parties that want more than is free now, each in one of these."""

    after: list[Ledger]  # what is free when all have ended that can
    later: tuple[Side, ...] = ()  # when others end
    locked: tuple[Side, ...] = ()  # they hold what others of them need
    behind: tuple[Side, ...] = ()  # for what others keep that wait themselves
    starved: tuple[Side, ...] = ()  # for what others keep that never end
    never: tuple[Side, ...] = ()  # there is not so much of it

    @property
    def left(self) -> tuple[Side, ...]:
        return (*self.locked, *self.behind, *self.starved)


def outcome(contests: Sequence[Contest], blocked: Collection[str] = ()) -> Outcome:
    """``blocked`` parties wait for something else, so that they do not end."""
    now, after = _ledgers(contests), _ledgers(contests)
    total = _ledgers(contests)
    for number, contest in enumerate(contests):
        for stake in contest.stakes:
            total[number].give(stake.holds)
    waiting, calm = _sides(contests, now)
    never = [side for side in waiting if not _could(total, side)]
    hopeless = {side.party for side in never}
    for number, stake in calm:
        if stake.ends and (not stake.tied or stake.party not in blocked):
            after[number].give(stake.holds)
    left = reduced(after, [side for side in waiting if side.party not in hopeless], blocked)
    locked = _locked(left, after)
    stuck, circle = {side.party for side in left}, {side.party for side in locked}
    kept = [ledger.copy() for ledger in after]
    for number, contest in enumerate(contests):
        for stake in contest.stakes:
            if stake.tied and (stake.party in stuck or stake.party in blocked):
                kept[number].give(stake.holds)
    behind = [side for side in left if side.party not in circle and _could(kept, side)]
    told, gone = circle | {side.party for side in behind}, stuck | hopeless
    return Outcome(
        after=after,
        later=tuple(side for side in waiting if side.party not in gone),
        locked=locked,
        behind=tuple(behind),
        starved=tuple(side for side in left if side.party not in told),
        never=tuple(never),
    )


def reduced(ledgers: list[Ledger], waiting: Iterable[Side], blocked: Collection[str] = ()) -> list[Side]:
    """Who is left when nobody can go on; the ledgers have what all others gave back.

    The smallest wish comes first, so that one round is nearly always enough.
    """
    left = sorted(waiting, key=lambda one: one.order)
    while True:
        still = []
        for side in left:
            if side.party in blocked or not _fits(ledgers, side):
                still.append(side)
            else:
                _give(ledgers, side, ending=True)
        if len(still) == len(left):
            return still
        left = still


def smallest(after: list[Ledger], locked: tuple[Side, ...], units: Sequence[int]) -> tuple[tuple[Side, ...], bool, str]:
    """Which of them have to give back so that the others run: by what is lost. Whether no set is smaller, and else by how much."""
    if len(locked) <= MOST_EXACT:
        return next(chosen for chosen in _by_cost(locked) if _frees(after, locked, chosen)), True, ""
    chosen: list[Side] = []
    for side in sorted(locked, key=lambda one: (one.amount, one.party)):
        chosen.append(side)
        if _frees(after, locked, tuple(chosen)):
            break
    for side in sorted(chosen, key=lambda one: (-one.amount, one.party)):
        without = tuple(one for one in chosen if one is not side)
        if _frees(after, locked, without):
            chosen = list(without)
    least = min(sum(stake.amount // units[number] for number, stake in side.stakes) for side in locked)
    bound = f"not every set of {len(locked)} was tried: none of these can be left out, and no set gives up less than {least:,}"
    return tuple(chosen), False, bound


def _by_cost(locked: tuple[Side, ...]) -> Iterator[tuple[Side, ...]]:
    sets = (chosen for size in range(1, len(locked) + 1) for chosen in combinations(locked, size))
    yield from sorted(sets, key=lambda one: (sum(side.amount for side in one), len(one), [side.party for side in one]))


def _frees(after: list[Ledger], locked: tuple[Side, ...], chosen: tuple[Side, ...]) -> bool:
    ledgers, released = [ledger.copy() for ledger in after], {side.party for side in chosen}
    for side in chosen:
        _give(ledgers, side)
    return not reduced(ledgers, [side for side in locked if side.party not in released])


def _ledgers(contests: Sequence[Contest]) -> list[Ledger]:
    return [Ledger(contest.free) for contest in contests]


def _sides(contests: Sequence[Contest], now: list[Ledger]) -> tuple[list[Side], list[tuple[int, Stake]]]:
    """Those who wait, and the stakes of all others."""
    by_party: dict[str, list[tuple[int, Stake]]] = defaultdict(list)
    calm: list[tuple[int, Stake]] = []
    for number, contest in enumerate(contests):
        for stake in contest.stakes:
            if stake.tied or stake.wants:
                by_party[stake.party].append((number, stake))
            else:
                calm.append((number, stake))
    waiting = []
    for party, stakes in by_party.items():
        waits = tuple((number, stake) for number, stake in stakes if not now[number].fits(stake.wants))
        if waits:
            waiting.append(Side(party, tuple(stakes), waits))
        else:
            calm += stakes
    return waiting, calm


def _locked(left: list[Side], after: list[Ledger]) -> tuple[Side, ...]:
    """Of those that are left, the ones that hold something and could go on with what the others of them hold."""
    holding = [side for side in left if side.amount]
    ledgers = [ledger.copy() for ledger in after]
    for side in holding:
        _give(ledgers, side)
    while True:
        out = {side.party for side in holding if not _could(ledgers, side)}
        if not out:
            return tuple(holding) if len(holding) > 1 else ()
        for side in holding:
            if side.party in out:
                _give(ledgers, side, sign=-1)
        holding = [side for side in holding if side.party not in out]


def _fits(ledgers: list[Ledger], side: Side) -> bool:
    return all(ledgers[number].fits(stake.wants) for number, stake in side.waits)


def _could(ledgers: list[Ledger], side: Side) -> bool:
    """With what the ledgers have and it does not hold itself."""
    own = {number: stake.holds for number, stake in side.stakes}
    return all(ledgers[number].fits_without(stake.wants, own[number]) for number, stake in side.waits)


def _give(ledgers: list[Ledger], side: Side, sign: int = 1, *, ending: bool = False) -> None:
    for number, stake in side.stakes:
        if stake.holds and (stake.ends or not ending):
            ledgers[number].give(stake.holds, sign)
