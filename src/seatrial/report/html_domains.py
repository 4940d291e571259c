"""The domains as a table: what could not be judged, what fails, what holds."""

from __future__ import annotations

from collections.abc import Iterator

from seatrial.report.domains import DomainScore, scores
from seatrial.report.hostile import html_text as e
from seatrial.report.outline import Outline

_HEAD = ("Domain", "Could not be judged", "Fail", "of these grave", "Accepted", "Hold", "Of 100")


def table(shape: Outline) -> Iterator[str]:
    found = scores(shape)
    if found:
        columns = "".join(f'<th scope="col">{name}</th>' for name in _HEAD)
        rows = "".join(map(_row, found))
        yield (
            '<div class="scroll domains"><table aria-label="Domains">'
            f"<thead><tr>{columns}</tr></thead><tbody>{rows}</tbody></table></div>"
        )


def _row(one: DomainScore) -> str:
    numbers = (
        ("unknown", one.unknown),
        ("fail", one.failed),
        ("fail", one.grave),
        ("", one.accepted),
        ("pass", one.passed),
    )
    cells = "".join(_cell(standing, number) for standing, number in numbers)
    score = "–" if one.score is None else str(one.score)
    return f"<tr><td>{e(one.title)}</td>{cells}<td><b>{score}</b></td></tr>"


def _cell(standing: str, number: int) -> str:
    tone = f' data-standing="{standing}"' if standing else ""
    return f"<td{tone}><b>{number}</b></td>" if number else "<td>0</td>"
