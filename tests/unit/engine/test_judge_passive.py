from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from seatrial.engine.judge import judge
from seatrial.kit.clock import FakeClock
from seatrial.model.check import Check, check
from seatrial.model.errors import Unreachable
from seatrial.model.fact import All, Apis, GapReason, Snapshot
from seatrial.model.system import Holds, System
from seatrial.model.verdict import Finding, Outcome, Severity, Verdict, failed, passed
from tests.unit.engine.scene import Berth, Ship, Tug, catalog, ship, snapshot, tug_system, unreadable

Function = Callable[..., Any]

PAGE = "Healthy.\n\nWhy: because.\nFix: mend it."
BLIND = [GapReason.FORBIDDEN, GapReason.UNREACHABLE, GapReason.UNREADABLE, GapReason.NOT_COLLECTED]


def is_sound(one: Ship) -> Verdict:
    return passed("sound") if one.sound else failed("leaks")


def has_room(one: Ship, berths: All[Berth]) -> Verdict:
    return passed("room") if berths else failed("no room")


def has_berths(berths: All[Berth]) -> Verdict:
    return passed(f"{len(berths)} berths")


def is_served(apis: Apis) -> Verdict:
    return passed("served") if apis.versions("ships") else failed("not served")


def pulls(tug: Tug) -> Verdict:
    return passed(f"{tug.player} pulls")


for judges in (is_sound, has_room, has_berths, is_served, pulls):
    judges.__doc__ = PAGE


def made(function: Function) -> Check:
    return check(f"harbour.{function.__name__.replace('_', '-')}", severity=Severity.LOW)(function)


async def findings(function: Function, facts: Snapshot, *systems: System) -> dict[str, Finding]:
    judged = await judge(catalog(*systems), [made(function)], facts, open_bench=None, clock=FakeClock())
    assert judged.findings, "every check yields at least one finding"
    return {finding.subject: finding for finding in judged.findings}


async def outcomes(function: Function, facts: Snapshot, *systems: System) -> dict[str, Outcome]:
    return {subject: finding.outcome for subject, finding in (await findings(function, facts, *systems)).items()}


async def test_it_runs_once_per_object() -> None:
    found = await findings(is_sound, snapshot(ship("ada"), ship("bob", sound=False)))
    assert {key: one.outcome for key, one in found.items()} == {
        "ships/north/ada": Outcome.PASS,
        "ships/north/bob": Outcome.FAIL,
    }
    assert found["ships/north/bob"].fix == "mend it."
    assert found["ships/north/ada"].fix == ""
    assert found["ships/north/bob"].severity is Severity.LOW


async def test_it_hands_over_collections_and_what_is_served() -> None:
    assert await outcomes(has_berths, snapshot(Berth(), Berth())) == {"": Outcome.PASS}
    assert await outcomes(has_room, snapshot(ship("ada"))) == {"ships/north/ada": Outcome.FAIL}
    assert await outcomes(is_served, snapshot(served=("ships",))) == {"": Outcome.PASS}
    assert await outcomes(is_served, snapshot()) == {"": Outcome.FAIL}


async def test_no_objects_is_not_applicable() -> None:
    assert await outcomes(is_sound, snapshot()) == {"ships": Outcome.NOT_APPLICABLE}


async def test_what_is_not_served_is_not_applicable() -> None:
    facts = snapshot(ship("ada"), gaps={Berth: GapReason.ABSENT})
    assert await outcomes(has_room, facts) == {"harbour.example/berths": Outcome.NOT_APPLICABLE}


@pytest.mark.parametrize("reason", BLIND)
@pytest.mark.parametrize("function", [has_berths, has_room])
async def test_a_collection_with_holes_is_unknown(function: Function, reason: GapReason) -> None:
    found = await findings(function, snapshot(ship("ada"), Berth(), gaps={Berth: reason}))
    (one,) = found.values()
    assert one.outcome is Outcome.UNKNOWN
    assert "by order" in one.because


async def test_facts_that_nobody_collected_are_unknown() -> None:
    assert await outcomes(is_sound, snapshot(kinds=())) == {"ships": Outcome.UNKNOWN}


async def test_objects_that_could_be_read_are_judged_beside_the_gap() -> None:
    facts = snapshot(ship("ada", sound=False), gaps={Ship: GapReason.UNREADABLE})
    assert await outcomes(is_sound, facts) == {"ships": Outcome.UNKNOWN, "ships/north/ada": Outcome.FAIL}


async def test_a_role_runs_once_per_system_that_plays_it() -> None:
    facts = snapshot(served=("hook.example/tugs", "tow.example/tugs"))
    systems = [tug_system(id) for id in ("hook", "tow", "gone")]
    assert await outcomes(pulls, facts, *systems) == {"hook": Outcome.PASS, "tow": Outcome.PASS}


async def test_a_stand_in_plays_only_where_nobody_else_does() -> None:
    spare = tug_system("spare", stand_in=True)
    both = snapshot(served=("hook.example/tugs", "spare.example/tugs"))
    assert await outcomes(pulls, both, tug_system("hook"), spare) == {"hook": Outcome.PASS}
    alone = snapshot(served=("spare.example/tugs",))
    assert await outcomes(pulls, alone, tug_system("hook"), spare) == {"spare": Outcome.PASS}


async def test_a_stand_in_does_not_hide_that_somebody_may_be_here() -> None:
    facts = snapshot(served=("spare.example/tugs",), gaps={Berth: GapReason.FORBIDDEN})
    systems = [tug_system("hook", found_by=unreadable()), tug_system("spare", stand_in=True)]
    assert await outcomes(pulls, facts, *systems) == {"hook": Outcome.UNKNOWN}


async def test_nobody_to_play_the_role_is_not_applicable_and_says_who_was_looked_for() -> None:
    found = await findings(pulls, snapshot(), tug_system("hook"))
    assert found[""].outcome is Outcome.NOT_APPLICABLE
    assert "hook.example/tugs is not served" in found[""].because


async def test_a_crash_is_an_error_about_that_object_alone() -> None:
    def is_sturdy(one: Ship) -> Verdict:
        if one.name == "bob":
            raise ZeroDivisionError("the hold is empty")
        return passed("sturdy")

    is_sturdy.__doc__ = PAGE
    found = await findings(is_sturdy, snapshot(ship("ada"), ship("bob")))
    assert found["ships/north/ada"].outcome is Outcome.PASS
    assert found["ships/north/bob"].outcome is Outcome.ERROR
    assert "ZeroDivisionError: the hold is empty" in found["ships/north/bob"].because


async def test_a_check_that_returns_no_verdict_is_an_error() -> None:
    def forgets(one: Ship) -> None:
        return None

    forgets.__doc__ = PAGE
    assert await outcomes(forgets, snapshot(ship("ada"))) == {"ships/north/ada": Outcome.ERROR}


async def test_a_check_that_cannot_judge_is_unknown() -> None:
    async def asks_ashore(one: Ship) -> Verdict:
        raise Unreachable("no answer from the shore", way_out="raise the flag")

    asks_ashore.__doc__ = PAGE
    found = await findings(asks_ashore, snapshot(ship("ada")))
    assert found["ships/north/ada"].outcome is Outcome.UNKNOWN
    assert "raise the flag" in found["ships/north/ada"].because


async def test_a_system_whose_sighting_crashes_is_an_error_and_no_silence() -> None:
    broken = tug_system("hook", found_by=Holds(Berth, lambda berth: berth.nonsense, "nonsense"))
    assert await outcomes(pulls, snapshot(Berth()), broken) == {"": Outcome.ERROR}


async def test_findings_come_in_the_order_of_the_checks() -> None:
    checks = [made(has_berths), made(is_sound)]
    facts = snapshot(ship("bob"), ship("ada"), Berth())
    judged = await judge(catalog(), [*checks, checks[0]], facts, open_bench=None, clock=FakeClock())
    assert [one.key for one in judged.findings] == [
        "harbour.has-berths",
        "harbour.is-sound@ships/north/bob",
        "harbour.is-sound@ships/north/ada",
    ]


async def test_what_is_alike_in_many_objects_is_told_as_a_number() -> None:
    fleet = [ship(f"s{number}") for number in range(30)] + [ship("wreck", sound=False)]
    found = await findings(is_sound, snapshot(*fleet))
    assert {subject: one.outcome for subject, one in found.items()} == {
        "ships/north/wreck": Outcome.FAIL,
        "ships": Outcome.PASS,
    }
    assert found["ships"].because == "it is so for 30 of 31 ships"


async def test_a_check_that_only_reads_may_wait() -> None:
    async def is_patient(one: Ship) -> Verdict:
        await asyncio.sleep(0)
        if one.name == "bob":
            raise ZeroDivisionError("the hold is empty")
        return passed("patient")

    is_patient.__doc__ = PAGE
    found = await findings(is_patient, snapshot(ship("ada"), ship("bob")))
    assert found["ships/north/ada"].outcome is Outcome.PASS
    assert found["ships/north/bob"].outcome is Outcome.ERROR


async def test_collections_are_those_of_the_facts_that_are_there_now() -> None:
    facts = snapshot(ship("ada"))
    assert [one.name for one in facts.all(Ship)] == ["ada"]
    more = msgspec.structs.replace(facts, facts={Ship.of: (ship("bob"),)})
    assert [one.name for one in more.all(Ship)] == ["bob"]
    assert [one.name for one in facts.all(Ship)] == ["ada"]
