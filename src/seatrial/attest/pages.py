"""The pages of a folder of evidence, in Markdown: one for each requirement, and one that says what lies where."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from seatrial.attest.layout import CheckPage, Layout, RequirementPage
from seatrial.kit.digest import canonical_json
from seatrial.kit.markdown import code, text
from seatrial.model.evidence import Entry, Step
from seatrial.model.run import Run
from seatrial.model.verdict import Finding, Outcome

MARKS: Mapping[Outcome, str] = {
    Outcome.PASS: "✓ PASS",
    Outcome.FAIL: "✗ FAIL",
    Outcome.NOT_APPLICABLE: "– NOT APPLICABLE",
    Outcome.UNKNOWN: "? UNKNOWN",
    Outcome.ERROR: "! ERROR",
}
KINDS: Mapping[bool | None, str] = {
    True: "SIMULATED ACCELERATORS. Nothing in this folder was shown on real accelerators.",
    None: "ACCELERATORS OF UNKNOWN KIND. Nothing tells whether they are real or simulated.",
    False: "Accelerators that the cluster reports as real.",
}
INCOMPLETE = "INCOMPLETE. Somebody stopped this proof half-way."


def of_requirement(run: Run, shape: Layout, page: RequirementPage) -> str:
    asked = page.requirement
    outcome = MARKS[asked.outcome] if asked.covered else f"○ NOT COVERED ({asked.outcome})"
    rows = (
        ("Requirement", code(asked.id)),
        ("Standard", code(f"{asked.standard}@{asked.version}")),
        ("Level", asked.level.value),
        ("Outcome", outcome),
        ("Because", text(asked.because, limit=2000)),
        ("Checks", ", ".join(map(code, asked.checks)) or "none"),
    )
    findings = [(check, [one for one in run.findings if one.check == check]) for check in asked.checks]
    return _page(
        [f"# {outcome}: {code(asked.id)}"],
        _caveats(run),
        _table(("", ""), rows),
        *(_check(shape, page.path, check, found) for check, found in findings),
        _environment(run),
    )


def of_check(run: Run, shape: Layout, page: CheckPage) -> str:
    """A check that no requirement of the Run asks for."""
    found = [one for one in run.findings if one.check == page.check]
    return _page(
        [f"# {code(page.check)}"], _caveats(run), _check(shape, page.path, page.check, found), _environment(run)
    )


def index(run: Run, shape: Layout, written: Iterable[str], *, signed: str) -> str:
    """``signed`` says how."""
    there = set(written)
    rows = (
        (
            _link(page.requirement.id, page.path, "") if page.path in there else code(page.requirement.id),
            code(f"{page.requirement.standard}@{page.requirement.version}"),
            page.requirement.level.value,
            MARKS[page.requirement.outcome] if page.requirement.covered else "○ NOT COVERED",
        )
        for page in shape.requirements
    )
    records = (
        (_link(one.path, one.path, ""), code(one.evidence.check), code(one.evidence.subject), code(one.evidence.digest))
        for one in shape.records
    )
    return _page(
        ["# Evidence"],
        _caveats(run),
        [signed],
        _table(("Requirement", "Standard", "Level", "Outcome"), rows) if shape.requirements else (),
        [f"- {_link(page.check, page.path, '')}" for page in shape.checks if page.path in there],
        ["## Records"] if shape.records else (),
        _table(("File", "Check", "Subject", "SHA-256 of its entries"), records) if shape.records else (),
        _environment(run),
    )


def _caveats(run: Run) -> Iterator[str]:
    yield f"> **{KINDS[run.environment.simulated]}**"
    if not run.complete:
        yield f">\n> **{INCOMPLETE}**"


def _environment(run: Run) -> Iterator[str]:
    environment, cluster = run.environment, run.environment.cluster
    yield "## Where and when"
    yield ""
    rows = [
        ("Environment", f"{environment.kind.value} {code(environment.name)}"),
        ("Accelerators", KINDS[environment.simulated]),
        ("Cluster (UID of kube-system)", code(cluster.uid or "unknown")),
        ("Kubernetes", code(f"{cluster.version or 'unknown'} {cluster.platform}".rstrip())),
        ("Run", code(run.id)),
        ("By", f"seatrial {code(run.seatrial)}, as {code(run.command, limit=1000)}"),
        ("From, to", f"{_moment(run.started_at)}, {_moment(run.finished_at)}"),
    ]
    for system in environment.systems:
        there = {True: "is there", False: "is not there", None: "may be there"}[system.there]
        parts = (there, ", ".join(map(code, system.versions)), text(system.how))
        rows.append((f"System {text(system.title)}", "; ".join(part for part in parts if part)))
    yield from _table(("", ""), rows)


def _check(shape: Layout, here: str, check: str, found: list[Finding]) -> Iterator[str]:
    yield f"## Check {code(check)}"
    yield ""
    if not found:
        yield "No finding: this check was not run."
        yield ""
    for finding in found:
        about = f" {code(finding.subject)}" if finding.subject else ""
        yield f"### {MARKS[finding.outcome]}{about}"
        yield ""
        yield f"- Because: {text(finding.because, limit=2000)}"
        if finding.fix:
            yield f"- Fix: {text(finding.fix, limit=2000)}"
        for name, seen in finding.seen.items():
            yield f"- Seen {code(name)}: {_value(seen)}"
        yield from _evidence(shape, here, finding)
        yield ""


def _evidence(shape: Layout, here: str, finding: Finding) -> Iterator[str]:
    record = shape.record(finding.evidence)
    if record is None:
        missing = f"the record {code(finding.evidence)}, which the Run does not hold" if finding.evidence else "none"
        yield f"- Evidence: {missing}"
        return
    yield f"- Evidence: {_link(record.path, record.path, here)}, SHA-256 of its entries {code(record.evidence.digest)}"
    yield f"- Accelerators of this record: {KINDS[record.evidence.simulated]}"
    controls = [entry for entry in record.evidence.entries if entry.step is Step.CONTROL]
    yield f"- Controls: {len(controls) or 'NONE'}"
    yield from (f"  - {text(entry.what, limit=1000)}" for entry in controls)
    yield "- Steps, in order:"
    yield from (f"  {number}. {_step(entry)}" for number, entry in enumerate(record.evidence.entries, 1))


def _step(entry: Entry) -> str:
    detail = f" {_value(entry.detail)}" if entry.detail else ""
    return f"+{entry.after:.1f} s, {entry.step.value}: {text(entry.what, limit=1000)}{detail}"


def _value(seen: object) -> str:
    return code(seen if isinstance(seen, str) else canonical_json(seen).decode(), limit=600)


def _link(words: str, path: str, here: str) -> str:
    """From one page to another file. Paths are made of harmless characters."""
    up = "../" * (len(PurePosixPath(here).parts) - 1) if here else ""
    return f"[{text(words)}]({up}{path})"


def _moment(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for row in (head, ("---",) * len(head), *rows):
        yield f"| {' | '.join(row)} |"


def _page(*parts: Iterable[str]) -> str:
    return "\n\n".join(words for part in parts if (words := "\n".join(part).rstrip())) + "\n"
