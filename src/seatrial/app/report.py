"""Shows a Run: on any face, with the exit code that belongs to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from seatrial.engine.schema import read_run
from seatrial.engine.score import exit_code
from seatrial.model.run import Run
from seatrial.model.shift import Hearing, Rejudged
from seatrial.report import exposition, html, junit, markdown, openreports, record, sarif, shifts, text

__all__ = ["FACES", "ending", "exit_code", "read", "render", "step"]

FACES: Mapping[str, Callable[[Run], str]] = {
    "text": text.render,
    "json": record.render,
    "html": html.render,
    "junit": junit.render,
    "markdown": markdown.render,
    "sarif": sarif.render,
    "openreports": openreports.render,
    "prometheus": exposition.render,
}


def read(path: Path) -> Run:
    return read_run(path)


def render(run: Run, face: str, *, colour: bool = False) -> str:
    """``colour`` is for the text on a terminal; the other faces have their own."""
    return text.render(run, colour=True) if face == "text" and colour else FACES[face](run)


def ending(last: Run, face: str, *, colour: bool = False) -> str:
    """How a watch ends. For programs there is nothing to add: the last Run is in what was saved."""
    return shifts.as_ending(last, colour=colour) if face == "text" else ""


def step(one: Run | Rejudged | Hearing, face: str, *, colour: bool = False) -> str:
    """One step of a watch, as text or as a line of JSON."""
    if face == "json":
        return shifts.as_line(one)
    return render(one, "text", colour=colour) if isinstance(one, Run) else shifts.as_text(one, colour=colour)
