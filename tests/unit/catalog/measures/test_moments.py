"""What takes time, in its parts: nothing is lost, nothing counts twice, whatever was seen late or not at all."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.catalog.measures.moments import STAGES, Stopwatch, Time, parts, slowest, spread, until_ready
from seatrial.kit.clock import FakeClock
from seatrial.model.measure import Part
from seatrial.model.workbench import Condition, Observation, Workbench

NAMES = ("scraped", "decided", "created", "ready")
AS_STAGES = tuple((name, f"{name} was seen") for name in NAMES)
moments = st.dictionaries(st.sampled_from(NAMES), st.floats(100, 200), min_size=1)


@given(moments)
def test_parts_add_up_to_the_last_moment_that_was_seen_in_its_turn(seen: dict[str, float]) -> None:
    found = parts(100.0, AS_STAGES, seen, {})
    last = next(name for name in reversed(NAMES) if name in seen)
    assert sum(one.seconds for one in found) == pytest.approx(seen[last] - 100.0, abs=0.01)
    assert all(one.seconds >= 0 for one in found)


def test_a_stage_that_nobody_saw_is_a_part_of_the_next() -> None:
    found = parts(0.0, AS_STAGES, {"scraped": 1.0, "created": 4.0, "ready": 11.0}, {"scraped": 0.5})
    assert [(one.name, one.seconds, one.error) for one in found] == [
        ("scraped", 1.0, 0.5),
        ("decided and created", 3.0, 0.1),
        ("ready", 7.0, 0.1),
    ]


def test_a_stage_that_was_seen_late_ended_when_the_next_one_did() -> None:
    found = parts(0.0, AS_STAGES, {"scraped": 5.0, "decided": 2.0, "created": 3.0, "ready": 4.0}, {})
    assert [one.seconds for one in found] == [2.0, 0.0, 1.0, 1.0]


def pod(uid: str, node: str = "", *, ready: bool = False, gone: bool = False) -> dict[str, object]:
    statuses = [{"state": {"running": {}}}] if ready else []
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    metadata = {"uid": uid} | ({"deletionTimestamp": "now"} if gone else {})
    return {
        "metadata": metadata,
        "spec": {"nodeName": node},
        "status": {"containerStatuses": statuses, "conditions": conditions},
    }


def test_the_stages_of_a_new_pod_are_stamped_when_they_are_first_seen() -> None:
    clock = FakeClock()
    watch = Stopwatch(clock)
    for step, pods in enumerate(
        (
            [pod("old", "a", ready=True)],
            [pod("old", "a", gone=True), pod("new")],
            [pod("new", "b")],
            [pod("new", "b", ready=True)],
        )
    ):
        assert watch.look(pods, ("old",)) is (step == 3)
        clock.advance(7.0)
    assert watch.seen == {"pod created": 7.0, "scheduled": 14.0, "started": 21.0, "ready": 21.0}
    assert [name for name, _ in STAGES] == ["pod created", "scheduled", "image pulled", "started", "ready"]


def test_the_slowest_time_is_told_in_its_parts_and_once_is_not_enough() -> None:
    times = [Time((Part(name="ready", seconds=seconds, ended_by=""),), 0.4) for seconds in (3.0, 9.0, 4.0)]
    found = slowest("recovery.pod-killed", "", times, "watches")
    assert (found.value, found.low, found.high, found.valid, found.parts) == (9.0, 8.5, 9.5, True, times[1].parts)
    once = slowest("recovery.pod-killed", "", times[:1], "watches")
    assert (once.valid, once.why_not_valid) == (False, "too few: once, and 3 are wanted")


@given(st.lists(st.floats(0, 100), min_size=1, max_size=100))
def test_buckets_hold_every_value_once(values: list[float]) -> None:
    found = spread(values)
    assert sum(one.count for one in found.buckets) == len(values)
    assert (found.least, found.most) == (min(values), max(values))


class Watched:
    """A bench on which three states of the same events are seen, one after another."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock, self.watch = clock, Stopwatch(clock)

    async def until(self, resource: str, condition: Condition, **more: object) -> Observation:
        if resource == "events":
            met = [condition([_pulled("before")]), condition([_pulled("before"), _pulled("new")])]
            assert met == [False, True]
        else:
            self.clock.advance(1.0)
            condition([pod("old", "a", ready=True), pod("new")])
            await asyncio.sleep(0)
            self.clock.advance(1.0)
            condition([pod("new", "a", ready=True)])
        return Observation(True, (), 0.0)

    def note(self, what: str, **detail: object) -> None:
        raise AssertionError(what)


def _pulled(uid: str) -> dict[str, object]:
    return {"reason": "Pulled", "involvedObject": {"uid": uid}}


async def test_only_the_new_pods_own_image_counts_as_pulled() -> None:
    bench = Watched(FakeClock())
    assert await until_ready(cast(Workbench, bench), bench.watch, ("old",), selector="", within=1)
    assert bench.watch.seen == {"pod created": 1.0, "image pulled": 1.0, "scheduled": 2.0, "started": 2.0, "ready": 2.0}
