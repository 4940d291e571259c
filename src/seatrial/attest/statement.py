"""What is signed: an in-toto Statement whose subjects are all files, and whose predicate sums up the Run.

It follows from the Run and the manifest alone. Whoever verifies makes it again, and compares byte for byte;
so a change of its shape needs a new version.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import msgspec

from seatrial.attest.layout import MANIFEST, RUN, RecordFile, RequirementPage, layout
from seatrial.attest.manifest import Cluster, FileEntry, Manifest, System, cluster, entry, systems
from seatrial.kit import digest
from seatrial.model.run import EnvironmentKind, Run
from seatrial.model.standard import Level
from seatrial.model.verdict import Outcome

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://seatrial.dev/evidence/v1"


class Subject(msgspec.Struct, frozen=True):
    name: str
    digest: dict[str, str]


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    file: str
    sha256: str
    seatrial: str
    command: str
    started_at: dt.datetime
    finished_at: dt.datetime
    complete: bool


class EnvironmentSummary(msgspec.Struct, frozen=True, kw_only=True):
    kind: EnvironmentKind
    name: str
    simulated: bool | None
    cluster: Cluster
    systems: tuple[System, ...]


class RequirementSummary(msgspec.Struct, frozen=True, kw_only=True):
    standard: str
    version: str
    id: str
    level: Level
    outcome: Outcome
    covered: bool
    checks: tuple[str, ...]
    page: str  # empty where none was asked for


class RecordSummary(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    check: str
    subject: str
    simulated: bool | None
    sha256: str  # of the canonical JSON of its entries
    file: str


class Predicate(msgspec.Struct, frozen=True, kw_only=True):
    schema: str = PREDICATE
    manifest: FileEntry
    run: RunSummary
    environment: EnvironmentSummary
    requirements: tuple[RequirementSummary, ...]
    records: tuple[RecordSummary, ...]


class Statement(msgspec.Struct, frozen=True, kw_only=True, rename={"type": "_type", "predicate_type": "predicateType"}):
    type: str = STATEMENT
    subject: tuple[Subject, ...]
    predicate_type: str = PREDICATE
    predicate: Predicate


def statement(run: Run, manifest: Manifest) -> Statement:
    itself = entry(MANIFEST, digest.canonical_json(manifest))
    named = sorted((*manifest.files, itself))
    return Statement(
        subject=tuple(Subject(one.name, {"sha256": one.sha256}) for one in named),
        predicate=predicate(run, manifest, itself),
    )


def predicate(run: Run, manifest: Manifest, itself: FileEntry) -> Predicate:
    hashes = {one.name: one.sha256 for one in manifest.files}
    shape = layout(run)
    environment = run.environment
    return Predicate(
        manifest=itself,
        run=RunSummary(
            id=run.id,
            file=RUN,
            sha256=hashes.get(RUN, ""),
            seatrial=run.seatrial,
            command=run.command,
            started_at=run.started_at,
            finished_at=run.finished_at,
            complete=run.complete,
        ),
        environment=EnvironmentSummary(
            kind=environment.kind,
            name=environment.name,
            simulated=environment.simulated,
            cluster=cluster(run),
            systems=systems(run),
        ),
        requirements=tuple(_requirement(page, hashes) for page in shape.requirements),
        records=tuple(_record(record) for record in shape.records),
    )


def _requirement(page: RequirementPage, hashes: Mapping[str, str]) -> RequirementSummary:
    asked = page.requirement
    return RequirementSummary(
        standard=asked.standard,
        version=asked.version,
        id=asked.id,
        level=asked.level,
        outcome=asked.outcome,
        covered=asked.covered,
        checks=asked.checks,
        page=page.path if page.path in hashes else "",
    )


def _record(record: RecordFile) -> RecordSummary:
    evidence = record.evidence
    return RecordSummary(
        id=evidence.id,
        check=evidence.check,
        subject=evidence.subject,
        simulated=evidence.simulated,
        sha256=evidence.digest,
        file=record.path,
    )
