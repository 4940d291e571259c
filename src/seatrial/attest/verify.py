"""Says of a folder's files whether they are what was signed, and names each one that is not.

Everything that follows from something else is made again and compared: the manifest from the files and the Run, the
statement from the Run and the manifest. So no byte can change without being noticed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

import msgspec

from seatrial.attest import envelope as envelopes
from seatrial.attest.envelope import Envelope
from seatrial.attest.layout import BUNDLE, ENVELOPE, MANIFEST, RUN, SEALS, layout
from seatrial.attest.manifest import SCHEMA, Manifest, manifest
from seatrial.attest.seal import Problem, Seal, Trust
from seatrial.attest.statement import Statement, statement
from seatrial.kit import digest
from seatrial.model import run as runs
from seatrial.model.evidence import Evidence
from seatrial.model.run import Run

T = TypeVar("T")


class Inspection(msgspec.Struct, frozen=True):
    problems: tuple[Problem, ...]
    run: Run | None  # where it could be read, whether or not it is to be trusted
    signed: bool


def inspect(files: Mapping[str, bytes], trust: Trust | None) -> Inspection:
    """Without ``trust`` the signature is not looked at, and the rest of the statement is."""
    found = _Inspector(files, trust)
    try:
        found.inspect()
    except RecursionError:
        found.problems.append(Problem(RUN, "is nested too deep"))
    return Inspection(tuple(dict.fromkeys(found.problems)), found.run, ENVELOPE in files)


class _Inspector:
    def __init__(self, files: Mapping[str, bytes], trust: Trust | None) -> None:
        self.files, self.trust = files, trust
        self.problems: list[Problem] = []
        self.run: Run | None = None

    def inspect(self) -> None:
        listed = self._manifest()
        if listed is not None:
            self.problems += _differences(self.files, listed)
        self._run()
        if self.run is not None and listed is not None and not self.problems:
            self.problems += _disagreements(self.run, listed, self.files)
        self._statement(listed)

    def _manifest(self) -> Manifest | None:
        listed = self._read(MANIFEST, Manifest)
        if listed is None:
            return None
        if listed.schema != SCHEMA:
            self._say(MANIFEST, f"its schema is {listed.schema[:80]!r}, and this version reads {SCHEMA!r}")
            return None
        if digest.canonical_json(listed) != self.files[MANIFEST]:
            self._say(MANIFEST, "is not canonical JSON of what it should hold: it was changed")
        return listed

    def _run(self) -> None:
        run = self._read(RUN, Run)
        if run is not None and run.schema != runs.SCHEMA:
            self._say(RUN, f"its schema is {run.schema[:80]!r}, and this version reads {runs.SCHEMA!r}")
            return
        self.run = run

    def _statement(self, listed: Manifest | None) -> None:
        if ENVELOPE not in self.files:
            if self.trust is not None or BUNDLE in self.files:
                self._say(ENVELOPE, "is missing: nobody signed this")
            return
        try:
            one = envelopes.read(self.files[ENVELOPE])
        except envelopes.NotAnEnvelope as error:
            self._say(ENVELOPE, str(error))
            return
        self._bundle(one)
        self._say_new(_unsaid(one.content, self.files))
        if self.run is not None and listed is not None and not self.problems:
            expected = statement(self.run, listed)
            if digest.canonical_json(expected) != one.content:
                self._say(ENVELOPE, "its statement is not the one that follows from the Run and the manifest")

    def _bundle(self, one: Envelope) -> None:
        if BUNDLE not in self.files:
            self._say(BUNDLE, "is missing")
            return
        data = self.files[BUNDLE]
        try:
            if envelopes.held(data) != one:
                self._say(BUNDLE, f"does not hold what {ENVELOPE} holds")
        except envelopes.NotAnEnvelope as error:
            self._say(BUNDLE, str(error))
        if self.trust is not None:
            self._say_new(self.trust.problems(Seal(one, data)))

    def _say_new(self, problems: Iterable[Problem]) -> None:
        """Of files that nothing was said about so far."""
        named = {problem.where for problem in self.problems}
        self.problems += [problem for problem in problems if problem.where not in named]

    def _read(self, name: str, kind: type[T]) -> T | None:
        if name not in self.files:
            self._say(name, "is missing")
            return None
        try:
            return msgspec.json.decode(self.files[name], type=kind)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            self._say(name, f"cannot be read: {error}")
            return None

    def _say(self, where: str, what: str) -> None:
        self.problems.append(Problem(where, what))


def _differences(files: Mapping[str, bytes], listed: Manifest) -> Iterator[Problem]:
    """Files against the manifest: changed, missing, too many."""
    named = {one.name for one in listed.files}
    if len(named) != len(listed.files) or named & {MANIFEST, *SEALS}:
        yield Problem(MANIFEST, "names a file twice, or one that it cannot hold")
    for one in listed.files:
        data = files.get(one.name)
        if data is None:
            outside = one.name.startswith("/") or ".." in one.name.split("/")
            yield Problem(one.name, "is a path out of the folder" if outside else "is missing")
        elif len(data) != one.size:
            yield Problem(one.name, f"was changed: it has {len(data)} bytes, and the manifest says {one.size}")
        elif (found := digest.of_bytes(data)) != one.sha256:
            yield Problem(one.name, f"was changed: its sha256 is {found}, and the manifest says {one.sha256[:64]}")
    for name in sorted(files.keys() - named - {MANIFEST, *SEALS}):
        yield Problem(name, "is not in the manifest: somebody added it")


def _disagreements(run: Run, listed: Manifest, files: Mapping[str, bytes]) -> Iterator[Problem]:
    """The Run against its records, and against the manifest."""
    for record in layout(run).records:
        if digest.of_value(record.evidence.entries) != record.evidence.digest:
            yield Problem(RUN, f"evidence {record.evidence.id!r} does not have the digest that it claims")
        data = files.get(record.path)
        if data is None:
            yield Problem(record.path, "is missing: the Run has this record")
        elif not _is_record(data, record.evidence):
            yield Problem(record.path, f"is not evidence {record.evidence.id!r} of the Run")
    if manifest(run, files) != listed:
        yield Problem(MANIFEST, "does not say of the cluster and of the systems what the Run says")


def _is_record(data: bytes, evidence: Evidence) -> bool:
    try:
        return msgspec.json.decode(data, type=Evidence) == evidence
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False


def _unsaid(content: bytes, files: Mapping[str, bytes]) -> Iterator[Problem]:
    """Files against the subjects of the statement."""
    try:
        said = msgspec.json.decode(content, type=Statement)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        yield Problem(ENVELOPE, f"its statement cannot be read: {error}")
        return
    subjects = {one.name: one.digest for one in said.subject}
    for name in sorted(subjects.keys() | files.keys() - {*SEALS}):
        actual = {"sha256": digest.of_bytes(files[name])} if name in files else None
        if name not in subjects:
            yield Problem(name, "is not in the signed statement")
        elif actual is None:
            yield Problem(name, "is in the signed statement, and missing")
        elif subjects[name] != actual:
            yield Problem(name, "is not the file that was signed")
