"""A Snapshot that goes on: facts change, and of the views only what is tied to a change is drawn again.

Nothing is ever changed in place that somebody else could see: each step ends in a Snapshot of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from seatrial.engine.shelves import Delta, Facts, Index, Shelf, by_subject
from seatrial.model.fact import Fact, Gap, GapReason, Snapshot, Ties, View, sources

Changes = Mapping[str, Mapping[str, Fact | None]]
"""By resource and subject: the object as it is now, or None where it is gone."""


class Step(msgspec.Struct, frozen=True):
    """What came of some changes: by kind, views among them, what is different; and of which kinds that cannot be told."""

    deltas: Mapping[str, Delta]
    regapped: frozenset[str]  # another gap, or none any more
    unknown: frozenset[str]  # views that nobody has drawn yet, or that could not be


class Standing:
    def __init__(self, snapshot: Snapshot, views: Iterable[type[Fact]]) -> None:
        """``views``: those that somebody may ask for; others are forgotten when something changes."""
        self._views = tuple(dict.fromkeys(one for view in views for one in in_order(view)))
        self._shelves = {of: Shelf(facts) for of, facts in snapshot.facts.items()}
        self._indexes: dict[tuple[str, Ties], Index] = {}
        self.snapshot = snapshot.succeeded(
            {of: shelf.facts() for of, shelf in self._shelves.items()}, snapshot.gaps, drawn={}
        )

    def prepare(self) -> None:
        """What a first change would otherwise have to wait for."""
        for view in self._views:
            if view.of in self.snapshot.drawn:
                self._shelf(view)
                for source, ties in view.ties.items():
                    self._index(source, ties)

    def take(self, changes: Changes, gaps: Mapping[str, Gap | None] | None = None) -> Step:
        before = self.snapshot
        regapped = {of for of, gap in (gaps or {}).items() if before.gaps.get(of) != gap}
        deltas: dict[str, Delta] = {}
        for of, changed in changes.items():
            wanted = {one: (fact,) if fact is not None else () for one, fact in changed.items()}
            self._put(of, self._shelves.setdefault(of, Shelf(())), wanted, deltas)
        drawn: dict[str, Facts] = {}
        unknown: set[str] = set()
        known = _changed(before.gaps, gaps or {})
        now = before.succeeded(self._facts(before, known, regapped | deltas.keys()), known, drawn)
        for view in self._views:
            if view.of in before.drawn and self._is_drawn(view, now, deltas, regapped, unknown):
                drawn[view.of] = self._shelf(view).facts() if view.of in deltas else before.drawn[view.of]
            else:
                unknown.add(view.of)
                self._forget(view)
        self.snapshot = now
        return Step(deltas, frozenset(regapped), frozenset(unknown))

    def _facts(self, before: Snapshot, gaps: Mapping[str, Gap], touched: Iterable[str]) -> dict[str, Facts]:
        """What could not be read at all is not there; that is not the same as being empty."""
        facts = dict(before.facts)
        for of in touched:
            gap = gaps.get(of)
            if gap is None or gap.reason is GapReason.UNREADABLE:
                facts[of] = self._shelves[of].facts() if of in self._shelves else ()
            else:
                facts.pop(of, None)
        return facts

    def _is_drawn(
        self, view: type[View], now: Snapshot, deltas: dict[str, Delta], regapped: set[str], unknown: set[str]
    ) -> bool:
        """False where that broke: whoever asks for it then breaks in the same way, and says so."""
        shelf, around = self._shelf(view), {one.of for one in (*view.drawn_from, *view.ties)}
        if is_blind := not around.isdisjoint(unknown):
            around = {one.of for one in sources(view)}
        try:
            if not around.isdisjoint(regapped):
                regapped.add(view.of)
                self._put(view.of, shelf, self._whole(view, now), deltas)
            elif not around.isdisjoint(deltas):
                anew = self._whole(view, now) if is_blind or not view.ties else self._tied(view, now, deltas)
                self._put(view.of, shelf, anew, deltas)
        except Exception:  # noqa: BLE001 - what draws is anybody's, as are checks
            return False
        return True

    def _forget(self, view: type[View]) -> None:
        self._shelves.pop(view.of, None)
        for kind, ties in [key for key in self._indexes if key[0] == view.of]:
            del self._indexes[kind, ties]

    def _put(self, of: str, shelf: Shelf, wanted: Mapping[str, Facts], deltas: dict[str, Delta]) -> None:
        if delta := shelf.put(wanted):
            deltas[of] = delta
            for (kind, _), index in self._indexes.items():
                if kind == of:
                    index.change(delta)

    def _whole(self, view: type[View], now: Snapshot) -> dict[str, Facts]:
        return dict.fromkeys(self._shelf(view), ()) | by_subject(view.draw(now))

    def _tied(self, view: type[View], now: Snapshot, deltas: Mapping[str, Delta]) -> dict[str, Facts]:
        """What was drawn from everything that is tied to the changes goes; what is drawn from it now comes."""
        reached = self._reached(view, deltas)
        was = by_subject(view.draw(self._part(now, view, reached, deltas, 0)))
        came = by_subject(view.draw(self._part(now, view, reached, deltas, 1)))
        shelf = self._shelf(view)
        return {one: _instead(shelf.get(one), was.get(one, ()), came.get(one, ())) for one in was | came}

    def _reached(self, view: type[View], deltas: Mapping[str, Delta]) -> dict[type[Fact], set[str]]:
        """The subjects of each source that are tied to a change, be it by way of others."""
        indexes = {kind: self._index(kind, ties) for kind, ties in view.ties.items()}
        reached = {kind: set(deltas.get(kind.of, ())) for kind in indexes}
        todo = {
            tie
            for kind, index in indexes.items()
            for was, came in deltas.get(kind.of, {}).values()
            for tie in index.keys((*was, *came))
        }
        followed: set[str] = set()
        while todo:
            followed |= todo
            found: set[str] = set()
            for kind, index in indexes.items():
                more = {subject for tie in todo for subject in index.under(tie)} - reached[kind]
                reached[kind] |= more
                shelf = self._shelf(kind)
                found |= index.keys(fact for subject in more for fact in shelf.get(subject))
            todo = found - followed
        return reached

    def _part(
        self,
        now: Snapshot,
        view: type[View],
        reached: Mapping[type[Fact], set[str]],
        deltas: Mapping[str, Delta],
        moment: int,
    ) -> Snapshot:
        """A Snapshot of nothing else: ``moment`` 0 is before the changes, 1 after."""
        chosen: dict[str, Facts] = {}
        for kind, subjects in reached.items():
            delta, shelf = deltas.get(kind.of, {}), self._shelf(kind)
            chosen[kind.of] = tuple(
                fact for one in sorted(subjects) for fact in (delta[one][moment] if one in delta else shelf.get(one))
            )
        views = {kind.of for kind in reached if issubclass(kind, View)}
        facts = dict.fromkeys(now.facts, ()) | {
            of: some for of, some in chosen.items() if of not in views and of in now.facts
        }
        return now.succeeded(facts, now.gaps, {of: some for of, some in chosen.items() if of in views})

    def _shelf(self, kind: type[Fact]) -> Shelf:
        if kind.of not in self._shelves:
            self._shelves[kind.of] = Shelf(self.snapshot.all(kind))
        return self._shelves[kind.of]

    def _index(self, kind: type[Fact], ties: Ties) -> Index:
        if (kind.of, ties) not in self._indexes:
            self._indexes[kind.of, ties] = Index(self._shelf(kind), ties)
        return self._indexes[kind.of, ties]


def in_order(kind: type[Fact]) -> Iterator[type[View]]:
    """A view after those that it is drawn from."""
    if issubclass(kind, View):
        for one in kind.drawn_from:
            yield from in_order(one)
        yield kind


def _instead(there: Facts, was: Facts, came: Facts) -> Facts:
    if there == was:
        return came
    rest = list(there)
    for one in was:
        if one in rest:
            rest.remove(one)
    return (*rest, *came)


def _changed(gaps: Mapping[str, Gap], by: Mapping[str, Gap | None]) -> dict[str, Gap]:
    merged: Mapping[str, Gap | None] = {**gaps, **by}
    return {of: gap for of, gap in merged.items() if gap is not None}
