from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from seatrial.engine.judge import Judged, Stopped, judge
from seatrial.kit.clock import FakeClock
from seatrial.model.check import Check, check
from seatrial.model.errors import LabError, Refused
from seatrial.model.fact import Apis, Snapshot
from seatrial.model.progress import Event, State
from seatrial.model.room import Room
from seatrial.model.verdict import Outcome, Severity, Verdict, failed, passed
from seatrial.model.workbench import Workbench
from tests.unit.engine.scene import Tug, Yard, catalog, snapshot, tug_system

Function = Callable[..., Any]

PAGE = "Healthy.\n\nWhy: because.\nFix: mend it."
BOTH = snapshot(served=("hook.example/tugs", "tow.example/tugs"))
TUGS = catalog(tug_system("hook"), tug_system("tow"))


def active(function: Function, id: str = "", exclusive: tuple[str, ...] = ()) -> Check:
    function.__doc__ = PAGE
    name = id or function.__name__.replace("_", "-")
    return check(f"harbour.{name}", severity=Severity.HIGH, exclusive=exclusive)(function)


async def run(yard: Yard | None, *checks: Check, facts: Snapshot = BOTH, deadline: float = 900.0) -> Judged:
    lend = yard() if yard else None
    return await judge(TUGS, checks, facts, open_bench=lend, clock=FakeClock(), deadline=deadline)


async def pulls(tug: Tug, bench: Workbench) -> Verdict:
    bench.note("at work")
    await asyncio.sleep(0)
    return passed(f"{tug.player} pulls") if tug.player == "hook" else failed(f"{tug.player} slips")


async def floats(bench: Workbench) -> Verdict:
    bench.note("at work")
    await asyncio.sleep(0)
    return passed("it floats")


async def never_ends(bench: Workbench) -> Verdict:
    await asyncio.Event().wait()
    return passed("never")


async def test_each_player_gets_a_bench_of_its_own_and_its_finding_names_the_evidence() -> None:
    yard = Yard()
    judged = await run(yard, active(pulls))
    assert [(one.subject, one.outcome) for one in judged.findings] == [("hook", Outcome.PASS), ("tow", Outcome.FAIL)]
    assert [one.evidence for one in judged.findings] == [evidence.id for evidence in judged.evidence]
    assert sorted(yard.closed) == ["harbour.pulls@hook", "harbour.pulls@tow"]


async def test_without_leave_an_active_check_is_unknown() -> None:
    judged = await run(None, active(floats), active(pulls))
    assert {one.outcome for one in judged.findings} == {Outcome.UNKNOWN}
    assert len(judged.findings) == 3


async def test_without_leave_an_absent_system_is_still_not_applicable() -> None:
    judged = await run(None, active(pulls), facts=snapshot())
    assert [one.outcome for one in judged.findings] == [Outcome.NOT_APPLICABLE]


async def test_active_checks_run_side_by_side() -> None:
    yard = Yard()
    await run(yard, active(floats, "a"), active(floats, "b"), active(floats, "c", ("quay",)))
    assert yard.most == 3


@pytest.mark.parametrize(
    ("first", "second", "most"),
    [(("quay",), ("quay",), 1), (("quay", "crane"), ("crane",), 1), (("quay",), ("crane",), 2)],
)
async def test_checks_wait_for_each_other_where_their_exclusive_sets_meet(
    first: tuple[str, ...], second: tuple[str, ...], most: int
) -> None:
    yard = Yard()
    judged = await run(yard, active(floats, "a", first), active(floats, "b", second))
    assert [one.outcome for one in judged.findings] == [Outcome.PASS] * 2
    assert yard.most == most


async def test_an_exclusive_check_takes_its_players_one_by_one() -> None:
    yard = Yard()
    await run(yard, active(pulls, exclusive=("quay",)))
    assert yard.most == 1


@pytest.mark.parametrize(
    ("holds", "most"),
    [(("", ""), 1), (("hook.example", "tow.example"), 2), (("a", "a/b"), 1), (("", "a"), 1), (("a", "ab"), 2)],
)
async def test_players_with_devices_of_their_own_do_not_wait_for_each_other(holds: tuple[str, str], most: int) -> None:
    yard = Yard()
    tugs = catalog(*(tug_system(id, holds=held) for id, held in zip(("hook", "tow"), holds, strict=True)))
    checks = [active(pulls, exclusive=("quay",))]
    await judge(tugs, checks, BOTH, open_bench=yard(), clock=FakeClock())
    assert yard.most == most


@pytest.mark.parametrize(
    ("choices", "most"),
    [
        ([("quay/1",), ("quay/2",)], 2),  # one each
        ([("quay/1",)], 1),
        ([("quay/1", "quay/2"), ("quay/2", "quay/3")], 1),
    ],
)
async def test_a_check_with_room_takes_the_first_part_that_is_free(choices: list[tuple[str, ...]], most: int) -> None:
    taken: list[int] = []

    async def moors(bench: Workbench, room: Room) -> Verdict:
        taken.append(await room.take(*choices))
        bench.note("at work")
        await asyncio.sleep(0)
        return passed("moored")

    yard = Yard()
    judged = await run(yard, active(moors, "a", ("quay",)), active(moors, "b", ("quay",)))
    assert [one.outcome for one in judged.findings] == [Outcome.PASS] * 2
    assert (yard.most, sorted(taken)) == (most, list(range(most)) if most > 1 else [0, 0])


async def test_a_part_waits_for_the_whole_and_the_whole_for_its_parts() -> None:
    async def moors(bench: Workbench, room: Room) -> Verdict:
        await room.take(("quay/1",))
        return await floats(bench)

    yard = Yard()
    await run(yard, active(moors, "a", ("quay",)), active(floats, "b", ("quay",)), active(moors, "c", ("quay",)))
    assert yard.most == 1


async def test_the_deadline_stands_still_while_a_check_waits_for_room() -> None:
    async def moors(bench: Workbench, room: Room) -> Verdict:
        await room.take(("quay",))
        for _ in range(1000):
            await asyncio.sleep(0)
        return passed("moored")

    async def lingers(bench: Workbench) -> Verdict:
        await asyncio.sleep(0.3)
        return passed("gone")

    checks = [active(lingers, "a", ("quay",)), active(moors, "b", ("quay",))]
    judged = await run(Yard(), *checks, deadline=0.2)
    assert [one.outcome for one in judged.findings] == [Outcome.UNKNOWN, Outcome.PASS]


async def test_locks_in_opposite_order_do_not_wait_in_a_circle() -> None:
    checks = [active(floats, f"c{n}", ("crane", "quay") if n % 2 else ("quay", "crane")) for n in range(6)]
    judged = await run(Yard(), *checks)
    assert {one.outcome for one in judged.findings} == {Outcome.PASS}


async def test_a_check_past_its_deadline_is_unknown_and_its_bench_is_closed() -> None:
    yard = Yard()
    judged = await run(yard, active(never_ends), deadline=0)
    assert judged.findings[0].outcome is Outcome.UNKNOWN
    assert "not done after 0 s" in judged.findings[0].because
    assert judged.findings[0].evidence
    assert yard.open == []


async def test_a_timeout_of_the_check_itself_is_its_crash() -> None:
    async def gives_up(bench: Workbench) -> Verdict:
        raise TimeoutError("of its own")

    judged = await run(Yard(), active(gives_up))
    assert judged.findings[0].outcome is Outcome.ERROR


async def test_a_crash_is_an_error_with_its_evidence_and_disturbs_nobody() -> None:
    async def sinks(bench: Workbench) -> Verdict:
        raise KeyError("keel")

    yard = Yard()
    judged = await run(yard, active(sinks), active(floats))
    assert [one.outcome for one in judged.findings] == [Outcome.ERROR, Outcome.PASS]
    assert "KeyError: 'keel'" in judged.findings[0].because
    assert all(one.evidence for one in judged.findings)
    assert yard.open == []


@pytest.mark.parametrize(
    ("refusal", "outcome"), [(Refused("may not create namespaces"), Outcome.UNKNOWN), (OSError("?"), Outcome.ERROR)]
)
async def test_a_bench_that_is_not_to_be_had(refusal: Exception, outcome: Outcome) -> None:
    judged = await run(Yard(refuses=refusal), active(floats))
    assert [one.outcome for one in judged.findings] == [outcome]
    assert judged.findings[0].evidence == ""
    assert judged.evidence == ()


async def test_a_bench_that_does_not_come_clean_spoils_a_pass_but_hides_no_failure() -> None:
    judged = await run(Yard(unclean=LabError("a finalizer hangs")), active(pulls))
    assert [one.outcome for one in judged.findings] == [Outcome.ERROR, Outcome.FAIL]
    assert all("a finalizer hangs" in one.because for one in judged.findings)
    assert "slips" in judged.findings[1].because


async def test_what_a_bench_leaves_behind_is_said_with_the_verdict() -> None:
    judged = await run(Yard(leaves="pods/stuck: its finalizer hangs"), active(floats))
    assert judged.findings[0].outcome is Outcome.PASS
    assert judged.findings[0].because == "it floats; left behind: pods/stuck: its finalizer hangs"


async def test_a_cancelled_run_closes_its_benches_and_tells_what_it_has() -> None:
    def is_served(apis: Apis) -> Verdict:
        return passed("served")

    reached = asyncio.Event()

    async def never_lands(bench: Workbench) -> Verdict:
        reached.set()
        return await never_ends(bench)

    yard = Yard()
    checks = [active(floats, exclusive=("quay",)), active(never_lands, exclusive=("quay",)), active(is_served)]
    task = asyncio.create_task(judge(TUGS, checks, BOTH, open_bench=yard(), clock=FakeClock()))
    await reached.wait()
    task.cancel()
    with pytest.raises(Stopped) as stopped:
        await task
    so_far = stopped.value.so_far
    assert [one.outcome for one in so_far.findings] == [Outcome.PASS, Outcome.UNKNOWN, Outcome.PASS]
    assert "stopped before" in so_far.findings[1].because
    assert len(so_far.evidence) == 2
    assert yard.open == []
    assert stopped.value.exit_code == 130


async def test_a_run_that_is_cancelled_at_once_still_names_every_check() -> None:
    yard = Yard()
    task = asyncio.create_task(judge(TUGS, [active(floats)], BOTH, open_bench=yard(), clock=FakeClock()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(Stopped) as stopped:
        await task
    assert [one.check for one in stopped.value.so_far.findings] == ["harbour.floats"]
    assert stopped.value.so_far.findings[0].outcome is Outcome.UNKNOWN


async def test_it_tells_of_each_active_trial_when_it_begins_and_how_it_ends() -> None:
    told: list[Event] = []
    await judge(TUGS, [active(pulls)], BOTH, open_bench=Yard()(), clock=FakeClock(), tell=told.append)
    first, *trials, whole = told
    assert {(one.what, one.state) for one in trials} == {
        (f"harbour.pulls {player}", state) for player in ("hook", "tow") for state in (State.BEGUN, State.DONE)
    }
    assert [(one.what, one.state) for one in (first, whole)] == [("prove", State.BEGUN), ("prove", State.DONE)]
    assert whole.detail.startswith("2 proofs in 0 s: ")
