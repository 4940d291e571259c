import re

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from seatrial.model.verdict import Outcome
from seatrial.report import markdown, text
from seatrial.report.lines import wrap
from tests.unit.report.runs import a_run, finding


@given(st.text(), st.integers(4, 90))
def test_wrapping_keeps_every_character_and_every_width(words: str, width: int) -> None:
    one = " ".join(words.split())
    lines = list(wrap(one, width))
    assert "".join("".join(lines).split()) == "".join(one.split())
    assert all(cell_len(line) <= width for line in lines)


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_name_fits(subject: str, because: str) -> None:
    run = a_run(finding(outcome=Outcome.FAIL, subject=subject, because=because, seen={subject: because}))
    assert all(cell_len(line) <= 80 for line in text.render(run).split("\n"))


def test_colour_changes_nothing_but_the_colour() -> None:
    run = a_run(finding(outcome=Outcome.FAIL, subject="pods/a"), finding("b.fine"))
    plain, painted = text.render(run), text.render(run, colour=True)
    assert "\x1b[1;31m" in painted
    assert re.sub(r"\x1b\[[\d;]+m", "", painted) == plain


def test_a_thousand_failures_do_not_flood_the_screen() -> None:
    many = [finding(outcome=Outcome.FAIL, subject=f"pods/{number}") for number in range(1000)]
    fine = [finding(subject=f"pods/fine-{number}") for number in range(1000)]
    shown = text.render(a_run(*many, *fine))
    assert shown.count("\n") < 120
    assert "… and 980 more like these" in shown
    assert "… and 997 more like these" in shown
    assert len(markdown.render(a_run(*many, *fine))) < 30_000
    assert "… and 1900 more" in markdown.render(a_run(*many, *fine))


def test_checks_that_lack_nothing_but_their_facts_are_named_together() -> None:
    unread = [
        finding(f"a.check-{number}", outcome=Outcome.UNKNOWN, subject="pods", seen={"reason": "not-collected"})
        for number in range(11)
    ]
    other = finding("b.other", outcome=Outcome.UNKNOWN, because="it does not say")
    shown = text.render(a_run(*unread, other))
    assert "What these 11 read was not there to be read; below stands why:" in shown
    assert shown.count("a.check-") == 11
    assert "it does not say" in shown
    assert "What these" not in text.render(a_run(*unread[:3], other))
