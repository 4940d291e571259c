"""A Verdict says how something stands and why; a Finding says of what, and what to do about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec


class Outcome(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    NOT_APPLICABLE = "not-applicable"  # the system or the hardware is absent
    UNKNOWN = "unknown"  # facts are missing or forbidden
    ERROR = "error"  # the check itself broke

    __hash__ = str.__hash__  # an enum's own is written in Python, and outcomes are counted by the hundred thousand


class Severity(StrEnum):
    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class Verdict(msgspec.Struct, frozen=True):
    outcome: Outcome
    because: str
    seen: Mapping[str, Any] = {}


def passed(because: str, **seen: Any) -> Verdict:
    return Verdict(Outcome.PASS, because, seen)


def failed(because: str, **seen: Any) -> Verdict:
    return Verdict(Outcome.FAIL, because, seen)


def not_applicable(because: str, **seen: Any) -> Verdict:
    return Verdict(Outcome.NOT_APPLICABLE, because, seen)


def unknown(because: str, **seen: Any) -> Verdict:
    return Verdict(Outcome.UNKNOWN, because, seen)


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody answers for a failure until a day: it is told, and does not count."""

    owner: str
    until: dt.date
    why: str


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A Verdict about one subject by one Check."""

    check: str
    subject: str
    outcome: Outcome
    severity: Severity
    because: str
    fix: str = ""
    seen: Mapping[str, Any] = {}
    evidence: str = ""  # the id of the Evidence of an active check
    touches: tuple[
        str, ...
    ] = ()  # where that failed: the resources that it wrote and looked at, for who looks for the cause
    place: str = ""  # the file and line of its subject, where that comes from a file
    accepted: Accepted | None = None

    @property
    def key(self) -> str:
        """What a Fault and a comparison call this finding: ``check@subject``."""
        return f"{self.check}@{self.subject}" if self.subject else self.check
