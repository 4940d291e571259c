"""Takes Measures: each Metric is called as a Check would be, on the same docket and the same benches.

Every metric ends in at least one Measure: where nothing could be measured, one that says why. Its finding tells whether what was
measured is as it should be.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from seatrial.engine.catalog import Catalog
from seatrial.engine.hearing import OpenBench
from seatrial.engine.judge import Judged, Stopped, judge
from seatrial.engine.plan import Plan, plan
from seatrial.model.check import Check, Judge
from seatrial.model.errors import Interrupted
from seatrial.model.evidence import Evidence
from seatrial.model.fact import Snapshot
from seatrial.model.measure import Measure, Target, held_against
from seatrial.model.metric import Means, Metric, Taken
from seatrial.model.progress import Tell, silent
from seatrial.model.role import Role
from seatrial.model.verdict import Finding, Severity, Verdict, failed, not_applicable, passed, unknown


class Measured(msgspec.Struct, frozen=True):
    measures: tuple[Measure, ...]
    findings: tuple[Finding, ...]
    evidence: tuple[Evidence, ...]


class Cut(Interrupted):
    """Measuring was cancelled; ``so_far`` is what was finished."""

    def __init__(self, so_far: Measured) -> None:
        super().__init__("stopped before everything was measured", way_out="run it again to measure the rest")
        self.so_far = so_far


async def measure(
    catalog: Catalog,
    metrics: Sequence[Metric],
    snapshot: Snapshot,
    *,
    open_bench: OpenBench | None,
    means: Means,
    targets: Mapping[str, Target],
    simulated: bool | None,
    tell: Tell = silent,
    deadline: float = 1800.0,
) -> Measured:
    """``targets`` are instead of the metrics' own, by the id of a measure. Cancellation ends in ``Cut``."""
    table = _Table(metrics, means, targets, simulated=bool(simulated))
    checks = [table.as_check(one) for one in metrics]
    try:
        judged = await judge(
            catalog, checks, snapshot, open_bench=open_bench, clock=means.clock, tell=tell, deadline=deadline
        )
    except Stopped as stopped:
        raise Cut(table.measured(stopped.so_far)) from None
    return table.measured(judged)


def as_check(metric: Metric, judge: Judge | None = None) -> Check:
    """What a docket wants to know of a metric; without somebody who judges it is for a plan alone."""
    return Check(
        id=metric.id,
        severity=Severity.MEDIUM,
        title=metric.title,
        why=metric.how,
        fix=metric.fix,
        judge=judge or _nobody,
        parameters=metric.parameters,
        creates=metric.creates,
        exclusive=metric.exclusive,
        uses=metric.uses,
    )


def intention(catalog: Catalog, metrics: Sequence[Metric], snapshot: Snapshot | None = None) -> Plan:
    """What measuring needs to read, and what it would create and watch."""
    planned = plan(catalog, map(as_check, metrics), snapshot)
    watched = {one.id: one.looks_at for one in metrics}
    acts = (msgspec.structs.replace(act, looks_at=(*act.looks_at, *watched[act.check.id])) for act in planned.acts)
    return msgspec.structs.replace(planned, acts=tuple(acts))


def _nobody(**arguments: Any) -> Verdict:
    return unknown("nobody was to measure it")


class _Table:
    """What was measured so far, by metric and by whom it was about."""

    def __init__(
        self, metrics: Sequence[Metric], means: Means, targets: Mapping[str, Target], *, simulated: bool
    ) -> None:
        self._metrics = {one.id: one for one in metrics}
        self._means, self._targets, self._simulated = means, targets, simulated
        self._taken: dict[tuple[str, str], tuple[Measure, ...]] = {}

    def as_check(self, metric: Metric) -> Check:
        means = {metric.means: self._means} if metric.means else {}

        def at_once(**arguments: Any) -> Verdict:
            return self._heard(metric, arguments, metric.take(**arguments, **means))  # type: ignore[arg-type]

        async def later(**arguments: Any) -> Verdict:
            return self._heard(metric, arguments, await metric.take(**arguments, **means))  # type: ignore[misc]

        return as_check(metric, later if inspect.iscoroutinefunction(metric.take) else at_once)

    def _heard(self, metric: Metric, arguments: Mapping[str, Any], taken: Taken) -> Verdict:
        if isinstance(taken, Verdict):
            return taken
        subject = next((one.player for one in arguments.values() if isinstance(one, Role)), "")
        found = self._taken[metric.id, subject] = tuple(self._held(metric, one) for one in taken)
        return _verdict(found)

    def _held(self, metric: Metric, one: Measure) -> Measure:
        usual = metric.target if one.id == metric.id else None
        target = self._targets.get(one.id, usual)
        held = held_against(one, target) if target or not one.target else one
        return msgspec.structs.replace(held, simulated=one.simulated or self._simulated)

    def measured(self, judged: Judged) -> Measured:
        measures = {
            id(one) if one.is_there else one.key: one for finding in judged.findings for one in self._of(finding)
        }
        return Measured(tuple(measures.values()), judged.findings, judged.evidence)

    def _of(self, finding: Finding) -> Iterator[Measure]:
        """What was measured for this finding; where nothing was, why not."""
        taken = self._taken.get((finding.check, finding.subject), ())
        for one in taken:
            yield msgspec.structs.replace(one, evidence=finding.evidence)
        if not taken:
            metric = self._metrics[finding.check]
            nothing = Measure(
                id=metric.id,
                subject=finding.subject if metric.role else "",
                value=0.0,
                unit=metric.unit,
                valid=False,
                why_not_valid=finding.because,
                simulated=self._simulated,
                evidence=finding.evidence,
            )
            yield held_against(nothing, self._targets.get(metric.id, metric.target))


def _verdict(measures: Sequence[Measure]) -> Verdict:
    """A failure where a valid number is not as it should be; no verdict where nothing says how it should be."""
    missed = [one for one in measures if one.met is False]
    if missed:
        return failed("; ".join(f"{_told(one)}, and {one.target} is wanted" for one in missed))
    if not any(one.valid for one in measures):
        return unknown("; ".join(dict.fromkeys(one.why_not_valid for one in measures)))
    if any(one.met for one in measures):
        return passed("; ".join(f"{_told(one)} ({one.target})" for one in measures if one.met))
    because = "; ".join(_told(one) for one in measures if one.valid)
    return not_applicable(f"{because}; no target is set for it")


def _told(one: Measure) -> str:
    return f"{one.key} is {one.value:g} {one.unit}"
