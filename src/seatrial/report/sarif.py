"""The Run as SARIF: every finding that is not well, at its file and line where it comes from a file, else at its subject."""

from __future__ import annotations

from seatrial.kit import sarif
from seatrial.kit.text import one_line
from seatrial.model.run import Page, Run
from seatrial.model.verdict import Finding, Outcome, Severity
from seatrial.report.hostile import json_text
from seatrial.report.outline import NEEDS_WORK, Shown, Standing, outline

_TOLD = (*NEEDS_WORK, Standing.ACCEPTED)
_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}


def render(run: Run) -> str:
    shape = outline(run)
    told = [shown for topic in shape.topics for shown in topic.shown if shown.standing in _TOLD]
    rules = {shown.finding.check: _rule(run, shown.finding) for shown in told}
    notes = [shape.caveat] if shape.caveat else []
    ordered = [rules[id] for id in sorted(rules)]
    return json_text(sarif.document(run.seatrial, ordered, map(_result, told), notes))


def _rule(run: Run, finding: Finding) -> sarif.Rule:
    page = run.pages.get(finding.check, Page(finding.check, ""))
    return sarif.Rule(
        id=finding.check,
        title=page.title,
        why=page.why,
        fix=finding.fix,
        level=_LEVELS[finding.severity],
        properties={"tags": [finding.check.partition(".")[0]], "severity": finding.severity},
    )


def _result(shown: Shown) -> sarif.Result:
    finding = shown.finding
    file, _, line = finding.place.rpartition(":")
    fix = f" Fix: {finding.fix}" if finding.fix else ""
    accepted = finding.accepted
    return sarif.Result(
        rule=finding.check,
        level=_LEVELS[finding.severity] if finding.outcome is Outcome.FAIL else "note",
        text=one_line(f"{finding.outcome}: {finding.subject}: {finding.because}{fix}", limit=4000),
        file=one_line(file, limit=1000),
        line=int(line) if line.isdecimal() else 1,
        name=one_line(finding.subject, limit=500),
        accepted=one_line(f"{accepted.owner} until {accepted.until}: {accepted.why}", limit=1000) if accepted else "",
    )
