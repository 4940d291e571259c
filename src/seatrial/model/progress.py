"""How long work tells a face where it stands: one event after another, to a function that the face hands down."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import msgspec


class State(StrEnum):
    BEGUN = "begun"
    GOING = "going"
    DONE = "done"
    FAILED = "failed"


class Event(msgspec.Struct, frozen=True):
    what: str  # the same words for every event of one piece of work
    state: State
    detail: str = ""
    fraction: float | None = None
    expected: float | None = None  # seconds that this piece usually takes


Tell = Callable[[Event], None]


def silent(event: Event) -> None:
    """Tell nobody."""
