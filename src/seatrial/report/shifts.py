"""What a watched check tells, step by step: as lines for a person, and as one JSON object a line for a program."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from seatrial.model.run import Run
from seatrial.model.shift import Hearing, Rejudged, Shift
from seatrial.model.verdict import Finding, Outcome
from seatrial.report.hostile import json_text, pairs
from seatrial.report.lines import Page
from seatrial.report.outline import WORDS, Standing, outline
from seatrial.report.wording import count

_MOST = 30  # shifts of one step that are told in full
_FEW = 3  # subjects that are named


def as_line(step: Run | Rejudged | Hearing) -> str:
    kind = {Run: "judged", Rejudged: "changed", Hearing: "heard"}[type(step)]
    told: dict[str, Any] = {"event": kind}
    told |= {"run": step} if isinstance(step, Run) else msgspec.structs.asdict(step)
    return json_text(msgspec.json.encode(told).decode()) + "\n"


def as_text(step: Rejudged | Hearing, *, colour: bool = False) -> str:
    """Empty where nothing changed that anybody has to know."""
    page = Page(colour=colour)
    if isinstance(step, Hearing):
        _hearing(page, step)
    elif step.shifts:
        page.say(f"{_time(step.at)} {_cause(step)}", paint="bold")
        for shift in step.shifts[:_MOST]:
            _shift(page, shift)
        if len(step.shifts) > _MOST:
            page.say(f"… and {len(step.shifts) - _MOST} more", indent=2)
    return page.text() if isinstance(step, Hearing) or step.shifts else ""


def as_ending(last: Run, *, colour: bool = False) -> str:
    """The sum of it, in a line."""
    page, shape = Page(colour=colour), outline(last)
    page.gap()
    page.say(f"{_time(last.finished_at)} {shape.headline}", mark=WORDS[shape.verdict].label, paint=shape.verdict)
    return page.text()


def _hearing(page: Page, step: Hearing) -> None:
    if step.lost:
        page.say(f"{_time(step.at)} nothing is heard of {count(step.kinds, 'kind')}: {step.lost}", paint="unknown")
        page.say("What is known is as it was; it is tried again until somebody answers.", indent=2)
    else:
        page.say(f"{_time(step.at)} the cluster is heard again", paint="pass")


def _cause(step: Rejudged) -> str:
    if step.by_time:
        return "as of now"
    more = step.many - len(step.changed[:_FEW])
    return ", ".join(step.changed[:_FEW]) + (f" and {more} more" if more else "") + " changed"


def _shift(page: Page, shift: Shift) -> None:
    words = f"{shift.before or 'not judged'} → {shift.after or 'gone'}"
    accepted = shift.finding is not None and shift.finding.accepted is not None
    standing = Standing.ACCEPTED if accepted else Standing(shift.after or Outcome.NOT_APPLICABLE)
    severity = f" ({shift.finding.severity})" if shift.finding is not None and shift.after is Outcome.FAIL else ""
    page.say(
        f"{shift.key}: {words}{severity}{', accepted' if accepted else ''}",
        indent=2,
        mark=WORDS[standing].mark,
        paint=standing,
    )
    if shift.finding is not None:
        _finding(page, shift.finding)


def _finding(page: Page, finding: Finding) -> None:
    page.say(finding.because, indent=4)
    if finding.outcome is Outcome.FAIL:
        for name, seen in pairs(finding.seen):
            page.say(f"{name}: {seen}", indent=4, mark="·", limit=300)
        if finding.fix:
            page.say(f"Fix: {finding.fix}", indent=4)


def _time(at: dt.datetime) -> str:
    return f"{at:%H:%M:%S}Z"
