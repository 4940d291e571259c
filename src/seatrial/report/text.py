"""The Run in 80 columns: the summary first, then what failed, what could not be judged, and the rest."""

from __future__ import annotations

from collections.abc import Callable

from seatrial.model.fact import GapReason
from seatrial.model.measure import Measure
from seatrial.model.run import Run
from seatrial.report.domains import scores
from seatrial.report.hostile import pairs
from seatrial.report.lines import Page
from seatrial.report.measured import doubt, interval, standing_of, told, wanted
from seatrial.report.outline import NEEDS_WORK, WORDS, Outline, Shown, Standing, Topic, outline, place
from seatrial.report.wording import count, moment, span

_BY_NAME = (Standing.NOT_APPLICABLE, Standing.NOT_GIVEN)  # many checks of which nothing is to be told but that they are
_UNREAD = frozenset(GapReason) - {GapReason.ABSENT, GapReason.NOT_GIVEN}
_FEW = 10
_MOST_IN_FULL, _MOST_IN_SHORT = 20, 3  # findings of one topic; the other faces have them all


def render(run: Run, *, colour: bool = False) -> str:
    page, shape = Page(colour=colour), outline(run)
    for section in (_head, _topics, _gaps, _measures):
        section(page, shape)
        page.gap()
    return page.text()


def _head(page: Page, shape: Outline) -> None:
    run, words = shape.run, WORDS[shape.verdict]
    page.say(shape.headline, mark=words.label, paint=shape.verdict)
    if shape.caveat:
        page.say(shape.caveat, paint="bold")
    page.gap()
    version = f", Kubernetes {run.environment.cluster.version}" if run.environment.cluster.version else ""
    page.say(f"{place(run.environment)}{version}", paint="dim")
    page.say(f"{moment(run.started_at)}, took {span(shape.seconds)}, seatrial {run.seatrial}", paint="dim")
    _domains(page, shape)


def _domains(page: Page, shape: Outline) -> None:
    found = scores(shape)
    if not found:
        return
    page.gap()
    page.row(f"  {'':30}{'unknown':>9}{'fail':>7}{'grave':>7}{'accepted':>10}{'hold':>7}{'of 100':>8}")
    for one in found:
        score = "–" if one.score is None else str(one.score)
        numbers = f"{one.unknown:>9}{one.failed:>7}{one.grave:>7}{one.accepted:>10}{one.passed:>7}{score:>8}"
        page.row(f"  {one.title:<30}{numbers}")


def _topics(page: Page, shape: Outline) -> None:
    for standing in Standing:
        topics = shape.standing_at(standing)
        if not topics:
            continue
        page.gap()
        page.say(f"{WORDS[standing].heading} ({len(topics)})", paint="bold")
        write = _WRITERS.get(standing, _in_short)
        named = [topic for topic in topics if (standing in _BY_NAME and not topic.asked) or _is_unread(topic)]
        named = named if len(topics) > _FEW else []
        for topic in topics:
            if topic not in named:
                write(page, topic)
        if named:
            if standing is Standing.UNKNOWN:
                page.say(f"What these {len(named)} read was not there to be read; below stands why:", indent=2)
            page.say(", ".join(sorted(topic.name for topic in named)), indent=2, limit=20_000)


def _is_unread(topic: Topic) -> bool:
    """Nothing is to be told of it but which of its facts are missing."""
    left = [shown.finding for shown in topic.shown if shown.needs_work]
    return not topic.asked and bool(left) and all(str(one.seen.get("reason", "")) in _UNREAD for one in left)


def _in_full(page: Page, topic: Topic) -> None:
    page.say(_title(topic), indent=2, mark=WORDS[topic.standing].mark, paint=topic.standing)
    if topic.page and not topic.asked:
        page.say(topic.page.title, indent=4, paint="dim")
    if topic.own_words:
        page.say(topic.own_words, indent=4)
    _findings(page, topic)
    if topic.fix:
        page.say(f"Fix: {topic.fix}", indent=4)
    page.gap()


def _findings(page: Page, topic: Topic) -> None:
    for needs_work, most in ((True, _MOST_IN_FULL), (False, _MOST_IN_SHORT)):
        some = [shown for shown in topic.shown if shown.needs_work is needs_work]
        for shown in some[:most]:
            _finding(page, topic, shown)
        if len(some) > most:
            page.say(f"… and {len(some) - most} more like these", indent=4)


def _finding(page: Page, topic: Topic, shown: Shown) -> None:
    finding, standing = shown.finding, shown.standing
    severity = f" ({finding.severity})" if shown.needs_work else ""
    page.say(f"{_name(topic, shown)}{severity}", indent=4, mark=WORDS[standing].mark, paint=standing)
    page.say(shown.because, indent=6)
    if not shown.needs_work:
        return
    for name, seen in pairs(finding.seen):
        page.say(f"{name}: {seen}", indent=6, mark="·", limit=300)
    if finding.fix and not topic.fix:
        page.say(f"Fix: {finding.fix}", indent=6)
    if shown.evidence is not None:
        entries = count(len(shown.evidence.entries), "entry", "entries")
        page.say(f"Evidence: {entries}, sha256 {shown.evidence.digest[:16]}", indent=6, paint="dim")


def _name(topic: Topic, shown: Shown) -> str:
    """The subject, and the check where the topic has not named it already."""
    check, subject = shown.finding.check, shown.finding.subject
    if not subject:
        return check
    return subject if topic.name == check else f"{check} for {subject}"


def _in_short(page: Page, topic: Topic) -> None:
    page.say(_title(topic), indent=2, mark=WORDS[topic.standing].mark, paint=topic.standing)
    if topic.because or topic.shown:
        page.say(topic.because or _subjects(topic), indent=4)
    if any(shown.needs_work for shown in topic.shown):
        _findings(page, topic)


def _in_a_line(page: Page, topic: Topic) -> None:
    page.say(f"{_title(topic)}: {topic.because}", indent=2, mark=WORDS[topic.standing].mark)


_WRITERS: dict[Standing, Callable[[Page, Topic], None]] = {
    **dict.fromkeys(NEEDS_WORK, _in_full),
    Standing.NOT_COVERED: _in_a_line,
}


def _title(topic: Topic) -> str:
    return f"{topic.name} ({topic.asked_by})" if topic.asked else topic.name


def _subjects(topic: Topic) -> str:
    first, *rest = [shown.finding for shown in topic.shown]
    of = f"{first.subject}: " if first.subject else ""
    return f"{of}{first.because}" + (f" (and {len(rest)} more)" if rest else "")


def _gaps(page: Page, shape: Outline) -> None:
    if shape.unread:
        page.say("What could not be read", paint="bold")
    for gap in shape.unread:
        page.say(f"{gap.resource}: {gap.reason}, {gap.detail}", indent=2, mark="·")
    for words, names in shape.not_there.items():
        page.gap()
        page.say(f"{words} ({len(names)})", paint="bold")
        page.say(", ".join(names), indent=2, limit=20_000)


def _measures(page: Page, shape: Outline) -> None:
    if shape.run.measures:
        page.say("Measured", paint="bold")
    for one in shape.run.measures:
        tone = standing_of(one)
        mark = WORDS[tone].mark if one.target or not one.valid else "·"
        of = f" for {one.subject}" if one.subject else ""
        page.say(f"{one.id}{of}: {_number(one)}", indent=2, mark=mark, paint=tone if mark != "·" else "")
        for part in one.parts:
            page.row(f"      {part.seconds:>9.2f} s  {part.name}")


def _number(one: Measure) -> str:
    bounds, target, why = interval(one), wanted(one), doubt(one)
    samples = f", of {one.samples:,}" if one.samples else ""
    between = f" ({bounds})" if bounds else ""
    return f"{told(one)}{between}{samples}{f'; {target}' if target else ''}{f'; {why}' if why else ''}"
