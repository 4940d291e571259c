from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from seatrial.app.trial import exit_code
from seatrial.engine.schema import read_run
from seatrial.model.run import Run
from seatrial.model.verdict import Outcome

STORED = read_run(Path(__file__).parents[2] / "faces" / "run.json")


def only(*outcomes: Outcome, complete: bool = True) -> Run:
    findings = tuple(msgspec.structs.replace(STORED.findings[0], outcome=outcome) for outcome in outcomes)
    return msgspec.structs.replace(STORED, findings=findings, requirements=(), complete=complete)


@pytest.mark.parametrize(
    ("run", "code"),
    [
        (only(Outcome.PASS, Outcome.UNKNOWN, Outcome.NOT_APPLICABLE), 0),
        (only(Outcome.PASS, Outcome.FAIL), 1),
        (only(Outcome.PASS, Outcome.ERROR), 3),
        (only(Outcome.PASS, complete=False), 130),
    ],
)
def test_a_trial_went_well_where_it_ran_and_nothing_failed(run: Run, code: int) -> None:
    assert exit_code(run) == code
