"""What is said of a piece of work in one line, on every kind of screen."""

from __future__ import annotations

from seatrial.kit.text import one_line
from seatrial.model.progress import Event, State


def ended(event: Event, took: float) -> str:
    mark = "✓" if event.state is State.DONE else "✗"
    detail = f": {one_line(event.detail, limit=300)}" if event.detail else ""
    return f"{mark} {one_line(event.what, limit=200)} ({length(took)}){detail}"


def length(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds // 60:.0f} min {seconds % 60:02.0f} s"
