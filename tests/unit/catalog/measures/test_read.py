"""Metrics that read: numbers that are known beforehand, written as series, come out as they are, or say why not."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from seatrial.catalog.measures.memory import of_held_accelerators as memory
from seatrial.catalog.measures.tokens import as_servers_tell as tokens
from seatrial.catalog.measures.ttft import as_servers_tell as ttft
from seatrial.catalog.measures.utilisation import of_held_accelerators as utilisation
from seatrial.catalog.measures.xids import unresolved
from seatrial.catalog.systems.device_metrics import ErrorTrack, MemoryTrack, UseTrack
from seatrial.catalog.systems.kubernetes.core import Node, NodeSpec, NodeStatus
from seatrial.catalog.systems.kubernetes.dra import ResourceSlice
from seatrial.catalog.systems.kubernetes.pods import Pod, Taint
from seatrial.catalog.systems.served_models import CacheTrack, FirstTokens, TokenRate, TokensSeen
from seatrial.catalog.views.accelerator_nodes import AcceleratorNode
from seatrial.catalog.views.device_tracks import DeviceTrack
from seatrial.kit.clock import FakeClock
from seatrial.model.fact import All, Apis, ClusterIdentity, Fact, Meta, Snapshot
from seatrial.model.measure import Measure
from seatrial.model.metric import Means, Metric
from seatrial.model.verdict import Outcome, Verdict

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
WINDOW, STEP = 300.0, 15.0


async def _nobody(namespace: str) -> tuple[str, ...]:
    return ()


MEANS = Means(clock=FakeClock(), window=WINDOW, step=STEP, times=1, gangs=1, deadlocks=_nobody)


def points(value: float, *, since: float = WINDOW, until: float = 0.0) -> tuple[tuple[float, float], ...]:
    end = NOW.timestamp()
    return tuple((end - at, value) for at in range(int(since), int(until) - 1, -int(STEP)))


def track(device: str, value: float, pod: str = "", *, since: float = WINDOW, until: float = 0.0) -> UseTrack:
    labels = {"UUID": device, "Hostname": "node-1"} | ({"namespace": "team-a", "pod": pod} if pod else {})
    return UseTrack(labels=labels, points=points(value, since=since, until=until))


def snapshot(*facts: Fact) -> Snapshot:
    node = Node(metadata=Meta(name="node-1"), status=NodeStatus(allocatable={"nvidia.com/gpu": "8"}))
    kinds: dict[str, list[Fact]] = {
        kind.of: [] for kind in (Node, Pod, ResourceSlice, UseTrack, MemoryTrack, ErrorTrack)
    }
    for one in (node, *facts):
        kinds[one.of].append(one)
    return Snapshot(NOW, ClusterIdentity(), Apis(), {of: tuple(those) for of, those in kinds.items()}, {})


def taken(metric: Metric, *given: object) -> dict[str, Measure]:
    found = metric.take(*given, means=MEANS)
    assert not isinstance(found, Verdict), found
    assert not asyncio.iscoroutine(found)
    return {one.key: one for one in found}  # type: ignore[union-attr]


def used(*facts: Fact) -> dict[str, Measure]:
    return taken(utilisation, snapshot(*facts).all(DeviceTrack))


def test_only_time_in_which_a_device_is_held_counts_for_what_is_held() -> None:
    found = used(track("gpu-0", 0.8, "trainer"), track("gpu-1", 0.0))
    held = found["utilisation.of-held-accelerators"]
    assert (held.value, held.valid, held.samples) == (80.0, True, 21)
    assert (held.low, held.high) == (79.5, 80.5)
    assert found["utilisation.of-all-accelerators"].value == 40.0
    assert found["utilisation.held-and-idle"].value == 0.0


def test_a_device_whose_holder_changes_is_one_device_and_each_namespace_has_its_part() -> None:
    first = track("gpu-0", 1.0, "trainer", since=300, until=165)
    second = UseTrack(labels=first.labels | {"namespace": "team-b"}, points=points(0.0, since=150))
    held = used(first, second)["utilisation.of-held-accelerators"]
    assert {row.name: row.value for row in held.rows if row.by == "namespace"} == {"team-a": 100.0, "team-b": 0.0}
    (device,) = (row for row in held.rows if row.by == "device")
    assert (device.over_time[0], device.over_time[-1]) == (100.0, 0.0)
    assert held.low is not None
    assert held.low <= 100 * 10 / 21 <= (held.high or 0)


def test_what_is_held_and_does_nothing_is_waste() -> None:
    found = used(track("gpu-0", 0.0, "notebook"), track("gpu-1", 0.5, "trainer"))
    assert found["utilisation.held-and-idle"].value == 50.0


@pytest.mark.parametrize(
    ("series", "why"),
    [
        (track("gpu-0", 0.5), "no point of an accelerator that somebody holds"),
        (track("gpu-0", 0.5, "trainer", since=30), "too few: 3 points"),
        (track("gpu-0", 0.5, "trainer", since=120), "too short: numbers of 135 s, and 300 s were asked for"),
    ],
)
def test_a_number_that_says_nothing_is_not_valid_and_says_why(series: UseTrack, why: str) -> None:
    held = used(series)["utilisation.of-held-accelerators"]
    assert not held.valid
    assert why in held.why_not_valid


def test_without_any_series_there_is_nothing_to_measure() -> None:
    found = utilisation.take(All(()), means=MEANS)
    assert isinstance(found, Verdict)
    assert found.outcome is Outcome.NOT_APPLICABLE


def test_memory_is_that_of_held_devices_and_caches_stand_beside_it() -> None:
    labels = {"UUID": "gpu-0", "namespace": "team-a", "pod": "server"}
    devices = snapshot(MemoryTrack(labels=labels, points=points(0.92))).all(DeviceTrack)
    caches = All((CacheTrack(labels={"__name__": "vllm:kv_cache_usage_perc", "pod": "server"}, points=points(0.3)),))
    found = taken(memory, devices, caches)
    assert found["memory.of-held-accelerators"].value == 92.0
    assert found["memory.of-key-value-caches"].value == 30.0


def first_tokens(*counts: tuple[str, float]) -> All[FirstTokens]:
    labels = {"namespace": "team-a", "model_name": "llama", "metric": "vllm:time_to_first_token_seconds"}
    return All(FirstTokens(labels=labels | {"le": le}, value=count) for le, count in counts)


def test_the_first_token_lies_between_the_bounds_of_its_bucket() -> None:
    found = taken(ttft, first_tokens(("0.1", 500.0), ("0.5", 980.0), ("1.0", 1000.0), ("+Inf", 1000.0)))
    one = found["ttft.as-servers-tell@team-a/llama"]
    assert (one.low, one.high, one.samples, one.valid) == (0.1, 0.5, 1000, True)
    assert one.value == pytest.approx(0.1 + 0.4 * 450 / 480, abs=1e-4)
    assert one.spread is not None
    assert [bucket.count for bucket in one.spread.buckets] == [500, 480, 20, 0]


@pytest.mark.parametrize(
    ("counts", "why"),
    [
        ([("0.1", 10.0), ("+Inf", 10.0)], "too few: 10 requests"),
        ([("0.1", 10.0), ("+Inf", 200.0)], "above the histogram's last bound"),
    ],
)
def test_first_tokens_that_say_nothing_are_not_valid(counts: list[tuple[str, float]], why: str) -> None:
    (one,) = taken(ttft, first_tokens(*counts)).values()
    assert not one.valid
    assert why in one.why_not_valid


@pytest.mark.parametrize("hostile", ["", "NaN", "x", "-1e999"])
def test_a_bound_that_is_none_is_left_out(hostile: str) -> None:
    found = ttft.take(first_tokens((hostile, 5.0)), means=MEANS)
    assert isinstance(found, Verdict) or all(not one.valid for one in found)  # type: ignore[union-attr]


def test_tokens_of_a_while_that_is_too_short_are_not_valid() -> None:
    labels = {"namespace": "team-a", "model_name": "llama"}
    rates = All((TokenRate(labels=labels, value=1200.0),))
    for seconds, valid in ((1000.0, True), (60.0, False)):
        seen = All((TokensSeen(labels=labels, value=seconds),))
        (one,) = taken(tokens, rates, seen).values()
        assert (one.value, one.valid, one.subject) == (1200.0, valid, "team-a/llama")


GAUGE, COUNTER = "DCGM_FI_DEV_XID_ERRORS", "DCGM_EXP_XID_ERRORS_COUNT"


def xid(device: str, name: str, *values: float, number: str = "") -> ErrorTrack:
    labels = {"__name__": name, "UUID": device, "Hostname": "node-1"} | ({"xid": number} if number else {})
    begun = NOW.timestamp() - 15 * len(values)
    return ErrorTrack(labels=labels, points=tuple((begun + 15 * at, value) for at, value in enumerate(values)))


def errors(*tracks: ErrorTrack, nodes: tuple[Node, ...] = ()) -> tuple[float, dict[tuple[str, str], float]]:
    there = (
        snapshot()
        if not nodes
        else Snapshot(NOW, ClusterIdentity(), Apis(), {Node.of: nodes, ResourceSlice.of: ()}, {})
    )
    found = taken(unresolved, there.all(AcceleratorNode), All(tracks))["xids.unresolved"]
    return found.value, {(row.by, row.name): row.value for row in found.rows}


def test_xids_of_devices_and_those_of_programs_are_told_apart() -> None:
    found = errors(
        xid("gpu-3", GAUGE, 0, 79, 13), xid("gpu-3", COUNTER, 1, 1, number="79"), xid("gpu-5", GAUGE, 31, 31)
    )
    assert found == (1, {("XID", "79"): 1, ("XID of a program", "13"): 1, ("XID of a program", "31"): 1})


def test_an_xid_is_resolved_by_a_reset_and_unresolved_by_one_that_comes_after() -> None:
    assert errors(xid("gpu-3", GAUGE, 79, 79, 0, 0))[0] == 0
    assert errors(xid("gpu-3", GAUGE, 79, 0, 48))[1] == {("XID", "48"): 1}


def test_an_xid_of_a_node_that_is_taken_out_is_told_and_does_not_count() -> None:
    status = NodeStatus(allocatable={"nvidia.com/gpu": "8"})
    closed = Node(metadata=Meta(name="node-1"), spec=NodeSpec(unschedulable=True), status=status)
    pool = Taint(key="pool", value="gpu", effect="NoSchedule")
    kept = Node(metadata=Meta(name="node-1"), spec=NodeSpec(taints=(pool,)), status=status)
    assert errors(xid("gpu-3", GAUGE, 79, 79), nodes=(closed,)) == (0, {("XID of a node that takes no pods", "79"): 1})
    assert errors(xid("gpu-3", GAUGE, 79, 79), nodes=(kept,))[0] == 1
