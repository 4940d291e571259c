"""What ``go test`` prints: the stream of events of ``-json``, and the text of ``-v``."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from seatrial.foreign.results import Case, Ended, Identity, Results, Suite, lines
from seatrial.foreign.suites import SOURCE, TESTS
from seatrial.kit.text import one_line

_ACTIONS = {"pass": Ended.PASS, "fail": Ended.FAIL, "skip": Ended.SKIP}
_WORDS = {"PASS": Ended.PASS, "FAIL": Ended.FAIL, "SKIP": Ended.SKIP}
_MOST = 200_000  # tests

_HEADING = re.compile(r"=== (RUN|CONT|NAME|PAUSE)\s+(\S{1,1000})\s*")
_ENDING = re.compile(r"( *)--- (PASS|FAIL|SKIP): (\S{1,1000}) \((\d{1,9}\.\d{1,9})s\)\s*")
_LAST = re.compile(r"(PASS|FAIL|ok|FAIL\s.*|ok\s.*|exit status \d+)\s*")
_SAID = re.compile(r"\s+\S+\.go:\d+: (.*)", re.DOTALL)
_PACKAGE = re.compile(r"(?:ok|FAIL|---)\s+(\S*/\S+)")
_NODES = re.compile(
    r"(?:\(Node: |\baccelerator node: |\bnodeName=|\bon node |\bnew node )([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)\b"
)


class _Event(msgspec.Struct, frozen=True, rename="pascal"):
    action: str
    package: str = ""
    test: str = ""
    output: str = ""
    elapsed: float | None = None


_event = msgspec.json.Decoder(_Event)


class _Story:
    """What happened so far: which tests began, which ended and how, and what they said."""

    def __init__(self) -> None:
        self.cases: list[Case] = []
        self.slips: list[str] = []
        self.began: dict[str, str] = {}  # test → the last thing that it said
        self.nodes: set[str] = set()
        self.over = False
        self.packages: set[str] = set()

    def begin(self, test: str) -> None:
        if len(self.began) < _MOST:
            self.began.setdefault(test, "")

    def say(self, test: str, output: str) -> None:
        if test in self.began and (match := _SAID.fullmatch(output)):
            self.began[test] = match[1].strip() or self.began[test]
        # The suite tests itself with made-up nodes; only a test that looks at a cluster speaks of real ones.
        if test.partition("/")[0] in TESTS:
            self.nodes.update(_NODES.findall(output))

    def end(self, test: str, how: Ended, seconds: float | None) -> None:
        if len(self.cases) < _MOST:
            because = one_line(self.began.get(test, ""), limit=300) if how is not Ended.PASS else ""
            self.cases.append(Case(test, how, seconds, because))

    def results(self, file: str) -> Results:
        ended = {case.name for case in self.cases}
        cut = [Case(name, Ended.UNFINISHED, None, one_line(said)) for name, said in self.began.items()]
        unfinished = tuple(case for case in cut if case.name not in ended)
        if not self.over:
            self.slips.append("the run has no end: it was cut short or is still going on")
        strangers = sorted(package for package in self.packages if SOURCE not in package)
        if strangers and len(strangers) == len(self.packages):
            self.slips.append(f"these are tests of {', '.join(strangers[:3])}, not of {SOURCE}")
        return Results(
            file=file,
            suite=Suite.AI,
            cases=(*self.cases, *unfinished),
            slips=tuple(self.slips),
            identity=Identity(nodes=frozenset(self.nodes)),
        )


def read_events(data: bytes, *, file: str) -> Results:
    story = _Story()
    strays = 0
    for line in data.splitlines():
        try:
            event = _event.decode(line)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            strays += bool(line.strip())
            continue
        _happened(story, event)
    if strays:
        story.slips.append(f"{strays} of its lines are no events of go test")
    return story.results(file)


def _happened(story: _Story, event: _Event) -> None:
    if event.package:
        story.packages.add(one_line(event.package, limit=200))
    if not event.test:
        if event.action in _ACTIONS:
            story.over = True
            story.slips += [f"package {one_line(event.package, limit=200)} failed"] if event.action == "fail" else []
        return
    test = one_line(event.test, limit=1000)
    if event.action == "run":
        story.begin(test)
    elif event.action == "output":
        story.say(test, event.output)
    elif event.action in _ACTIONS:
        story.end(test, _ACTIONS[event.action], event.elapsed)


def read_log(text: str, *, file: str) -> Results:
    story = _Story()
    current = ""
    for line in lines(text):
        if heading := _HEADING.fullmatch(line):
            current = one_line(heading[2], limit=1000)
            story.begin(current)
        elif ending := _ending(line):
            test, how, seconds = ending
            story.end(test, how, seconds)
        elif _LAST.fullmatch(line):
            story.over = True
            story.packages.update(_packages(line))
        elif line.startswith("panic: "):
            story.slips.append(one_line(line, limit=200))
        elif current:
            story.say(current, line)
    return story.results(file)


def _ending(line: str) -> tuple[str, Ended, float] | None:
    """A test of its own stands at the margin; what a test prints is indented, and must not pass for its end."""
    match = _ENDING.fullmatch(line)
    if match is None or ("/" in match[3]) != bool(match[1]):
        return None
    return one_line(match[3], limit=1000), _WORDS[match[2]], float(match[4])


def _packages(line: str) -> Iterator[str]:
    if match := _PACKAGE.match(line):
        yield one_line(match[1], limit=200)
