"""Shows a load that was measured, saved, recorded or imported, on any of its faces."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from seatrial.app import load
from seatrial.model.load_result import LoadResult, LoadSeries, SeriesKind
from seatrial.report import load_csv, load_html, load_markdown, load_series_text, load_text

FACES: Mapping[str, Callable[[LoadResult | LoadSeries], str]] = {
    "html": load_html.render,
    "markdown": load_markdown.render,
    "csv": load_csv.render,
    "json": load.encode,
}


def render(outcome: LoadResult | LoadSeries, face: str, *, colour: bool = False) -> str:
    """``colour`` is for the text on a terminal."""
    if face != "text":
        return FACES[face](outcome)
    if isinstance(outcome, LoadResult):
        return load_text.render(outcome, colour=colour)
    return load_series_text.render(outcome, colour=colour)


def exit_code(outcome: LoadResult | LoadSeries) -> int:
    """As after the measurement itself: a search is to find a rate, whatever lies beyond it."""
    if isinstance(outcome, LoadResult):
        return load.exit_code(outcome)
    if outcome.kind is SeriesKind.SEARCH:
        return 0 if outcome.highest is not None else 1
    return load.exit_code(*outcome.results)
