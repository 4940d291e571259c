"""What follows from the facts of one snapshot: the causes, and how things stand. The same snapshot gives the same answer."""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

import msgspec

from seatrial.engine.waiting.causes import causes
from seatrial.engine.waiting.hearing import hear
from seatrial.model.fact import Gap, Snapshot
from seatrial.model.wait import Cause, Party, Source, Standing, Wait

MOST_CAUSES, MOST_WAITS = 200, 2000


class Found(msgspec.Struct, frozen=True):
    """A Diagnosis without what the engine does not know: who asked, and where."""

    standing: Standing
    headline: str
    causes: tuple[Cause, ...]
    waits: tuple[Wait, ...]
    waiting_pods: int
    waiting_accelerators: int
    blind: tuple[Gap, ...]
    left_out: dict[str, int]


def diagnose(sources: Iterable[Source], snapshot: Snapshot, about: Collection[str] = ()) -> Found:
    """``about`` are parties, or the pods of some: then only what concerns them is told."""
    with _facts_left_alone():
        heard = hear(sources, snapshot)
        every = causes(heard)
    asked = _parties(set(about), heard.parties.values())
    chosen = [one for one in every if not about or asked & (one.told_all | {one.cause.holder})]
    waits = [wait for wait in heard.waits if not about or {wait.waiter, wait.holder} & asked]
    shown = tuple(one.cause for one in chosen[:MOST_CAUSES])
    parties = [one for one in heard.parties.values() if not about or one.subject in asked]
    pods, accelerators = sum(one.waiting for one in parties), sum(one.accelerators for one in parties)
    standing = _standing(shown, heard.blind)
    return Found(
        standing=standing,
        headline=_headline(standing, shown, pods, len(heard.blind)),
        causes=shown,
        waits=tuple(sorted(waits, key=lambda one: (one.source, one.waiter, one.holder, one.what))[:MOST_WAITS]),
        waiting_pods=pods,
        waiting_accelerators=accelerators,
        blind=tuple(heard.blind),
        left_out={
            what: more
            for what, more in (("causes", len(chosen) - MOST_CAUSES), ("waits", len(waits) - MOST_WAITS))
            if more > 0
        },
    )


@contextmanager
def _facts_left_alone() -> Iterator[None]:
    """The garbage collector would look again and again through millions of facts that all stay."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _standing(found: tuple[Cause, ...], blind: list[Gap]) -> Standing:
    if found:
        return Standing.STUCK if any(one.stops for one in found) else Standing.BADLY
    return Standing.UNKNOWN if blind else Standing.FLOWS


def _parties(about: set[str], parties: Iterable[Party]) -> set[str]:
    """These, and those to whom they belong."""
    return about | {one.subject for one in parties if not about.isdisjoint(one.members)} if about else set()


def _headline(standing: Standing, found: tuple[Cause, ...], pods: int, blind: int) -> str:
    if standing is Standing.FLOWS:
        return "nothing waits"
    if standing is Standing.UNKNOWN:
        return f"nothing was seen to wait, and {blind} sources of waiting could not be looked into"
    first = found[0]
    kind = "a deadlock" if first.deadlock else first.source
    more = f", and {len(found) - 1} more cause{'s' if len(found) > 2 else ''}" if len(found) > 1 else ""
    many = f"{pods:,} pod waits" if pods == 1 else f"{pods:,} pods wait"
    stand = many if standing is Standing.STUCK else "nothing waits, and something runs badly"
    return f"{stand}; {kind}: {first.holder}{more}"
