"""A Standard is a list of requirements for one version, and what covers each of them. It knows checks; no check knows it."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

import msgspec

from seatrial.model.verdict import Outcome


class Level(StrEnum):
    MUST = "MUST"
    SHOULD = "SHOULD"


class Automated(msgspec.Struct, frozen=True, tag=True):
    """Checks cover the requirement: all of them must pass, or with ``any_of`` it takes one subject that passes."""

    checks: tuple[str, ...]
    any_of: bool = False


class Manual(msgspec.Struct, frozen=True, tag=True):
    """A person has to show it."""

    why: str


class NotYet(msgspec.Struct, frozen=True, tag=True):
    """Nothing covers it so far. Never counts as pass."""

    why: str


Coverage = Automated | Manual | NotYet


class Requirement(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    category: str
    level: Level
    gist: str  # in our own words
    digest: str  # sha256 of the upstream text, whitespace normalised; empty where the text is not published
    coverage: Coverage


class Standard(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    version: str
    title: str
    stated: dt.date  # the day on which this content was read upstream
    source: str
    requirements: tuple[Requirement, ...]

    @property
    def key(self) -> str:
        return f"{self.id}@{self.version}"


class RequirementResult(msgspec.Struct, frozen=True, kw_only=True):
    standard: str
    version: str
    id: str
    level: Level
    outcome: Outcome
    because: str
    checks: tuple[str, ...] = ()
    covered: bool = True
