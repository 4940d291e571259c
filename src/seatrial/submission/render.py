"""A Report as text, JSON or SARIF."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from seatrial import __version__
from seatrial.kit.sarif import Result, document
from seatrial.kit.sarif import Rule as SarifRule
from seatrial.submission.lint import RULES, rules
from seatrial.submission.message import Grade, Message, Report
from seatrial.submission.rule import Profile, Rule

_PAINTS = {Grade.ERROR: "1;31", Grade.WARNING: "1;33", Grade.NOTE: "2"}


def text(report: Report, *, colour: bool = False) -> str:
    lines = []
    for one in report.messages:
        grade = f"\x1b[{_PAINTS[one.grade]}m{one.grade}\x1b[0m" if colour else one.grade
        lines.append(f"{one.file}:{one.line}:{one.column}: {grade}: {one.what} [{one.rule}]")
        if one.way_out:
            lines.append(f"  → {one.way_out}")
    return "\n".join([*lines, *([""] if lines else []), _summary(report)]) + "\n"


def as_json(report: Report) -> str:
    body = {
        "profile": report.profile,
        "files": report.files,
        "clean": report.clean,
        "counts": {grade: report.number(grade) for grade in Grade},
        "links_not_checked": report.links_not_checked,
        "messages": report.messages,
    }
    return _pretty(body)


def sarif(report: Report) -> str:
    notes = [f"{_count(report.links_not_checked, 'link')} not checked"] if report.links_not_checked else []
    return document(
        __version__, [_rule(rule) for rule in rules(Profile(report.profile))], map(_result, report.messages), notes
    )


FORMS: Mapping[str, Callable[[Report], str]] = {"text": text, "json": as_json, "sarif": sarif}


def _summary(report: Report) -> str:
    counts = ", ".join(_count(report.number(grade), grade.value) for grade in Grade if report.number(grade))
    links = f"; {_count(report.links_not_checked, 'link')} not checked" if report.links_not_checked else ""
    return f"{_count(len(report.files), 'file')} by the rules {report.profile}: {counts or 'clean'}{links}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _rule(rule: Rule) -> SarifRule:
    return SarifRule(
        id=rule.id,
        title=rule.title,
        why=rule.why,
        fix=rule.fix,
        level=rule.grade,
        properties={"profiles": sorted(rule.profiles)},
    )


def _result(one: Message) -> Result:
    text = f"{one.what}. {one.way_out}" if one.way_out else one.what
    return Result(rule=one.rule, level=one.grade, text=text, file=one.file, line=one.line, column=one.column)


def _pretty(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n"


def pages() -> str:
    """Every rule, as Markdown: what it wants, why, and the way out."""
    parts = []
    for rule in RULES:
        profiles = ", ".join(profile.value for profile in Profile if profile in rule.profiles)
        parts.append(
            f"### {rule.id}\n\n{rule.grade}; {profiles}\n\n{rule.title}\n\nWhy: {rule.why}\n\nFix: {rule.fix}\n"
        )
    return "\n".join(parts)
