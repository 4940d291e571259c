"""What the programme's own validator asks of evidence: files that are there, and test results that hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from seatrial.submission.artifacts import BadArtifact, Ending, is_artifact
from seatrial.submission.checklist import Asked
from seatrial.submission.document import Place
from seatrial.submission.folder import Presence, inside
from seatrial.submission.message import Grade, Hit, Link
from seatrial.submission.metadata import FIELDS
from seatrial.submission.official import conformance_version, is_placeholder
from seatrial.submission.product import Entry, Text
from seatrial.submission.rule import ALL, SINCE_NEWEST, Case, Profile, rule

TESTS = {
    "secure_accelerator_access": "TestSecureAcceleratorAccess",
    "gang_scheduling": "TestGangScheduling",
    "cluster_autoscaling": "TestAcceleratorClusterAutoscaling",
}
TESTS_SINCE = (1, 37)
_A_DIRECTORY = re.compile(r"v[0-9]+\.[0-9]+/[^/]+/")


class BadPath(ValueError):
    """Why a path cannot be evidence."""


class Reference(msgspec.Struct, frozen=True):
    """Evidence that is a file of the directory."""

    asked: Asked
    entry: Entry
    at: Place
    path: str
    test: str  # named behind a ``#``, or the one that belongs to the requirement


def is_link(text: str) -> bool:
    return text.startswith(("http://", "https://"))


def links(case: Case) -> Iterator[Link]:
    """Every address that the validator calls."""
    for field in FIELDS:
        text = case.product.text(*field.names)
        if field.name == "k8sConformanceUrl":
            called = conformance_version(text.text) is not None
        else:
            called = text.text.startswith("http") and not is_placeholder(text.text)
        if called:
            yield Link(text.text, field.name, text.at)
    for asked, entry in case.counted():
        yield from (Link(one.text, asked.id, one.at) for one in entry.evidence if is_link(one.text))


def files(case: Case) -> Iterator[tuple[Asked, Entry, Text]]:
    for asked, entry in case.counted():
        for one in entry.evidence:
            if one.text and not is_link(one.text):
                yield asked, entry, one


def resolved(text: str, version: str, name: str) -> tuple[str, str]:
    """A path inside the directory, and what stands behind a ``#``; BadPath where it leads elsewhere."""
    path, _, fragment = text.strip().removeprefix("file://").partition("#")
    path = path.strip().removeprefix("/")
    if not path:
        raise BadPath("names no file")
    own = f"{version}/{name}/"
    if not path.startswith(own):
        if _A_DIRECTORY.match(path):
            raise BadPath("is of another product's directory")
        path = own + path
    whole = inside(path)  # a path may leave the directory, as long as it comes back
    if not whole.startswith(own):
        raise BadPath("leads out of the product's directory")
    path = whole.removeprefix(own)
    return path, fragment


def references(case: Case) -> Iterator[Reference]:
    """The files that evidence names, where they are there."""
    for asked, entry, one in files(case):
        try:
            path, fragment = resolved(one.text, case.folder.parent, case.folder.name)
        except BadPath:
            continue
        if case.folder.presence(path) is not Presence.MISSING:
            yield Reference(asked, entry, one.at, path, fragment or TESTS.get(asked.id, ""))


@rule(Grade.ERROR, ALL)
def link_answers(case: Case) -> Iterator[Hit]:
    """Every link answers.

    Why: the validator calls each by HEAD and then GET, and takes what is below 400 within 30 seconds.
    Fix: correct the link, or let programs read the page. Looked at only with --online.
    """
    for link in links(case):
        if reason := case.dead.get(link.url):
            yield Hit(
                link.at, f"{link.of}: the link does not answer: {reason}", "correct it, or let programs read the page"
            )


@rule(Grade.ERROR, ALL)
def evidence_file_is_there(case: Case) -> Iterator[Hit]:
    """Every file that evidence names is there.

    Why: evidence without http:// or https:// is a file of the product's directory. As of August 2026 the
    validator also takes a #fragment for a part of the name.
    Fix: add the file, or correct the path.
    """
    for asked, _, one in files(case):
        path = inside(one.text)
        if case.profile is not Profile.OFFICIAL:
            try:
                path, _ = resolved(one.text, case.folder.parent, case.folder.name)
            except BadPath:
                continue
        if case.folder.presence(path) is Presence.MISSING:
            yield Hit(one.at, f"{asked.id}: there is no file {path!r}", _way_to(case, path))


@rule(Grade.ERROR, SINCE_NEWEST)
def evidence_stays_in_its_directory(case: Case) -> Iterator[Hit]:
    """Evidence that is a file lies in the product's own directory.

    Why: the newest validator refuses paths that lead elsewhere.
    Fix: copy the file into the directory.
    """
    for asked, _, one in files(case):
        try:
            resolved(one.text, case.folder.parent, case.folder.name)
        except BadPath as error:
            yield Hit(one.at, f"{asked.id}: {one.text!r} {error}", "name a file of this directory, relative to it")


@rule(Grade.ERROR, SINCE_NEWEST)
def test_results_can_be_read(case: Case) -> Iterator[Hit]:
    """Test results are in the form that belongs to their name.

    Why: junit.xml, results.json and e2e.log are parsed, by these names alone.
    Fix: write them anew, or give another file another name.
    """
    told = set()
    for one in references(case):
        if not is_artifact(one.path) or one.path in told:
            continue
        try:
            case.results(one.path)
        except BadArtifact as error:
            told.add(one.path)
            yield Hit(one.at, f"{one.path} holds no test results: {error}", "write it anew")


@rule(Grade.ERROR, SINCE_NEWEST)
def test_results_hold_no_failure(case: Case) -> Iterator[Hit]:
    """Nothing failed in the test results, whatever it was.

    Why: one failed test anywhere in a file, and the validator refuses the product.
    Fix: mend what failed and run again; do not edit the file.
    """
    told = set()
    for one in references(case):
        if one.path not in told and (failures := _failures(case, one.path)):
            told.add(one.path)
            more = f" and {len(failures) - 3} more" if len(failures) > 3 else ""
            yield Hit(
                one.at, f"{one.path} holds failed tests: {', '.join(failures[:3])}{more}", "run again until all pass"
            )


@rule(Grade.ERROR, SINCE_NEWEST)
def test_results_hold_the_test(case: Case) -> Iterator[Hit]:
    """Test results hold the test that proves the requirement, and it passed.

    Why: three requirements have a test of their own; a #fragment names another one. A skipped test proves nothing.
    Fix: run that test, or take the file out of the evidence.
    """
    for one in references(case):
        if not is_artifact(one.path) or not one.test:
            continue
        try:
            ending = case.results(one.path).ending(one.test)
        except BadArtifact:
            continue
        skipped = ending is Ending.SKIPPED and one.entry.status.text == "Implemented"
        if ending in (None, Ending.FAILED) or skipped:
            seen = f"{one.test} {ending}" if ending else f"there is no {one.test}"
            yield Hit(one.at, f"{one.asked.id}: in {one.path} {seen}", "run that test, or name other evidence")


@rule(Grade.WARNING, SINCE_NEWEST)
def test_results_are_there(case: Case) -> Iterator[Hit]:
    """Requirements with a test of their own bring its results.

    Why: from 1.37 on the programme recommends them.
    Fix: run the test, and name e2e.log, junit.xml or results.json as evidence.
    """
    if not case.version or tuple(map(int, case.version.split("."))) < TESTS_SINCE:
        return
    proven = {one.asked.id for one in references(case) if is_artifact(one.path)}
    for asked, entry in case.counted():
        if asked.id in TESTS and asked.id not in proven and entry.status.text == "Implemented":
            yield Hit(
                entry.status.at,
                f"{asked.id} has a test, {TESTS[asked.id]}, and no results of it",
                "add junit.xml or e2e.log",
            )


def _failures(case: Case, path: str) -> tuple[str, ...]:
    try:
        return case.results(path).failures if is_artifact(path) else ()
    except BadArtifact:
        return ()


def _way_to(case: Case, path: str) -> str:
    bare = path.partition("#")[0]
    if bare != path and case.folder.presence(bare) is Presence.THERE:
        return f"without the fragment, {bare!r} is there"
    return "add the file, or correct the path"
