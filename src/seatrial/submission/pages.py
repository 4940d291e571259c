"""The pages of a submission, in Markdown. What came from a cluster or a person stands in code blocks, where it means nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from seatrial.model.run import Run
from seatrial.model.standard import RequirementResult
from seatrial.submission.checklist import Asked, Checklist
from seatrial.submission.results import findings, records, shown, told


def evidence(run: Run, asked: Asked, result: RequirementResult) -> bytes:
    return _page(_evidence(run, asked, result))


def readme(run: Run, checklist: Checklist, rows: Iterable[tuple[Asked, str, str]], *, draft: bool) -> bytes:
    """A row is what is asked, the status, and what it stands on."""
    return _page(_readme(run, checklist, tuple(rows), draft=draft))


def _evidence(run: Run, asked: Asked, result: RequirementResult) -> Iterator[str]:
    yield f"# {asked.id}"
    yield f"Asked as {asked.level} in {asked.category}. What it comes down to, in other words: {asked.gist}"
    yield f"Outcome: **{result.outcome}**, on accelerators that are not simulated."
    yield from _block(_environment(run))
    yield "## Found"
    for one in findings(run, result):
        yield from _block((f"{one.outcome}: {shown(one.check)} {shown(one.subject)}", f"  {shown(one.because)}"))
    for record in records(run, result):
        yield f"## Evidence, sha256 {record.digest}"
        yield from _block((f"{shown(record.check)} {shown(record.subject)}", *map(told, record.entries)))
    yield "## See it again"
    yield from _block((f"seatrial prove --standard cncf-ai@{result.version} --only {asked.id}",))


def _readme(run: Run, checklist: Checklist, rows: tuple[tuple[Asked, str, str], ...], *, draft: bool) -> Iterator[str]:
    yield f"# Conformance {checklist.version}"
    if draft:
        yield "**This is a draft. It must not be handed in.**"
    yield (
        "Statuses stand in `PRODUCT.yaml`. What a Run of seatrial proved has a page under `evidence/`, and a case in"
        " `junit.xml`, `results.json` and `e2e.log`; a case is named `seatrial/` and the requirement, and is not one of the"
        " programme's own suite. Everything else is attested by the vendor."
    )
    yield from _block(_environment(run))
    yield "| requirement | level | status | stands on |\n|---|---|---|---|\n" + "\n".join(
        f"| {asked.id} | {asked.level} | {status or '(blank)'} | {ground} |" for asked, status, ground in rows
    )
    left = [one for one in run.findings if one.outcome not in ("pass", "not-applicable")]
    if left:
        yield "## What else the Run found"
        yield from _block(
            f"{one.outcome}: {shown(one.check)} {shown(one.subject)}: {shown(one.because)}" for one in left
        )


def _environment(run: Run) -> Iterator[str]:
    environment = run.environment
    yield f"Kubernetes {shown(environment.cluster.version) or 'unknown'}, platform {shown(environment.cluster.platform) or 'unknown'}"
    yield from (
        f"with {shown(one.title)} {', '.join(map(shown, one.versions))}".rstrip()
        for one in environment.systems
        if one.there
    )
    yield f"Run {shown(run.id)} by seatrial {shown(run.seatrial)}, {run.started_at:%Y-%m-%d %H:%M} to {run.finished_at:%H:%M} UTC"


def _block(lines: Iterable[str]) -> Iterator[str]:
    yield "\n".join(f"    {line}" for line in lines)


def _page(parts: Iterable[str]) -> bytes:
    return ("\n\n".join(part for part in parts if part) + "\n").encode()
