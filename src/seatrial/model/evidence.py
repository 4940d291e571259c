"""Evidence is the ordered record of an active check: what was created, what was seen, and when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec


class Step(StrEnum):
    CONTROL = "control"  # a positive or a negative control, and what it showed
    CREATED = "created"
    SAW = "saw"
    RAN = "ran"
    NOTED = "noted"
    REMOVED = "removed"


class Entry(msgspec.Struct, frozen=True):
    at: dt.datetime
    after: float  # seconds since the check began
    step: Step
    what: str
    detail: Mapping[str, Any] = {}


class Evidence(msgspec.Struct, frozen=True):
    """Redacted before it is kept. The digest is over the canonical JSON of the entries."""

    id: str
    check: str
    subject: str
    simulated: bool | None
    entries: tuple[Entry, ...]
    digest: str
