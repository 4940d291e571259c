"""What a watch tells, with hostile names in it."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

from seatrial.engine.schema import read_run
from seatrial.model.shift import Hearing, Rejudged, Shift
from seatrial.model.verdict import Accepted, Finding, Outcome, Severity
from seatrial.report import shifts

AT = dt.datetime(2026, 1, 1, 12, 0, 5, tzinfo=dt.UTC)
EVIL = "pods/a/\x1b[31m\u202ex\n✓ all is well"


def finding(outcome: Outcome, **more: Accepted) -> Finding:
    seen = {"containers": [EVIL]}
    return Finding(
        check="a.b",
        subject=EVIL,
        outcome=outcome,
        severity=Severity.HIGH,
        because=EVIL,
        fix="mend it",
        seen=seen,
        **more,
    )


def step(*told: Shift) -> Rejudged:
    return Rejudged(at=AT, changed=(EVIL,), many=7, seconds=0.1, shifts=told)


def test_a_new_failure_is_told_with_its_fix_and_nothing_in_it_can_move_the_cursor() -> None:
    text = shifts.as_text(step(Shift("a.b", EVIL, None, Outcome.FAIL, finding(Outcome.FAIL))))
    assert text.startswith("12:00:05Z ")
    assert "and 6 more changed" in " ".join(text.split())
    assert "not judged → fail (high)" in " ".join(text.split())
    assert "Fix: mend it" in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert not any(line.startswith("✓") for line in text.splitlines())


def test_what_is_gone_has_no_words_of_its_own() -> None:
    text = shifts.as_text(step(Shift("a.b", "pods/a/x", Outcome.FAIL, None)))
    assert "a.b@pods/a/x: fail → gone" in text
    assert "Fix" not in text


def test_an_accepted_failure_says_so() -> None:
    accepted = Accepted(owner="o", until=AT.date(), why="w")
    text = shifts.as_text(step(Shift("a.b", "x", Outcome.PASS, Outcome.FAIL, finding(Outcome.FAIL, accepted=accepted))))
    assert "pass → fail (high), accepted" in text


def test_a_change_that_shifts_nothing_is_told_to_programs_alone() -> None:
    assert shifts.as_text(step()) == ""
    line = shifts.as_line(step())
    assert line.count("\n") == 1
    told = json.loads(line)
    assert (told["event"], told["many"], told["shifts"], told["changed"]) == ("changed", 7, [], [EVIL])
    assert "\u202e" not in line


def test_many_shifts_are_told_in_part() -> None:
    many = [Shift("a.b", f"x{number}", Outcome.PASS, Outcome.UNKNOWN) for number in range(40)]
    assert "… and 10 more" in shifts.as_text(step(*many))


def test_lost_and_found_are_told() -> None:
    lost = shifts.as_text(Hearing(at=AT, lost=f"cannot connect {EVIL}", kinds=2))
    assert "nothing is heard of 2 kinds: cannot connect" in lost
    assert "\x1b" not in lost
    assert shifts.as_text(Hearing(at=AT)) == "12:00:05Z the cluster is heard again\n"
    assert json.loads(shifts.as_line(Hearing(at=AT)))["event"] == "heard"


def test_the_end_is_a_line_with_the_sum() -> None:
    last = read_run(Path(__file__).parents[2] / "faces" / "run.json")
    text = " ".join(shifts.as_ending(last).split())
    assert text.startswith("FAIL ")
    assert "failed" in text
