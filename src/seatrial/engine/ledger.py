"""What one check has said of each subject. Of the many things that are well only the number is kept, as only it is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from seatrial.engine.judge import FOLDED, folded
from seatrial.model.check import Check
from seatrial.model.verdict import Finding, Outcome

Said = tuple[Finding | Outcome, ...]
"""Of one subject; an outcome alone is one of many that are told as a number."""


class Ledger:
    def __init__(self, check: Check, said: Mapping[str, tuple[Finding, ...]], *, has_objects: bool) -> None:
        self.said: dict[str, Said] = {}
        self.has_objects = has_objects
        self._check = check
        self._room: Mapping[Outcome, int] = FOLDED if check.per_object else {}
        self._many: Counter[Outcome] = Counter()
        self._bare: Counter[Outcome] = Counter()
        self.change(said)

    @property
    def is_short_of_words(self) -> bool:
        """So few are left of what was a number that each has to be told, and what it was is no longer known."""
        return any(self._bare[one] and self._many[one] <= most for one, most in self._room.items())

    def change(self, said: Mapping[str, tuple[Finding, ...]]) -> dict[str, Said]:
        """Write what is said of these subjects now; the answer is what was said before."""
        before = {subject: self.said.pop(subject, ()) for subject in said}
        for ones in before.values():
            self._count(ones, -1)
        for subject, findings in said.items():
            self._many.update(one.outcome for one in findings)
            if findings:
                self.said[subject] = kept = tuple(map(self._kept, findings))
                self._bare.update(one for one in kept if isinstance(one, Outcome))
        return before

    def findings(self, order: Iterable[str]) -> Iterator[Finding]:
        fold = [outcome for outcome, most in self._room.items() if self._many[outcome] > most]
        for subject in order:
            for one in self.said[subject]:
                if isinstance(one, Finding) and one.outcome not in fold:
                    yield one
        yield from (folded(self._check, outcome, self._many) for outcome in fold)

    def _count(self, ones: Said, by: int) -> None:
        for one in ones:
            if isinstance(one, Finding):
                self._many[one.outcome] += by
            else:
                self._many[one] += by
                self._bare[one] += by

    def _kept(self, one: Finding) -> Finding | Outcome:
        return one.outcome if self._many[one.outcome] > self._room.get(one.outcome, self._many[one.outcome]) else one
