"""What a Run proved, in the three forms of test results that the programme reads.

A case is called ``seatrial/REQUIREMENT``: it is our proof, and says so, and not the result of the programme's own suite.
Only what the submission claims by the Run is in them; everything else that the Run found stands in the README.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator

import msgspec

from seatrial.kit.redact import without_identities
from seatrial.kit.text import one_line
from seatrial.model.evidence import Entry, Evidence
from seatrial.model.run import Run
from seatrial.model.standard import RequirementResult
from seatrial.model.verdict import Finding

PACKAGE = "seatrial"
NAMES = ("junit.xml", "results.json", "e2e.log")


def case(id: str) -> str:
    return f"{PACKAGE}/{id}"


def findings(run: Run, result: RequirementResult) -> tuple[Finding, ...]:
    return tuple(one for one in run.findings if one.check in result.checks)


def records(run: Run, result: RequirementResult) -> tuple[Evidence, ...]:
    wanted = {one.evidence for one in findings(run, result)}
    return tuple(one for one in run.evidence if one.id in wanted)


def shown(text: str, *, limit: int = 400) -> str:
    """Fit for everybody's eyes, on one line."""
    return one_line(without_identities(one_line(text, limit=4 * limit)), limit=limit)


def told(entry: Entry) -> str:
    detail = without_identities(msgspec.json.encode(entry.detail, order="sorted").decode()) if entry.detail else ""
    return f"+{entry.after:.1f} s {entry.step}: {shown(f'{entry.what} {detail}'.rstrip(), limit=600)}"


def seconds(run: Run, result: RequirementResult) -> float:
    return sum(max((entry.after for entry in one.entries), default=0.0) for one in records(run, result))


def files(run: Run, proven: Iterable[RequirementResult]) -> dict[str, bytes]:
    claimed = tuple(proven)
    forms = (_junit(run, claimed), _events(run, claimed), _log(run, claimed))
    return {name: ("\n".join(form) + "\n").encode() for name, form in zip(NAMES, forms, strict=True)}


def _junit(run: Run, proven: tuple[RequirementResult, ...]) -> Iterator[str]:
    times = [seconds(run, one) for one in proven]
    totals = f'tests="{len(proven)}" failures="0" errors="0" skipped="0" time="{sum(times):.3f}"'
    properties = {"seatrial": run.seatrial, "run": run.id, "kubernetes": run.environment.cluster.version}
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<testsuites name="{PACKAGE}" {totals}>'
    yield f'  <testsuite name="{PACKAGE}" timestamp="{run.started_at:%Y-%m-%dT%H:%M:%S}" {totals}>'
    yield "    <properties>"
    yield from (f'      <property name="{name}" value="{_xml(value)}"/>' for name, value in properties.items())
    yield "    </properties>"
    for one, time in zip(proven, times, strict=True):
        yield f'    <testcase classname="{PACKAGE}" name="{_xml(case(one.id))}" time="{time:.3f}"/>'
    yield "  </testsuite>"
    yield "</testsuites>"


def _events(run: Run, proven: tuple[RequirementResult, ...]) -> Iterator[str]:
    for one in proven:
        begun = {"Time": run.started_at.isoformat(), "Action": "run", "Package": PACKAGE, "Test": case(one.id)}
        ended = {**begun, "Time": run.finished_at.isoformat(), "Action": "pass", "Elapsed": round(seconds(run, one), 3)}
        yield from (msgspec.json.encode(event).decode() for event in (begun, ended))


def _log(run: Run, proven: tuple[RequirementResult, ...]) -> Iterator[str]:
    """Lines of evidence hang behind a bar, so that nothing in them can pass for a result."""
    for one in proven:
        yield f"=== RUN   {case(one.id)}"
        for record in records(run, one):
            yield f"    | {shown(record.check)} {shown(record.subject)}, sha256 {record.digest}"
            yield from (f"    | {told(entry)}" for entry in record.entries)
        yield f"--- PASS: {case(one.id)} ({seconds(run, one):.2f}s)"


def _xml(text: str) -> str:
    return html.escape(shown(text), quote=True)
