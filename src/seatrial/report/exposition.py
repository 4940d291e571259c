"""The Run as Prometheus text, for a node exporter's textfile folder or a push: how many findings stand how, and when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from seatrial.kit.text import one_line
from seatrial.model.run import Run
from seatrial.report.outline import Shown, outline, place


def render(run: Run) -> str:
    return "\n".join(_lines(run)) + "\n"


def _lines(run: Run) -> Iterator[str]:
    shape = outline(run)
    shown = [one for topic in shape.topics for one in topic.shown]
    where = {"target": place(run.environment), "kubernetes": run.environment.cluster.version}
    yield from _family("seatrial_run_info", "What was judged, and by which seatrial.")
    yield _sample("seatrial_run_info", {**where, "seatrial": run.seatrial}, 1)
    yield from _family("seatrial_run_timestamp_seconds", "When the judging ended.")
    yield _sample("seatrial_run_timestamp_seconds", where, run.finished_at.timestamp())
    yield from _family("seatrial_simulated", "1: the accelerators are simulated; 0: they are real; -1: nothing tells.")
    yield _sample("seatrial_simulated", where, {True: 1, False: 0, None: -1}[run.environment.simulated])
    yield from _family("seatrial_findings", "Findings of a check by how they stand.")
    for (check, severity, standing), number in sorted(_counted(shown).items()):
        yield _sample(
            "seatrial_findings", {**where, "check": check, "severity": severity, "standing": standing}, number
        )
    if run.requirements:
        yield from _family("seatrial_requirement", "1 for how a requirement stands.")
    for one in run.requirements:
        labels = {"standard": one.standard, "version": one.version, "id": one.id, "level": one.level}
        yield _sample("seatrial_requirement", {**where, **labels, "outcome": one.outcome.value}, 1)
    if run.measures:
        yield from _family("seatrial_measure", "What was measured; only what is valid.")
    for measure in run.measures:
        if measure.valid:
            labels = {"id": measure.id, "subject": measure.subject, "unit": measure.unit}
            yield _sample("seatrial_measure", {**where, **labels}, measure.value)


def _counted(shown: list[Shown]) -> Counter[tuple[str, str, str]]:
    counted: Counter[tuple[str, str, str]] = Counter()
    for one in shown:
        many = one.finding.seen.get("many", 1)  # a finding that stands for many that are alike
        key = (one.finding.check, one.finding.severity.value, one.standing.value)
        counted[key] += many if isinstance(many, int) else 1
    return counted


def _family(name: str, help: str) -> Iterator[str]:
    yield f"# HELP {name} {help}"
    yield f"# TYPE {name} gauge"


def _sample(name: str, labels: Mapping[str, str], value: float) -> str:
    written = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    return f"{name}{{{written}}} {value!r}"


def _escaped(text: str) -> str:
    return one_line(text, limit=300).replace("\\", "\\\\").replace('"', '\\"')
