"""What a product that is certified for one version has to do for another."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from enum import StrEnum

import msgspec

from seatrial.kit.text import one_line
from seatrial.model.standard import Automated, Level, Requirement, Standard
from seatrial.submission.official_evidence import TESTS, TESTS_SINCE, is_link
from seatrial.submission.product import Entry, Product

CURE = 30  # days to mend evidence that went dead


class Change(StrEnum):
    NEW = "new"
    RAISED = "raised"  # from SHOULD to MUST
    LOWERED = "lowered"
    REWORDED = "reworded"
    MOVED = "moved"  # to another category
    DROPPED = "dropped"
    SAME = "same"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    change: Change
    level: Level
    category: str
    gist: str
    status: str = ""  # what the product said so far
    links: int = 0
    files: int = 0
    proven_by: tuple[str, ...] = ()  # checks of seatrial
    todo: tuple[str, ...] = ()


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    before: str
    after: str
    platform: str
    steps: tuple[Step, ...]
    everywhere: tuple[str, ...]  # what is to do whatever the product
    valid_until: dt.date | None


def plan(
    before: Standard, after: Standard, product: Product | None = None, *, certified: dt.date | None = None
) -> Plan:
    """``certified`` is the day on which the programme accepted the product."""
    answers = {entry.id.text: entry for entry in product.entries} if product else {}
    old = {one.id: one for one in before.requirements}
    steps = [_step(old.get(one.id), one, answers.get(one.id), after) for one in after.requirements]
    kept = {one.id for one in after.requirements}
    steps += [_dropped(one, answers.get(one.id)) for one in before.requirements if one.id not in kept]
    until = _a_year_after(certified) if certified else None
    return Plan(
        before=before.version,
        after=after.version,
        platform=one_line(product.text("platformName", "platform_name").text, limit=120) if product else "",
        steps=tuple(steps),
        everywhere=tuple(_everywhere(after, until)),
        valid_until=until,
    )


def _step(old: Requirement | None, new: Requirement, answer: Entry | None, after: Standard) -> Step:
    checks = new.coverage.checks if isinstance(new.coverage, Automated) else ()
    change = _change(old, new)
    return Step(
        id=new.id,
        change=change,
        level=new.level,
        category=new.category,
        gist=new.gist,
        status=one_line(answer.status.text, limit=60) if answer else "",
        links=sum(is_link(one.text) for one in answer.evidence) if answer else 0,
        files=sum(bool(one.text) and not is_link(one.text) for one in answer.evidence) if answer else 0,
        proven_by=checks,
        todo=tuple(_todo(change, new, answer, after, checks)),
    )


def _change(old: Requirement | None, new: Requirement) -> Change:
    if old is None:
        return Change.NEW
    if old.level != new.level:
        return Change.RAISED if new.level is Level.MUST else Change.LOWERED
    if old.digest != new.digest:
        return Change.REWORDED
    return Change.SAME if old.category == new.category else Change.MOVED


def _todo(
    change: Change, new: Requirement, answer: Entry | None, after: Standard, checks: tuple[str, ...]
) -> Iterator[str]:
    if change is Change.NEW:
        yield "answer it" if new.level is Level.MUST else "answer it, or leave it blank"
    if change is Change.REWORDED:
        yield "copy the new text from the template, and look whether the answer still fits"
    if change is Change.MOVED:
        yield f"move it to {new.category}"
    if new.level is Level.MUST and answer is not None and answer.status.text != "Implemented":
        yield f"it is a MUST and {answer.status.text or 'blank'} so far"
    if checks:
        yield f"prove it: seatrial prove --standard {after.key} --only {new.id}"
    elif answer is None or answer.evidence or new.level is Level.MUST:
        yield "show it by hand: no check covers it yet"
    if answer is not None and any(one.text and not is_link(one.text) for one in answer.evidence):
        yield f"make its files anew on {after.version}"
    if answer is not None and any(is_link(one.text) for one in answer.evidence):
        yield f"look whether its links still answer and speak of {after.version}"
    if new.id in TESTS and tuple(map(int, after.version.split("."))) >= TESTS_SINCE:
        yield f"test results are recommended: {TESTS[new.id]}, or a proof of ours"


def _dropped(old: Requirement, answer: Entry | None) -> Step:
    return Step(
        id=old.id,
        change=Change.DROPPED,
        level=old.level,
        category=old.category,
        gist=old.gist,
        status=one_line(answer.status.text, limit=60) if answer else "",
        todo=("take it out",),
    )


def _everywhere(after: Standard, until: dt.date | None) -> Iterator[str]:
    yield f"begin from the template of {after.version}, in a directory v{after.version}/NAME of its own"
    yield f"set kubernetesVersion to v{after.version}, and platformVersion to the product's own"
    yield f"certify the base Kubernetes for {after.version} first, and set k8sConformanceUrl to that"
    lasts = f"it ends on {until}" if until else "give the day with --certified, and the end is told"
    yield f"a certification is valid for a year; {lasts}"
    yield f"evidence must stay readable as long: what goes dead has to be mended within {CURE} days"


def _a_year_after(day: dt.date) -> dt.date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:  # the 29th of February
        return day.replace(year=day.year + 1, month=3, day=1)


def text(plan: Plan) -> str:
    lines = [f"{plan.platform or 'From'} {'from ' if plan.platform else ''}{plan.before} to {plan.after}", ""]
    for change in Change:
        steps = [step for step in plan.steps if step.change is change]
        if steps:
            lines += [f"{change.value} ({len(steps)})", *(line for step in steps for line in _lines(step)), ""]
    return "\n".join([*lines, "in any case", *(f"  · {one}" for one in plan.everywhere)]) + "\n"


def _lines(step: Step) -> Iterator[str]:
    said = f", so far {step.status}" if step.status else ""
    yield f"  {step.id} ({step.level}, {step.category}{said})"
    if step.change in (Change.NEW, Change.REWORDED, Change.RAISED):
        yield f"    {step.gist}"
    yield from (f"    · {one}" for one in step.todo)


def as_json(plan: Plan) -> str:
    return msgspec.json.format(msgspec.json.encode(plan), indent=2).decode() + "\n"
