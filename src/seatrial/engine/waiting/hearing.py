"""Runs every Source over a Snapshot. One that cannot read what it needs, or breaks, is told as blind, never as nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from seatrial.model.fact import Fact, Gap, GapReason, Snapshot, View
from seatrial.model.wait import Contest, Party, Source, Wait


class Heard(msgspec.Struct):
    waits: list[Wait] = []
    contests: list[Contest] = []
    parties: dict[str, Party] = {}
    sources: dict[str, Source] = {}
    blind: list[Gap] = []


def hear(sources: Iterable[Source], snapshot: Snapshot) -> Heard:
    heard = Heard()
    for one in sorted(sources, key=lambda source: source.id):
        heard.sources[one.id] = one
        gaps = [gap for kind in one.parameters.values() if (gap := _gap(snapshot, kind)) is not None]
        if gaps:
            heard.blind += [Gap(one.id, gap.reason, f"{gap.resource}: {gap.detail}") for gap in gaps[:1]]
            continue
        try:
            _sort(heard, one, one.find(**{name: snapshot.all(kind) for name, kind in one.parameters.items()}))
        except Exception as error:  # noqa: BLE001 - the code of a source is anybody's, and its crash is told
            heard.blind.append(Gap(one.id, GapReason.UNREADABLE, f"crashed: {type(error).__name__}: {error}"))
    return heard


def _sort(heard: Heard, source: Source, found: Iterable[Any]) -> None:
    for one in found:
        match one:
            case Party():
                heard.parties[one.subject] = _joined(heard.parties.get(one.subject), one)
            case Wait():
                heard.waits.append(msgspec.structs.replace(one, source=source.id))
            case Contest():
                heard.contests.append(msgspec.structs.replace(one, source=source.id))
            case _:
                raise TypeError(f"it gave a {type(one).__name__} instead of a Wait, a Contest or a Party")


def _joined(before: Party | None, one: Party) -> Party:
    """Two sources may know of the same party: one of the pods that there are, another of those that nobody has made yet."""
    if before is None:
        return one
    return msgspec.structs.replace(
        before,
        waiting=before.waiting + one.waiting,
        running=before.running + one.running,
        needed=max(before.needed, one.needed),
        accelerators=before.accelerators + one.accelerators,
        held=before.held + one.held,
        members=before.members + one.members,
        release=before.release or one.release,
    )


def _gap(snapshot: Snapshot, kind: type[Fact]) -> Gap | None:
    """A view stands on the first of what it is drawn from; without the others it says less, and nothing wrong."""
    if issubclass(kind, View):
        return _gap(snapshot, kind.drawn_from[0])
    gap = snapshot.gap(kind)
    return gap if gap is not None and gap.reason is not GapReason.ABSENT else None
