"""What changed from one Run to another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

import msgspec

from seatrial.model.measure import Measure
from seatrial.model.run import Environment, Run
from seatrial.model.verdict import Outcome


class Shift(StrEnum):
    NEW = "new"  # judged only in the later Run
    GONE = "gone"  # judged only in the earlier one
    FIXED = "fixed"  # failed, and passes now
    BETTER = "better"  # was no verdict, and passes now
    WORSE = "worse"  # fails now, or passes no longer
    DIFFERENT = (
        "different"  # another outcome that is neither better nor worse, such as a failure that can no longer be seen
    )
    UNCHANGED = "unchanged"


class Change(msgspec.Struct, frozen=True):
    key: str
    shift: Shift
    before: Outcome | None
    after: Outcome | None
    because: str  # as the Run says that was the last to judge it


class MeasureChange(msgspec.Struct, frozen=True):
    id: str
    unit: str
    before: float | None
    after: float | None
    not_comparable: str = ""  # why the two numbers cannot be held against each other

    @property
    def ratio(self) -> float | None:
        if self.not_comparable or self.before is None or self.after is None or self.before == 0:
            return None
        return self.after / self.before


class Comparison(msgspec.Struct, frozen=True):
    requirements: tuple[Change, ...]
    findings: tuple[Change, ...]
    measures: tuple[MeasureChange, ...]
    caveats: tuple[str, ...]  # what else differs between the two Runs


Judged = Mapping[str, tuple[Outcome, str]]


def compare(before: Run, after: Run) -> Comparison:
    return Comparison(
        requirements=tuple(_changes(_requirements(before), _requirements(after))),
        findings=tuple(_changes(_findings(before), _findings(after))),
        measures=tuple(_measures(before.measures, after.measures)),
        caveats=tuple(_caveats(before.environment, after.environment)),
    )


def _requirements(run: Run) -> Judged:
    return {f"{one.standard}@{one.version} {one.id}": (one.outcome, one.because) for one in run.requirements}


def _findings(run: Run) -> Judged:
    return {one.key: (one.outcome, one.because) for one in run.findings}


def _changes(before: Judged, after: Judged) -> Iterator[Change]:
    for key in sorted({*before, *after}):
        old, new = (judged[key][0] if key in judged else None for judged in (before, after))
        _, because = after[key] if key in after else before[key]
        yield Change(key, _shift(old, new), old, new, because)


def _shift(before: Outcome | None, after: Outcome | None) -> Shift:
    if before is None:
        return Shift.NEW
    if after is None:
        return Shift.GONE
    if before is after:
        return Shift.UNCHANGED
    if after is Outcome.PASS:
        return Shift.FIXED if before is Outcome.FAIL else Shift.BETTER
    return Shift.WORSE if after is Outcome.FAIL or before is Outcome.PASS else Shift.DIFFERENT


def _measures(before: Iterable[Measure], after: Iterable[Measure]) -> Iterator[MeasureChange]:
    old, new = ({one.key: one for one in measures} for measures in (before, after))
    for id in sorted({*old, *new}):
        was, now = old.get(id), new.get(id)
        unit = now.unit if now else old[id].unit
        yield MeasureChange(id, unit, was.value if was else None, now.value if now else None, _obstacle(was, now))


def _obstacle(was: Measure | None, now: Measure | None) -> str:
    if was is None or now is None:
        return "measured only once"
    if was.unit != now.unit:
        return f"in {was.unit} before and in {now.unit} after"
    return "; ".join(f"{one.why_not_valid or 'not valid'}" for one in (was, now) if not one.valid)


def _caveats(before: Environment, after: Environment) -> Iterator[str]:
    was, now = (
        {
            "kind of environment": one.kind.value,
            "simulated accelerators": {True: "yes", False: "no", None: "not known"}[one.simulated],
            "cluster": one.cluster.uid,
            "Kubernetes version": one.cluster.version,
        }
        for one in (before, after)
    )
    for what, value in was.items():
        if value != now[what]:
            yield f"another {what}: {value or 'not known'} before, {now[what] or 'not known'} after"
