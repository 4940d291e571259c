"""From a Run, the checklist and what a person said, to the directory that the programme wants."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

import msgspec

from seatrial.kit.text import one_line
from seatrial.model.errors import UsageError
from seatrial.model.run import EnvironmentKind, Run
from seatrial.model.standard import Level, RequirementResult
from seatrial.model.verdict import Outcome
from seatrial.submission import pages, results
from seatrial.submission.checklist import Asked, Checklist
from seatrial.submission.meta import DERIVED, Answer, Meta
from seatrial.submission.metadata import FIELDS
from seatrial.submission.official_evidence import TESTS_SINCE, is_link

STANDARD = "cncf-ai"
COPIED = "files"
_NOTHING = Answer()


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What the submission says to one requirement, and what that stands on."""

    asked: Asked
    status: str
    evidence: tuple[str, ...]
    notes: str
    ground: str


class Built(msgspec.Struct, frozen=True, kw_only=True):
    directory: str  # vX.Y/NAME
    files: Mapping[str, bytes]
    missing: tuple[str, ...]  # why this is no more than a draft


def build(run: Run, meta: Meta, checklist: Checklist, *, copies: Mapping[str, bytes], draft: bool = False) -> Built:
    """``copies`` holds the files that ``meta`` names as evidence, by these names."""
    refuse(run, checklist)
    judged = {one.id: one for one in _asked_of(run, checklist)}
    _known(meta, checklist)
    with_tests = tuple(map(int, checklist.version.split("."))) >= TESTS_SINCE
    claims = tuple(
        _claim(asked, judged.get(asked.id), meta.requirements.get(asked.id, _NOTHING), with_tests=with_tests)
        for asked in checklist.asked
    )
    proven = [judged[one.asked.id] for one in claims if one.ground == "a proof"]
    rows = ((one.asked, one.status, one.ground) for one in claims)
    files = {
        "PRODUCT.yaml": "\n".join(_product(meta, checklist, claims, draft=draft)).encode() + b"\n",
        "README.md": pages.readme(run, checklist, rows, draft=draft),
        **{f"evidence/{one.id}.md": pages.evidence(run, checklist.by_id[one.id], one) for one in proven},
        **(results.files(run, proven) if proven else {}),
        **{f"{COPIED}/{_base(name)}": data for name, data in copies.items()},
    }
    return Built(
        directory=f"v{checklist.version}/{meta.directory}",
        files=files,
        missing=tuple(_missing(claims, judged, meta)),
    )


def refuse(run: Run, checklist: Checklist) -> None:
    """UsageError for a Run that says nothing about a product: of a lab, of files, simulated, half done, of another version."""
    environment = run.environment
    if environment.kind is not EnvironmentKind.LIVE:
        raise UsageError(
            f"the Run is of a {environment.kind}, not of a live cluster", way_out="seatrial prove --context NAME"
        )
    if environment.simulated is not False or any(one.simulated is not False for one in run.evidence):
        seen = "simulated" if environment.simulated else "not known to be real"
        raise UsageError(
            f"the Run's accelerators are {seen}",
            way_out="prove it on nodes with accelerators, as a user who may list nodes",
        )
    if not run.complete:
        raise UsageError("the Run was stopped half-way", way_out="run it again to its end")
    minor = re.match(r"v?([0-9]+\.[0-9]+)", environment.cluster.version)
    if minor is None or minor[1] != checklist.version:
        seen = one_line(environment.cluster.version, limit=40) or "unknown"
        raise UsageError(
            f"the Run is of Kubernetes {seen}, the checklist is of {checklist.version}",
            way_out="take those of one version",
        )
    if not _asked_of(run, checklist):
        raise UsageError(
            f"the Run was not held against {STANDARD}@{checklist.version}",
            way_out=f"seatrial prove --standard {STANDARD}@{checklist.version} --save RUN.json",
        )


def _asked_of(run: Run, checklist: Checklist) -> list[RequirementResult]:
    return [one for one in run.requirements if (one.standard, one.version) == (STANDARD, checklist.version)]


def _known(meta: Meta, checklist: Checklist) -> None:
    unknown = sorted(set(meta.requirements) - set(checklist.by_id))
    if unknown:
        raise UsageError(
            f"{checklist.version} does not ask for {', '.join(map(one_line, unknown))}",
            way_out="take it out of the product's file",
        )


def _claim(asked: Asked, result: RequirementResult | None, answer: Answer, *, with_tests: bool) -> Claim:
    """A name with a fragment is for the versions whose validator understands it."""
    said = tuple(one if is_link(one) else f"{COPIED}/{_base(one)}" for one in answer.evidence)
    outcome = result.outcome if result is not None and result.covered else None
    if outcome is Outcome.PASS:
        cases = tuple(f"{name}#{results.case(asked.id)}" for name in results.NAMES) if with_tests else ()
        own = (f"evidence/{asked.id}.md", *cases)
        return Claim(asked=asked, status="Implemented", evidence=(*own, *said), notes=answer.notes, ground="a proof")
    if outcome in (Outcome.FAIL, Outcome.ERROR):
        return Claim(
            asked=asked,
            status="Not Implemented",
            evidence=(),
            notes=answer.notes,
            ground=f"a proof that ended in {outcome}",
        )
    ground = "the vendor's word" if answer.status else ""
    return Claim(asked=asked, status=answer.status, evidence=said, notes=answer.notes, ground=ground)


def _missing(claims: tuple[Claim, ...], judged: Mapping[str, RequirementResult], meta: Meta) -> Iterator[str]:
    for one in claims:
        claimed = meta.requirements.get(one.asked.id, _NOTHING).status
        result = judged.get(one.asked.id)
        if one.asked.level is Level.MUST and one.status not in ("Implemented", "N/A"):
            because = one_line(result.because, limit=200) if result else "the Run does not speak of it"
            yield f"{one.asked.id} is a MUST and {one.status or 'not answered'}: {because}"
        elif one.status == "Not Implemented" and claimed == "Implemented":
            yield f"{one.asked.id}: the product's file says Implemented, and the Run found otherwise"
        elif claimed == "Implemented" and result is not None and result.outcome is Outcome.NOT_APPLICABLE:
            yield f"{one.asked.id}: the product's file says Implemented, and the Run found nothing that it applies to"


def _product(meta: Meta, checklist: Checklist, claims: tuple[Claim, ...], *, draft: bool) -> Iterator[str]:
    """YAML in which every text is quoted: nothing turns into a number or a date."""
    if draft:
        yield "# DRAFT: not to be handed in"
    yield "metadata:"
    said = {**meta.metadata, DERIVED: f"v{checklist.version}"}
    yield from (
        f"  {field.name}: {_quoted(said.get(field.name, ''))}"
        for field in FIELDS
        if field.required or said.get(field.name)
    )
    yield "spec:"
    for category in checklist.categories:
        yield f"  {category}:"
        for one in claims:
            if one.asked.category == category:
                yield from _entry(one)


def _entry(claim: Claim) -> Iterator[str]:
    yield f"    - id: {claim.asked.id}"
    yield f"      description: {_quoted(claim.asked.text)}"
    yield f"      level: {claim.asked.level}"
    yield f"      status: {_quoted(claim.status)}"
    yield "      evidence:" if claim.evidence else "      evidence: []"
    yield from (f"        - {_quoted(one)}" for one in claim.evidence)
    yield f"      notes: {_quoted(claim.notes)}"


def _quoted(text: str) -> str:
    """JSON's form of a text is YAML's form, too; what YAML cannot hold as it is, is spelled out."""
    return re.sub(
        r"[\x7f-\x9f\ufeff\ufffe\uffff\ud800-\udfff\u2028\u2029]",
        lambda one: f"\\u{ord(one[0]):04x}",
        json.dumps(text, ensure_ascii=False),
    )


def _base(name: str) -> str:
    return name.rstrip("/").rpartition("/")[2]
