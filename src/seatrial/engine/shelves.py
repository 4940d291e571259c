"""Facts by their subjects, while they change: what stands where, what changed, and what is tied to it."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from seatrial.model.fact import Fact, Ties

Facts = tuple[Fact, ...]
Delta = Mapping[str, tuple[Facts, Facts]]
"""What changed of one kind: by subject, what was there and what is."""

_MANY = 64  # subjects that come or go at once; then sorting again is quicker than making room for each


class Shelf:
    """The facts of one kind, in the order of their subjects. Several views may have one subject; objects have one each."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self._at = by_subject(facts)
        self._order = sorted(self._at)

    def get(self, subject: str) -> Facts:
        return self._at.get(subject, ())

    def facts(self) -> Facts:
        return tuple(chain.from_iterable(map(self._at.__getitem__, self._order)))

    def __iter__(self) -> Iterator[str]:
        return iter(self._order)

    def put(self, wanted: Mapping[str, Facts]) -> Delta:
        """Change these subjects; the answer has those that are now different."""
        delta = {one: (self.get(one), facts) for one, facts in wanted.items() if self.get(one) != facts}
        come = [one for one, (was, _) in delta.items() if not was]
        gone = {one for one, (_, now) in delta.items() if not now}
        for one, (_, now) in delta.items():
            self._at[one] = now
        for one in gone:
            del self._at[one]
        if len(come) + len(gone) > _MANY:
            self._order = sorted(self._at)
            return delta
        for one in gone:
            del self._order[bisect_left(self._order, one)]
        for one in come:
            insort(self._order, one)
        return delta


class Index:
    """The subjects of one kind by what ties their facts to others."""

    def __init__(self, shelf: Shelf, ties: Ties) -> None:
        self._ties = ties
        self._under: dict[str, list[str]] = {}
        for subject in shelf:
            self._add(subject, shelf.get(subject))

    def under(self, tie: str) -> Sequence[str]:
        return self._under.get(tie, ())

    def keys(self, facts: Iterable[Fact]) -> set[str]:
        return {tie for fact in facts for tie in self._ties(fact)}

    def change(self, delta: Delta) -> None:
        for subject, (was, now) in delta.items():
            for tie in self.keys(was):
                self._under[tie].remove(subject)
                if not self._under[tie]:
                    del self._under[tie]
            self._add(subject, now)

    def _add(self, subject: str, facts: Facts) -> None:
        for tie in self.keys(facts):
            self._under.setdefault(tie, []).append(subject)


def by_subject(facts: Iterable[Fact]) -> dict[str, Facts]:
    found: dict[str, Facts] = {}
    for fact in facts:
        subject = fact.subject
        found[subject] = (*found[subject], fact) if subject in found else (fact,)
    return found
