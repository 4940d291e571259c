"""Against the simulated model server, which tells the truth about what it did: nothing is told too early, and nothing is missed."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

from seatrial.app.calibrate import How, as_text, calibrate
from seatrial.lab.forge.recipes import PROGRAMS
from seatrial.lab.model_server import running
from seatrial.measure.truth import Truth
from seatrial.model.load import Limits, Plan
from seatrial.model.load_result import MARKS, Ending, Mark, Row
from tests.unit.measure.run import closed_plan, open_plan, parts_of

pytestmark = pytest.mark.skipif(shutil.which("go") is None, reason="there is no Go toolchain on PATH")
FIXED = {"port": "0", "mode": "fixed", "ttft": "10ms", "gap": "5ms", "tokens": "8"}
CLOCKS = 1_000_000  # nanoseconds between the kernel's wall clock and the monotonic one, as two programs read them


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("built") / "workload"
    subprocess.run(["go", "build", "-o", str(built), "."], cwd=PROGRAMS / "workload", check=True)
    return built


async def rows_of(program: Path, plan: Plan) -> list[Row]:
    async with running(program, FIXED) as server:
        reached = msgspec.structs.replace(plan, target=msgspec.structs.replace(plan.target, url=server.url))
        parts = await asyncio.to_thread(parts_of, reached)
    return [row for part in parts for row in part.rows]


async def test_nothing_comes_before_it_was_written(program: Path) -> None:
    async with running(program, FIXED) as server:
        truth = Truth(server.url)
        parts = await asyncio.to_thread(parts_of, open_plan(server.url, rate=50, seconds=1, tokens_out=8))
        did = truth.take()
    rows = [row for part in parts for row in part.rows]
    assert len(rows) == 50
    for row in rows:
        true = did[f"1-{row.index}"]
        assert row.first - row.sent >= true.first_ns - true.arrived_ns - CLOCKS
        assert row.last - row.sent >= true.last_ns - true.arrived_ns - CLOCKS
        assert (row.ending, row.tokens_out) == (Ending.OK, 8)


@pytest.mark.parametrize(
    ("way", "ending", "marks"),
    [
        ("error-event", Ending.ERROR_EVENT, set()),
        ("no-tokens", Ending.NO_TOKEN, set()),
        ("truncate", Ending.TRUNCATED, set()),
        ("reset", Ending.TRUNCATED, set()),
        ("half-close", Ending.TRUNCATED, set()),
        ("silence", Ending.SILENT, set()),
        ("no-done", Ending.OK, {Mark.NO_DONE}),
        ("no-done,no-finish", Ending.UNFINISHED, set()),
        ("no-usage", Ending.OK, {Mark.NO_USAGE}),
        ("stall=2s@4", Ending.OK, {Mark.STALLED}),
        ("empty-first", Ending.OK, {Mark.EMPTY_FIRST}),
        ("comments", Ending.OK, set()),
        ("split", Ending.OK, set()),
        ("bad-json", Ending.MALFORMED, set()),
        ("slow-headers=100ms", Ending.OK, set()),
        ("status=503", Ending.STATUS, set()),
        ("status=429", Ending.LIMITED, set()),
    ],
)
async def test_every_misbehaviour_is_told_apart(program: Path, way: str, ending: Ending, marks: set[Mark]) -> None:
    plan = closed_plan("", tokens_out=8, limits=Limits(silence=5, stall=0.5))
    target = msgspec.structs.replace(plan.target, headers=(("X-Misbehave", way),))
    (row,) = await rows_of(program, msgspec.structs.replace(plan, target=target))
    seen = {mark for number, mark in enumerate(MARKS) if row.marks >> number & 1}
    assert row.ending is ending
    # A busy machine may bring events together, or let them wait.
    assert marks <= seen <= marks | {Mark.COALESCED, Mark.STALLED}


async def test_tokens_that_come_together_are_counted_one_by_one(program: Path) -> None:
    plan = closed_plan("", tokens_out=8)
    target = msgspec.structs.replace(plan.target, headers=(("X-Misbehave", "coalesce=4"),))
    (row,) = await rows_of(program, msgspec.structs.replace(plan, target=target))
    assert (row.ending, row.tokens_out, row.chunks) == (Ending.OK, 8, 2)


async def test_a_calibration_matches_every_request_with_the_truth(program: Path) -> None:
    async with running(program, FIXED) as server:
        how = How(rate=20, seconds=1, tokens=8, processes=1, most=20)
        (step,) = calibrate(server.url, how, begin=lambda what: None)
    assert step.errors.unmatched == 0
    assert step.errors.requests == step.result.requests > 0
    assert step.errors.ttft.total == step.errors.per_token.total == step.errors.requests
    assert "error of the first token" in as_text((step,))
