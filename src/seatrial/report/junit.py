"""The Run as JUnit XML: one case per requirement, or per check that no requirement asks for.

What could not be judged, and what nothing covers, is an error: never a pass, and never skipped.
"""

from __future__ import annotations

from seatrial.model.run import Run
from seatrial.report.hostile import pairs, xml_text
from seatrial.report.outline import WORDS, Outline, Shown, Standing, Topic, outline, place
from seatrial.report.wording import moment

_LONGEST = 200_000  # characters of one case: readers of JUnit choke on more
_ERRORS = (Standing.ERROR, Standing.UNKNOWN, Standing.NOT_COVERED)


def render(run: Run) -> str:
    shape = outline(run)
    by_suite: dict[str, list[Topic]] = {}
    for topic in shape.topics:
        for suite in topic.standards or ("checks",):
            by_suite.setdefault(suite, []).append(topic)
    suites = [_suite(shape, name, topics) for name, topics in sorted(by_suite.items())]
    cases = [topic for topics in by_suite.values() for topic in topics]
    return "\n".join(
        ['<?xml version="1.0" encoding="UTF-8"?>', f'<testsuites name="seatrial"{_tally(cases)}>']
        + [line for suite in suites for line in suite]
        + ["</testsuites>", ""]
    )


def _suite(shape: Outline, name: str, topics: list[Topic]) -> list[str]:
    environment = shape.run.environment
    properties = {
        "seatrial": shape.run.seatrial,
        "run": shape.run.id,
        "target": place(environment),
        "kubernetes": environment.cluster.version,
        "accelerators": {True: "simulated", False: "real", None: "unknown"}[environment.simulated],
    }
    skipped, begun = _number(topics, Standing.NOT_APPLICABLE), f"{shape.run.started_at:%Y-%m-%dT%H:%M:%S}"
    times = f' time="{shape.seconds:.3f}" timestamp="{begun}"'
    return [
        f'  <testsuite{_attributes(name=name)}{_tally(topics)} skipped="{skipped}"{times}>',
        "    <properties>",
        *(f"      <property{_attributes(name=key, value=value)}/>" for key, value in properties.items()),
        "    </properties>",
        *(line for topic in topics for line in _case(shape, name, topic)),
        "  </testsuite>",
    ]


def _case(shape: Outline, suite: str, topic: Topic) -> list[str]:
    seconds = sum(
        shown.evidence.entries[-1].after for shown in topic.shown if shown.evidence and shown.evidence.entries
    )
    opening = f'    <testcase{_attributes(classname=suite, name=topic.name)} time="{seconds:.3f}"'
    message = _attributes(message=_because(topic))
    body = "\n".join(_finding(shown) for shown in topic.shown)
    if topic.standing is Standing.PASS:
        notes = "\n".join(part for part in (shape.caveat, body) if part)
        return [f"{opening}>", f"      <system-out>{xml_text(notes, limit=_LONGEST)}</system-out>", "    </testcase>"]
    if topic.standing is Standing.NOT_APPLICABLE:
        return [f"{opening}>", f"      <skipped{message}/>", "    </testcase>"]
    kind = "failure" if topic.standing is Standing.FAIL else "error"
    type = "error" if topic.standing is Standing.ERROR else "fail" if kind == "failure" else "unknown"
    return [
        f"{opening}>",
        f'      <{kind}{message} type="{type}">{xml_text(body, limit=_LONGEST)}</{kind}>',
        "    </testcase>",
    ]


def _because(topic: Topic) -> str:
    return topic.because or (topic.shown[0].because if topic.shown else WORDS[topic.standing].counted)


def _finding(shown: Shown) -> str:
    finding = shown.finding
    lines = [f"{WORDS[shown.standing].label} {finding.key}", f"  {shown.because}"]
    lines += [f"  {name}: {seen}" for name, seen in pairs(finding.seen)]
    lines += [f"  Fix: {finding.fix}"] if finding.fix and shown.needs_work else []
    for entry in shown.evidence.entries if shown.evidence else ():
        lines.append(f"  {moment(entry.at)} {entry.step}: {entry.what}")
    return "\n".join(lines)


def _tally(topics: list[Topic]) -> str:
    errors = sum(_number(topics, standing) for standing in _ERRORS)
    return f' tests="{len(topics)}" failures="{_number(topics, Standing.FAIL)}" errors="{errors}"'


def _number(topics: list[Topic], standing: Standing) -> int:
    return sum(topic.standing is standing for topic in topics)


def _attributes(**values: str) -> str:
    return "".join(f' {name}="{xml_text(value, limit=500)}"' for name, value in values.items())
