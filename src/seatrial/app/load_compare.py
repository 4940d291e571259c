"""bench compare: whether one load went better than another."""

from __future__ import annotations

from seatrial.measure.comparison import Change, Compared, compare
from seatrial.report.lines import Page

__all__ = ["as_text", "compare"]


def as_text(compared: Compared, *, colour: bool = False) -> str:
    page = Page(colour=colour, width=100)
    for caveat in compared.caveats:
        page.say(caveat, mark="!", paint="unknown")
    page.gap()
    page.row(f"  {'':30}{'before':>12}{'after':>12}{'change':>9}{'by chance':>11}  ")
    for one in compared.changes:
        page.row(_row(one))
    page.gap()
    page.say(_samples(compared), paint="dim")
    return page.text()


def _samples(compared: Compared) -> str:
    if compared.by_windows:
        return "samples are windows of one run each; repeats say more"
    if all(one.chance is None for one in compared.changes):
        return "one figure on each side says nothing of chance; repeats do"
    return "samples are repeats"


def _row(one: Change) -> str:
    change = f"{one.after / one.before - 1:+.1%}" if one.before else "–"
    chance = "–" if one.chance is None else f"{one.chance:.3f}"
    verdict = (
        "worse"
        if one.worse
        else "better"
        if one.better
        else "no difference"
        if one.chance is not None
        else "too few to say"
    )
    return f"  {one.title:<30}{one.before:>12,.2f}{one.after:>12,.2f}{change:>9}{chance:>11}  {verdict}  {one.unit}"
