"""Exceptions: an owner, a day, a reason; nothing is accepted for ever, and nothing by mistake."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from seatrial.engine import exceptions
from seatrial.engine.catalog import Catalog
from seatrial.model.check import check
from seatrial.model.errors import UsageError
from seatrial.model.verdict import Finding, Outcome, Severity, Verdict, passed

TODAY = dt.date(2026, 11, 21)
GOOD = """\
exceptions:
  - check: harbour.is-calm
    subjects: [ships/north/*]
    owner: quay
    until: 2026-12-31
    why: the breakwater is being built
"""


def is_calm() -> Verdict:
    """Calm.

    Why: because.
    Fix: wait.
    """
    return passed("calm")


CATALOG = Catalog(checks={"harbour.is-calm": check("harbour.is-calm", severity=Severity.LOW)(is_calm)})


def read(tmp_path: Path, text: str) -> tuple[exceptions.Acceptance, ...]:
    path = tmp_path / "exceptions.yaml"
    path.write_text(text)
    return exceptions.read(path, CATALOG)


def failure(subject: str, outcome: Outcome = Outcome.FAIL) -> Finding:
    return Finding(check="harbour.is-calm", subject=subject, outcome=outcome, severity=Severity.LOW, because="waves")


def test_what_is_accepted_says_by_whom_until_when_and_why(tmp_path: Path) -> None:
    one, other = exceptions.applied(
        read(tmp_path, GOOD), [failure("ships/north/a"), failure("ships/south/a")], today=TODAY
    )
    assert one.outcome is Outcome.FAIL
    assert one.accepted is not None
    assert (one.accepted.owner, one.accepted.until.isoformat()) == ("quay", "2026-12-31")
    assert other.accepted is None


def test_only_failures_are_accepted(tmp_path: Path) -> None:
    (one,) = exceptions.applied(read(tmp_path, GOOD), [failure("ships/north/a", Outcome.UNKNOWN)], today=TODAY)
    assert one.accepted is None


@pytest.mark.parametrize(("until", "told"), [("2026-11-20", "ran out"), ("2031-01-01", "more than a year")])
def test_one_that_has_run_out_or_never_ends_accepts_nothing_and_is_told(tmp_path: Path, until: str, told: str) -> None:
    accepted = read(tmp_path, GOOD.replace("2026-12-31", until))
    (one,) = exceptions.applied(accepted, [failure("ships/north/a")], today=TODAY)
    assert one.accepted is None
    assert told in one.because


def test_it_holds_on_its_last_day(tmp_path: Path) -> None:
    (one,) = exceptions.applied(read(tmp_path, GOOD), [failure("ships/north/a")], today=dt.date(2026, 12, 31))
    assert one.accepted is not None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD.replace("    owner: quay\n", ""), ":2: Object missing required field `owner`"),
        (GOOD.replace("quay", '""'), "needs an owner"),
        (GOOD.replace("is-calm", "is-clam"), "is-clam"),
        (GOOD.replace("2026-12-31", "soon"), ":2: "),
        (GOOD.replace("why:", "because:"), ":2: "),
        ("- a list\n", ":1: one key is expected"),
        ("exceptions: {}\n", ":1: one key is expected"),
        ("exceptions: [\n", ":2: "),
        ("exceptions: [1, two]\n", ":1: "),
    ],
)
def test_a_wrong_file_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UsageError) as raised:
        read(tmp_path, text)
    assert told in f"{raised.value.what} {raised.value.way_out}"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        exceptions.read(tmp_path / "none.yaml", CATALOG)
