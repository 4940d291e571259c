"""A Diagnosis as a tree in 80 columns: what is in the way first, below it who waits, what frees them, what prevents it."""

from __future__ import annotations

from seatrial.model.wait import Action, Blocked, Cause, Diagnosis, Explanation, Standing
from seatrial.report.lines import Page
from seatrial.report.outline import place
from seatrial.report.wording import count, moment

_LABELS = {
    Standing.FLOWS: ("FLOWS", "pass"),
    Standing.STUCK: ("STUCK", "fail"),
    Standing.BADLY: ("RUNS BADLY", "unknown"),
    Standing.BROKEN: ("BROKEN", "fail"),
    Standing.UNKNOWN: ("UNKNOWN", "unknown"),
}
_MOST_CAUSES, _MOST_BLOCKED = 20, 8  # the other faces have more
_SIMULATED = "The accelerators here are simulated."


def render(found: Diagnosis, *, colour: bool = False) -> str:
    page = Page(colour=colour)
    label, paint = _LABELS[found.standing]
    about = f"{found.about}: " if found.about else ""
    page.say(f"{about}{found.headline}", mark=label, paint=paint)
    if found.environment.simulated:
        page.say(_SIMULATED, paint="bold")
    page.gap()
    page.say(f"{place(found.environment)}, {moment(found.taken_at)}, seatrial {found.seatrial}", paint="dim")
    for one in found.explanations:  # there are some where one thing was asked about
        page.gap()
        _explanation(page, one)
    for cause in found.causes[:_MOST_CAUSES]:
        page.gap()
        _cause(page, cause)
    if len(found.causes) > _MOST_CAUSES:
        page.gap()
        page.say(f"… and {len(found.causes) - _MOST_CAUSES} more causes; -o json has them")
    if found.standing is Standing.FLOWS and not found.about:
        page.gap()
        page.say(
            "What is broken while nothing waits for it is found by `seatrial prove`; then: diagnose --for RUN.json",
            paint="dim",
        )
    _broken(page, found)
    _rest(page, found)
    return page.text()


def _cause(page: Page, cause: Cause) -> None:
    kind = "deadlock" if cause.deadlock else cause.source
    slow = "" if cause.stops else ", runs badly"
    page.say(f"{cause.holder} ({kind}, {cause.certainty}{slow})", mark=f"{cause.rank}.", paint="bold")
    page.say(cause.because, indent=3, limit=1200)
    if cause.cycle:
        page.say(" → ".join(cause.cycle), indent=3, mark="circle:", limit=1200)
    devices = f", {count(cause.accelerators, 'accelerator')}" if cause.accelerators else ""
    verb = "waits" if cause.stops else "suffers"
    page.say(f"{verb}: {count(cause.waiters, 'party', 'parties')}, {count(cause.pods, 'pod')}{devices}", indent=3)
    for number, row in enumerate(cause.blocked[:_MOST_BLOCKED]):
        last = number + 1 == min(cause.waiters, _MOST_BLOCKED)
        _blocked(page, row, "└─" if last else "├─")
    if cause.waiters > _MOST_BLOCKED:
        page.say(f"… and {cause.waiters - _MOST_BLOCKED} more", indent=6)
    _actions(page, cause)
    if cause.prevent:
        page.say(cause.prevent, indent=3, mark="prevent:", limit=800)


def _blocked(page: Page, row: Blocked, mark: str) -> None:
    behind = "" if row.directly else ", behind another"
    devices = f", {count(row.accelerators, 'accelerator')}" if row.accelerators else ""
    because = f": {row.because}" if row.because else ""
    page.say(f"{row.subject} ({count(row.pods, 'pod')}{devices}{behind}){because}", indent=3, mark=mark, limit=400)


def _actions(page: Page, cause: Cause) -> None:
    if cause.smallest is not None and cause.actions:
        least = "the smallest set there is" if cause.smallest else f"found step by step: {cause.bound}"
        page.say(f"{count(len(cause.actions), 'action')}, {least}", indent=3, mark="to free it:", limit=800)
    for action in cause.actions:
        _action(page, action)


def _action(page: Page, action: Action) -> None:
    lost = f" (gives up {count(action.lost, 'accelerator')})" if action.lost else ""
    page.say(f"{action.what}{lost}", indent=3, mark="→")
    if action.command:
        page.say(action.command, indent=5, paint="dim", limit=2000)


def _explanation(page: Page, one: Explanation) -> None:
    page.say(f"{one.subject}: {one.fits} of {one.nodes} nodes would take it", paint="bold")
    if one.needs:
        page.say(one.needs, indent=3, limit=1000)
    for action in one.actions:
        _action(page, action)
    for trial in one.fails:
        page.say(f"{trial.constraint}: fails on {count(trial.nodes, 'node')}", indent=3, mark="·")
    if one.scheduler:
        page.say(one.scheduler, indent=3, mark="the scheduler says:", limit=1000)
    if one.agrees:
        page.say("the scheduler counts the same", indent=3)
    for difference in one.differs:
        page.say(difference, indent=3, mark="differs:")


def _broken(page: Page, found: Diagnosis) -> None:
    if found.broken:
        page.gap()
        page.say("Found broken; nothing need wait for it", paint="bold")
    for one in found.broken[:_MOST_CAUSES]:
        page.say(
            f"{one.check}{f' @ {one.subject}' if one.subject else ''} ({one.severity})",
            indent=2,
            mark="✗",
            paint="fail",
        )
        page.say(one.because, indent=5, limit=1200)
        for near in one.near:
            page.say(f"{near.subject}: {near.does}", indent=5, mark="look at:", limit=800)
        if one.fix:
            page.say(one.fix, indent=5, mark="fix:", limit=800)
    if len(found.broken) > _MOST_CAUSES:
        page.say(f"… and {len(found.broken) - _MOST_CAUSES} more; -o json has them", indent=2)


def _rest(page: Page, found: Diagnosis) -> None:
    page.gap()
    if found.blind:
        page.say("What could not be looked into", paint="bold")
    for gap in found.blind:
        page.say(f"{gap.resource}: {gap.reason}, {gap.detail}", indent=2, mark="·")
    for what, more in sorted(found.left_out.items()):
        page.say(f"{more} more {what} are not told", indent=2, mark="·")
