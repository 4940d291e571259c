"""The log of the Kubernetes e2e suite, as Hydrophone, Sonobuoy and Ginkgo itself leave it (``e2e.log``)."""

from __future__ import annotations

import re

from seatrial.foreign.results import Case, Ended, Identity, Results, lines
from seatrial.foreign.suites import suite_of
from seatrial.kit.text import one_line

_RULE = "-" * 30
_MOST = 200_000

_SUITE = re.compile(r"Running Suite: (.*?)(?: - \S+)?\s*")
_PLANNED = re.compile(r"Will run (-?\d{1,9}) of (-?\d{1,9}) specs\s*")
_RAN = re.compile(r"Ran (-?\d{1,9}) of (-?\d{1,9}) Specs in [\d.]+ seconds\s*")
_TALLY = re.compile(r"(?:SUCCESS!|FAIL!) -- (-?\d{1,9}) Passed \| (-?\d{1,9}) Failed .*\| (-?\d{1,9}) Skipped\s*")
_ENDED = re.compile(
    r"[•+SP!] (?:\[(PASSED|FAILED|PANICKED|TIMEDOUT|INTERRUPTED|ABORTED|SKIPPED)\](?: \([^)]*\))? )?"
    r"\[([\d.]{1,12}) seconds\]\s*"
)
_ENDS = {None: Ended.PASS, "PASSED": Ended.PASS, "SKIPPED": Ended.SKIP}  # every other word is a failure
_EVENT = re.compile(
    r'[•+]?\{"msg":"(PASSED|FAILED) (.{1,1000}?)","total":.*\}\s*'
)  # of Ginkgo 1, before Kubernetes 1.25
_LABELS = re.compile(r"( \[Conformance\].*?) \[[^\[\]]*, ?[^\[\]]*\]$")  # Ginkgo repeats the labels behind the name
_VERSION = re.compile(r"kube-apiserver version: (v\d+\.\d+\S{0,80})")
_NODE = re.compile(r"from node ([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?) pod ")


class _Story:
    def __init__(self) -> None:
        self.cases: list[Case] = []
        self.suite = self.version = ""
        self.nodes: set[str] = set()
        self.planned: int | None = None
        self.ran: int | None = None
        self.tally: tuple[int, int] | None = None
        self._name = ""  # of the case whose block this is
        self._ended: tuple[Ended, str] | None = None  # how a case ended whose name comes in the next line
        self._fresh = False

    def hear(self, line: str) -> None:
        if match := _EVENT.fullmatch(line):
            self._end(match[2], Ended.PASS if match[1] == "PASSED" else Ended.FAIL, "")
        elif line.startswith(_RULE):
            self._fresh, self._name = True, ""
        elif match := _ENDED.fullmatch(line):
            self._hear_end(_ENDS.get(match[1], Ended.FAIL), match[2])
        elif self._hears_of_the_run(line):
            self._fresh = False
        elif self._fresh and line.strip():
            self._name, self._fresh = line, False
        elif self._ended and line.strip():
            (how, seconds), self._ended = self._ended, None
            self._end(line.replace("[It] ", ""), how, seconds)

    def _hear_end(self, how: Ended, seconds: str) -> None:
        """With -v the block begins with the name and ends with this; without, it begins with this and the name follows."""
        self._fresh = False
        if self._name:
            self._end(self._name, how, seconds)
        else:
            self._ended = how, seconds

    def _hears_of_the_run(self, line: str) -> bool:
        if match := _SUITE.fullmatch(line):
            self.suite = one_line(match[1], limit=200)
        elif match := _PLANNED.fullmatch(line):
            self.planned = int(match[1])
        elif match := _RAN.fullmatch(line):
            self.ran = int(match[1])
        elif match := _TALLY.fullmatch(line):
            self.tally = int(match[1]), int(match[2])
        elif match := _VERSION.search(line):
            self.version = one_line(match[1], limit=100)
        elif match := _NODE.search(line):
            self.nodes.add(match[1])
        return match is not None

    def _end(self, name: str, how: Ended, seconds: str) -> None:
        self._name = ""
        name = _LABELS.sub(r"\1", one_line(name, limit=1000))
        if name and len(self.cases) < _MOST:
            self.cases.append(Case(name, how, float(seconds) if re.fullmatch(r"\d+\.?\d*", seconds) else None))

    def slips(self) -> tuple[str, ...]:
        if self.ran is None:
            return ("the run has no end: it was cut short or is still going on",)
        slips = (
            [] if self.planned in (None, self.ran) else [f"it set out to run {self.planned} cases, and ran {self.ran}"]
        )
        if self.ran > 0 and not self.cases:
            return (*slips, f"{self.ran} cases ran, and the log names none of them")
        ran = [case for case in self.cases if case.ran]
        failures = sum(case.ended is Ended.FAIL for case in ran)
        said = [("cases ran", self.ran, len(ran))]
        if self.tally:
            said += [("passed", self.tally[0], len(ran) - failures), ("failed", self.tally[1], failures)]
        for what, number, found in said:
            if number < 0:
                slips.append(f"its end says {number} {what}, and nothing can be counted to that")
            elif number != found:
                slips.append(f"its end says {number} {what}, and the log shows {found}")
        return tuple(slips)


def read(text: str, *, file: str) -> Results:
    story = _Story()
    for line in lines(text):
        story.hear(line)
    return Results(
        file=file,
        suite=suite_of(story.cases, named=story.suite),
        cases=tuple(story.cases),
        slips=story.slips(),
        identity=Identity(version=story.version, nodes=frozenset(story.nodes)),
    )
