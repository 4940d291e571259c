"""Test results as the programme reads them: ``junit.xml``, ``results.json`` and ``e2e.log``, by these names alone."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any
from xml.parsers import expat

import msgspec

from seatrial.kit.text import one_line

_LONGEST_LINE = 16 << 20
_LINE = re.compile(rb"[\t\n\f\r ]*--- (PASS|FAIL|SKIP): ([^\t\n\f\r ]+)")


class Ending(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


_WORDS = {"pass": Ending.PASSED, "fail": Ending.FAILED, "skip": Ending.SKIPPED}


class BadArtifact(ValueError):
    """Why a file of test results cannot be read as one."""


class Results(msgspec.Struct, frozen=True):
    tests: Mapping[str, Ending]
    failures: tuple[str, ...]

    def ending(self, name: str) -> Ending | None:
        """Of the test, or where only parts of it are there, of all of them together."""
        if name in self.tests:
            return self.tests[name]
        parts = {ending for test, ending in self.tests.items() if test.startswith(f"{name}/")}
        if not parts:
            return None
        if Ending.FAILED in parts:
            return Ending.FAILED
        return Ending.SKIPPED if parts == {Ending.SKIPPED} else Ending.PASSED

    @property
    def whole(self) -> dict[str, Ending]:
        """The tests without their parts."""
        return {name: ending for name, ending in self.tests.items() if "/" not in name}


def is_artifact(path: str) -> bool:
    return posixpath.basename(path).lower() in _READERS


def parse(path: str, data: bytes) -> Results:
    return _READERS[posixpath.basename(path).lower()](data)


def parse_junit(data: bytes) -> Results:
    return _results(_JUnit().read(data), "there is no <testcase> in it")


def parse_events(data: bytes) -> Results:
    """The lines of ``go test -json``."""
    tests, packages = [], []
    for number, line in enumerate(data.split(b"\n"), start=1):
        event = _event(line.strip(), number)
        ending = _WORDS.get(event.get("action", ""))
        if ending is None:
            continue
        if event.get("test"):
            tests.append((event["test"], ending))
        elif ending is Ending.FAILED:
            packages.append(f"package {event.get('package', '')}")
    found = _collected(tests)
    failures = found.failures or tuple(packages)
    if not found.tests and not failures:
        raise BadArtifact("there is no test in it")
    return Results(found.tests, failures)


def parse_log(data: bytes) -> Results:
    """The output of ``go test -v``."""
    lines = (_LINE.match(line) for line in data.split(b"\n"))
    pairs = [(match[2].decode(errors="replace"), _WORDS[match[1].decode().lower()]) for match in lines if match]
    return _results(pairs, "there is no line such as '--- PASS: TestName' in it")


_READERS: Mapping[str, Callable[[bytes], Results]] = {
    "junit.xml": parse_junit,
    "results.json": parse_events,
    "e2e.log": parse_log,
}


def _results(pairs: list[tuple[str, Ending]], otherwise: str) -> Results:
    if not pairs:
        raise BadArtifact(otherwise)
    return _collected(pairs)


def _collected(pairs: list[tuple[str, Ending]]) -> Results:
    """Of several endings of one test the last counts, but nothing takes back a failure."""
    tests: dict[str, Ending] = {}
    for name, ending in pairs:
        if tests.get(name) is not Ending.FAILED:
            tests[name] = ending
    return Results(tests, tuple(sorted(name for name, ending in tests.items() if ending is Ending.FAILED)))


def _event(line: bytes, number: int) -> dict[str, str]:
    if not line:
        return {}
    if len(line) > _LONGEST_LINE:
        raise BadArtifact(f"line {number} is longer than {_LONGEST_LINE} bytes")
    try:
        event: Any = msgspec.json.decode(line.decode(errors="replace"))
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadArtifact(f"line {number} is not JSON: {one_line(str(error))}") from error
    if event is None:
        return {}
    if not isinstance(event, dict):
        raise BadArtifact(f"line {number} is no JSON object")
    kept = {key.lower(): value for key, value in event.items() if key.lower() in ("action", "package", "test")}
    if not all(value is None or isinstance(value, str) for value in kept.values()):
        raise BadArtifact(f"line {number}: Action, Package and Test must be text")
    return {key: value for key, value in kept.items() if value is not None}


class _JUnit:
    """Cases of suites within suites; what stands elsewhere does not count, nor does what comes after the root."""

    def __init__(self) -> None:
        self._path: list[str] = []
        self._name, self._ending = "", Ending.PASSED
        self._found: list[tuple[str, Ending]] = []
        self._done = False

    def read(self, data: bytes) -> list[tuple[str, Ending]]:
        parser = expat.ParserCreate()
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.XmlDeclHandler, parser.EntityDeclHandler = self._declared, self._entity
        try:
            parser.Parse(data, True)
        except expat.ExpatError as error:
            if not self._done:
                raise BadArtifact(f"not XML: {one_line(str(error))}") from error
        return self._found

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding and encoding.lower() != "utf-8":
            raise BadArtifact(f"it is declared to be {one_line(encoding, limit=40)}, not UTF-8")

    def _entity(self, *_: object) -> None:
        raise BadArtifact("it declares entities")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._done:
            return
        name = _local(tag)
        self._path.append(name)
        if len(self._path) > 200:
            raise BadArtifact("elements are nested deeper than 200")
        if name == "testcase" and self._in_suites(self._path[1:-1]):
            self._name = next((value for key, value in attributes.items() if _local(key) == "name"), "")
            self._ending = Ending.PASSED
        elif self._path[-2:-1] == ["testcase"] and self._in_suites(self._path[1:-2]):
            self._ending = _CASE_ENDINGS.get(name, self._ending) if self._ending is not Ending.FAILED else self._ending

    def _end(self, tag: str) -> None:
        if self._done:
            return
        if _local(tag) == "testcase" and self._in_suites(self._path[1:-1]):
            self._found.append((self._name, self._ending))
        self._path.pop()
        self._done = not self._path

    def _in_suites(self, above: list[str]) -> bool:
        return len(self._path) > 1 and all(name == "testsuite" for name in above)


_CASE_ENDINGS = {"failure": Ending.FAILED, "error": Ending.FAILED, "skipped": Ending.SKIPPED}


def _local(name: str) -> str:
    return name.rpartition(":")[2]
