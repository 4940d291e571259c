"""JUnit XML, as gotestsum, go-junit-report and Ginkgo write it.

No JUnit file needs a document type, so one that has any is refused before an entity could be declared: that leaves plain
expat nothing to expand or to fetch.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from xml.parsers import expat

import msgspec

from seatrial.foreign.results import Case, Ended, Results
from seatrial.foreign.suites import suite_of
from seatrial.kit.text import one_line
from seatrial.model.errors import UsageError

_DEEPEST = 20
_MOST = 200_000  # cases
_SAID = 2000  # characters of what a case says
_ENDS = {"failure": Ended.FAIL, "error": Ended.FAIL, "skipped": Ended.SKIP}
_COUNTED = ("tests", "failures", "errors", "skipped")
_COUNTS = (*_COUNTED, "disabled")


def read(data: bytes, *, file: str) -> Results:
    reader = _Reader(file)
    reader.read(data)
    names = " ".join(suite.name for suite in reader.suites)
    return Results(
        file=file,
        suite=suite_of(reader.cases, named=names),
        cases=tuple(reader.cases),
        slips=tuple(slip for suite in reader.suites for slip in suite.slips()),
        focus=next((suite.focus for suite in reader.suites if suite.focus), ""),
    )


class _Open(msgspec.Struct):
    """The case that is being read."""

    name: str
    seconds: float | None
    ended: Ended = Ended.PASS
    said: str = ""


class _Suite(msgspec.Struct):
    """A test suite element: what it declares, and what is in it."""

    name: str
    declared: dict[str, str]
    found: Counter[str]
    focus: str = ""

    def slips(self) -> Iterator[str]:
        for what in _COUNTS:
            text = self.declared.get(what)
            if text is None:
                continue
            number = _whole(text)
            if number is None:
                yield f"{what} is {one_line(text, limit=40)!r}, which is no number"
            elif number < 0:
                yield f"{what} is {number}, and nothing can be counted to that"
            elif what in _COUNTED and number not in self._possible(what):
                yield f"its head says {number} {what}, and there are {self.found[what]}"

    def _possible(self, what: str) -> tuple[int, ...]:
        """Ginkgo 1 did not count what it skipped."""
        return (self.found[what], self.found[what] - self.found["skipped"]) if what == "tests" else (self.found[what],)


class _Reader:
    def __init__(self, file: str) -> None:
        self._file = file
        self.cases: list[Case] = []
        self.suites: list[_Suite] = []
        self._open_suites: list[_Suite] = []
        self._case: _Open | None = None
        self._listening = self._depth = 0
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    def read(self, data: bytes) -> None:
        try:
            self._parser.Parse(data, True)
        except expat.ExpatError as error:
            what = f"not well-formed XML: {expat.ErrorString(error.code)}"
            raise self._wrong(what, line=error.lineno) from error
        except (LookupError, ValueError) as error:  # an encoding that Python does not know, or that is not one
            raise self._wrong(f"not readable as XML: {one_line(str(error))}") from error
        if not self.suites:
            raise self._wrong("XML without a <testsuite>, so it is no JUnit file")

    def _refuse_doctype(self, *_: object) -> None:
        raise self._wrong("it declares a document type, which no JUnit file needs")

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._wrong(f"nested deeper than {_DEEPEST} elements")
        if tag == "testsuite":
            name = one_line(attributes.get("name", ""), limit=300)
            suite = _Suite(name, {key: attributes[key] for key in _COUNTS if key in attributes}, Counter())
            self.suites.append(suite)
            self._open_suites.append(suite)
        elif tag == "property" and self._open_suites and attributes.get("name") == "FocusStrings":
            self._open_suites[-1].focus = one_line(attributes.get("value", ""), limit=200)
        elif tag == "testcase":
            self._begin_case(attributes)
        elif tag in _ENDS and self._case is not None:
            self._begin_ending(tag, attributes, self._case)

    def _begin_case(self, attributes: dict[str, str]) -> None:
        if len(self.cases) >= _MOST:
            raise self._wrong(f"more than {_MOST} cases")
        name = one_line(attributes.get("name", ""), limit=1000).removeprefix("[It] ")
        self._case = _Open(name, _seconds(attributes.get("time", "")))
        self._count("tests")

    def _begin_ending(self, tag: str, attributes: dict[str, str], case: _Open) -> None:
        self._count({"failure": "failures", "error": "errors"}.get(tag, tag))
        if case.ended is not Ended.FAIL:
            case.ended = _ENDS[tag]
        case.said = attributes.get("message", "")[:_SAID]
        self._listening = self._depth

    def _count(self, what: str) -> None:
        """In every open suite: the outer ones declare the sum of the inner ones."""
        for suite in self._open_suites:
            suite.found[what] += 1

    def _text(self, text: str) -> None:
        if self._case is not None and self._listening and len(self._case.said) < _SAID:
            self._case.said += f" {text[:_SAID]}"

    def _end(self, tag: str) -> None:
        if self._depth == self._listening:
            self._listening = 0
        self._depth -= 1
        if tag == "testsuite":
            self._open_suites.pop()
        elif tag == "testcase" and self._case is not None:
            case, self._case = self._case, None
            self.cases.append(Case(case.name, case.ended, case.seconds, one_line(case.said, limit=300)))

    def _wrong(self, what: str, *, line: int = 0) -> UsageError:
        at = line or self._parser.CurrentLineNumber
        return UsageError(f"{self._file}:{at}: {what}", way_out="name the file as the tool wrote it")


def _whole(text: str) -> int | None:
    try:
        return int(text[:20])
    except ValueError:
        return None


def _seconds(text: str) -> float | None:
    try:
        number = float(text[:40].replace(",", ""))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
