"""Where everything lies in a folder of evidence. Ids come from a file, so they are made safe as names, and stay apart."""

from __future__ import annotations

import re

import msgspec

from seatrial.model.evidence import Evidence
from seatrial.model.run import Run
from seatrial.model.standard import RequirementResult

RUN = "run.json"
INDEX = "README.md"
MANIFEST = "manifest.json"
ENVELOPE = "evidence.intoto.jsonl"
BUNDLE = "bundle.sigstore.json"
SEALS = (ENVELOPE, BUNDLE)  # a manifest cannot hold the hash of what signs it

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9@_+.-]+|\.{2,}")
_LONGEST = 100


class RequirementPage(msgspec.Struct, frozen=True):
    path: str
    requirement: RequirementResult


class CheckPage(msgspec.Struct, frozen=True):
    path: str
    check: str


class RecordFile(msgspec.Struct, frozen=True):
    path: str
    evidence: Evidence


class Layout(msgspec.Struct, frozen=True):
    requirements: tuple[RequirementPage, ...]
    checks: tuple[CheckPage, ...]  # those that no requirement asks for
    records: tuple[RecordFile, ...]

    def record(self, id: str) -> RecordFile | None:
        return next((one for one in self.records if one.evidence.id == id), None) if id else None


def layout(run: Run) -> Layout:
    names = _Names()
    asked = {check for requirement in run.requirements for check in requirement.checks}
    alone = dict.fromkeys(finding.check for finding in run.findings if finding.check not in asked)
    return Layout(
        requirements=tuple(
            RequirementPage(names.take(("requirements", f"{one.standard}@{one.version}"), one.id, ".md"), one)
            for one in run.requirements
        ),
        checks=tuple(CheckPage(names.take(("checks",), check, ".md"), check) for check in alone),
        records=tuple(RecordFile(names.take(("records",), one.id, ".json"), one) for one in run.evidence),
    )


class _Names:
    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, folders: tuple[str, ...], name: str, suffix: str) -> str:
        """A path that nothing else has, where big and small letters are the same, too."""
        stem = "/".join(safe(part) for part in (*folders, name))
        path, number = f"{stem}{suffix}", 1
        while path.lower() in self._taken:
            number += 1
            path = f"{stem}-{number}{suffix}"
        self._taken.add(path.lower())
        return path


def safe(name: str) -> str:
    """The name as one part of a path: letters, digits and ``@ _ + - .``, never ``..``, never empty."""
    return _NOT_IN_NAMES.sub("-", name[:_LONGEST]).strip(".-") or "unnamed"
