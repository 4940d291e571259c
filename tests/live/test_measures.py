"""Truths put into a real cluster from outside, and what the measures make of them: each is found within its stated error."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping

import msgspec
import pytest

from seatrial.app import lab as labs
from seatrial.app import load_lab
from seatrial.app.bench import Extent, bench
from seatrial.app.target import Target
from seatrial.catalog.systems.kubernetes.core import ON_REAL_NODES
from seatrial.lab.node.programs import IMAGE
from seatrial.model.lab import LabLevel, LabSpec
from seatrial.model.measure import Measure
from seatrial.model.run import Run
from tests.live import truth
from tests.live.conftest import down, tell, up

SMALL, WHOLE = "test-gauge", "test-gauges"
HELD = 7.0  # seconds
SLACK = 0.5  # what the cluster itself needs for the stage that is held


@pytest.fixture(scope="module")
def small() -> Iterator[str]:
    up(LabSpec(name=SMALL, level=LabLevel.CONTROL_PLANE, fleet=labs.parse_fleet("h100:8x2")))
    yield SMALL
    down(SMALL)


@pytest.fixture(scope="module")
def whole(request: pytest.FixtureRequest) -> Iterator[str]:
    """With a real node, and what collects metrics and scales by them."""
    systems = ("prometheus", "prometheus-adapter")
    up(LabSpec(name=WHOLE, fleet=labs.parse_fleet("h100:8x2"), systems=systems))
    yield WHOLE
    down(WHOLE)


async def measured(lab: str, *names: str, window: int = 300, **extent: int) -> Run:
    where = msgspec.structs.replace(Target(lab=lab), window=window)
    return await bench(where, names=names, extent=Extent(**extent), consent=lambda _: True, tell=tell)


def by_id(run: Run) -> Mapping[str, Measure]:
    return {one.key: one for one in run.measures}


def test_three_of_forty_gangs_that_can_never_be_placed_are_found(small: str) -> None:
    policy = truth.impossible_gangs(7, 19, 31)
    truth.apply(small, *policy)
    try:
        truth.in_force(small, {"seatrial.dev/gang": "gang-7-any"}, "nodeSelector")
        found = by_id(asyncio.run(measured(small, "gangs", gangs=40)))
    finally:
        truth.remove(small, *policy)
    whole = found["gangs.whole-in-time@workload-api"]
    assert (whole.value, whole.samples, whole.valid, whole.met) == (92.5, 40, True, False)
    assert {row.name: row.value for row in whole.rows} == {
        "whole in time": 37,
        "partly placed when the time was up": 0,
        "not placed when the time was up": 3,
    }
    assert found["gangs.wait@workload-api"].samples == 37
    assert found["gangs.deadlocks@workload-api"].value == 0


def test_gangs_that_lock_each_other_up_are_counted(small: str) -> None:
    labs_change = labs.change(small, "scheduler-ignores-gangs", broken=True)
    asyncio.run(labs_change)
    try:
        found = by_id(asyncio.run(measured(small, "gangs", gangs=20)))
    finally:
        asyncio.run(labs.change(small, "scheduler-ignores-gangs", broken=False))
    assert found["gangs.deadlocks@workload-api"].met is False
    assert found["gangs.whole-in-time@workload-api"].met is False


async def _while_held(lab: str, app: str, names: tuple[str, ...], *, until: str) -> tuple[Run, list[float]]:
    async with truth.let_go_after(lab, app, HELD, until=until) as held:
        return await measured(lab, *names, times=1), held


def test_seven_seconds_before_a_pod_may_be_placed_are_found_in_that_part_of_recovery(small: str) -> None:
    policy = truth.held_pods("killed", until="scheduling")
    truth.apply(small, *policy)
    try:
        truth.in_force(small, {"app": "killed"}, "schedulingGates")
        run, held = asyncio.run(_while_held(small, "killed", ("recovery.pod-killed",), until="scheduling"))
    finally:
        truth.remove(small, *policy)
    found = by_id(run)["recovery.pod-killed"]
    (part,) = (one for one in found.parts if one.name == "scheduled")
    assert HELD - part.error <= part.seconds <= held[-1] + part.error + SLACK
    assert sum(one.seconds for one in found.parts) == pytest.approx(found.value)


def test_a_node_and_a_device_that_are_lost_are_recovered_from(small: str) -> None:
    found = by_id(asyncio.run(measured(small, "recovery.node-lost", "recovery.device-unhealthy")))
    node, device = found["recovery.node-lost"], found["recovery.device-unhealthy@gpu.nvidia.com"]
    assert node.valid
    assert node.samples == 3
    assert (
        max(node.parts, key=lambda one: one.seconds).name == "noticed"
    )  # Kubernetes waits before it takes a pod for lost
    assert device.valid
    assert device.value < node.value


def test_what_cannot_be_measured_is_told_with_the_reason(small: str) -> None:
    found = by_id(asyncio.run(measured(small, "utilisation", "memory", "ttft", "tokens", "xids", "scale-out")))
    assert {key.partition("@")[0] for key in found} == {
        "utilisation.of-held-accelerators",
        "memory.of-held-accelerators",
        "ttft.as-servers-tell",
        "ttft.as-clients-see",
        "tokens.as-servers-tell",
        "tokens.as-clients-see",
        "xids.unresolved",
        "scale-out.breach-to-ready",
    }
    assert not any(one.valid or one.is_there for one in found.values())
    assert all(one.why_not_valid for one in found.values())


def _until(lab: str, *names: str, window: int, condition: str) -> Mapping[str, Measure]:
    """Measure again until the number is valid: the window has to be behind the moment at which the truth was set."""
    end = time.monotonic() + 180
    while True:
        found = by_id(asyncio.run(measured(lab, *names, window=window)))
        if found[condition].valid or time.monotonic() > end:
            return found
        time.sleep(2)


def test_a_stated_utilisation_is_found(whole: str) -> None:
    """One node at 37 %, one at 80 %; a pod holds each of the first one's devices, and nobody those of the other."""
    node = "h100-0000"
    truth.annotate(whole, node, busy="0.37", memory_used="0.55")
    truth.annotate(whole, "h100-0001", busy="0.8")
    pods = [_holder(node, number) for number in range(8)]
    truth.apply(whole, *pods)
    try:
        time.sleep(35)  # so that the whole window is of this
        found = _until(whole, "utilisation", "memory", window=30, condition="utilisation.of-held-accelerators")
    finally:
        truth.remove(whole, *pods)
    held, memory = found["utilisation.of-held-accelerators"], found["memory.of-held-accelerators"]
    assert held.low is not None
    assert held.high is not None
    assert held.low <= 37 <= held.high
    assert held.high - held.low <= 1.1
    assert {row.name: row.value for row in held.rows if row.by == "node"} == {node: 37.0}
    assert {row.name for row in held.rows if row.by == "namespace"} == {"default"}
    assert memory.value == pytest.approx(55, abs=0.5)
    assert found["utilisation.held-and-idle"].value == 0


def _holder(node: str, number: int) -> dict[str, object]:
    work = {"name": "work", "image": "none", "resources": {"limits": {"nvidia.com/gpu": "1"}}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"holds-{number}", "namespace": "default"},
        "spec": {"nodeName": node, "terminationGracePeriodSeconds": 0, "containers": [work]},
    }


def test_an_xid_of_a_device_is_found_and_those_of_programs_are_told_apart(whole: str) -> None:
    truth.annotate(whole, "h100-0001", xids="3:13 3:79 5:31")
    time.sleep(5)
    found = by_id(asyncio.run(measured(whole, "xids", window=30)))["xids.unresolved"]
    assert (found.value, found.met, found.valid) == (1, False, True)
    assert {(row.by, row.name): row.value for row in found.rows} == {
        ("XID", "79"): 1,
        ("XID of a program", "13"): 1,
        ("XID of a program", "31"): 1,
    }


REQUESTS, TOKENS, FIRST = 150, 10, 0.2
LATE = 0.3


def test_what_a_model_server_is_known_to_have_done_is_found(whole: str) -> None:
    """It answers so many requests, with so many tokens each, the first of them after 200 ms."""
    server = _model_server()
    truth.apply(whole, server)
    try:
        truth.until_ready(whole, "models")
        time.sleep(35)  # so that the whole window is of this
        body = f'{{"model": "simulated", "prompt": "hello", "max_tokens": {TOKENS}}}'
        tally = truth.execute(
            whole, "models", "burst", f"--count={REQUESTS}", f"--body={body}", "http://127.0.0.1:8080/v1/completions"
        )
        assert tally["status"] == {"200": REQUESTS}
        time.sleep(3)  # until that was collected
        found = by_id(asyncio.run(measured(whole, "ttft", "tokens", window=30)))
    finally:
        truth.remove(whole, server)
    first, tokens = found["ttft.as-servers-tell@default/simulated"], found["tokens.as-servers-tell@default/simulated"]
    assert first.valid, first.why_not_valid
    assert first.samples == pytest.approx(REQUESTS, rel=0.05)
    assert (first.low or 0) <= FIRST <= (first.high or 0)
    assert tokens.valid, tokens.why_not_valid
    assert 30 * (tokens.low or 0) <= REQUESTS * TOKENS <= 30 * (tokens.high or 0)


def _model_server() -> dict[str, object]:
    argv = ["model-server", "--mode=fixed", "--ttft=200ms", "--gap=1ms", "--port=8080", "--quiet"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "models",
            "namespace": "default",
            "annotations": {"prometheus.io/scrape": "true", "prometheus.io/port": "8080"},
        },
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "affinity": ON_REAL_NODES,
            "containers": [{"name": "work", "image": IMAGE, "command": ["/workload", *argv]}],
        },
    }


def test_what_clients_see_of_servers_that_take_three_tenths_of_a_second(
    whole: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """20 requests a second for 20 tokens each, which come 1 ms apart: the servers keep up, and each first token takes 300 ms."""
    monkeypatch.setattr(load_lab, "OPTIONS", ("--mode=fixed", "--ttft=300ms", "--gap=1ms", "--quiet"))
    run = asyncio.run(measured(whole, "ttft.as-clients-see", "tokens.as-clients-see"))
    found = by_id(run)
    first, tokens = found["ttft.as-clients-see"], found["tokens.as-clients-see"]
    assert first.spread is not None
    assert first.spread.count == first.samples > 80
    assert LATE <= first.spread.p50 <= first.value < 2 * LATE
    assert (first.simulated, tokens.simulated) == (True, True)
    assert first.met is (False if first.valid else None)  # a client that was kept from its work says so instead
    assert tokens.low is not None
    assert tokens.low <= first.samples * 20 / tokens.seconds
    assert len(run.evidence) == 1, "one load is for both"


def test_seven_seconds_until_a_pod_is_ready_are_found_in_that_part_of_scale_out(whole: str) -> None:
    policy = truth.held_pods("scaled", until="readiness")
    truth.apply(whole, *policy)
    try:
        truth.in_force(whole, {"app": "scaled"}, "readinessGates")
        run, held = asyncio.run(_while_held(whole, "scaled", ("scale-out",), until="readiness"))
    finally:
        truth.remove(whole, *policy)
    found = by_id(run)["scale-out.breach-to-ready@prometheus-adapter"]
    (part,) = (one for one in found.parts if one.name == "ready")
    assert HELD - part.error <= part.seconds <= held[-1] + part.error + SLACK
    assert [one.name for one in found.parts][:2] == ["scraped", "decided"]
    assert sum(one.seconds for one in found.parts) == pytest.approx(found.value)


def test_a_service_scales_out_a_second_time_once_it_has_calmed_down(whole: str) -> None:
    found = by_id(asyncio.run(measured(whole, "scale-out", times=2)))["scale-out.breach-to-ready@prometheus-adapter"]
    assert (found.samples, found.why_not_valid) == (2, "too few: 2 times, and 3 are wanted")
    assert found.spread is not None
    assert found.spread.count == 2
    assert found.value == found.spread.most
    assert [one.name for one in found.parts][:2] == ["scraped", "decided"]
    assert sum(one.seconds for one in found.parts) == pytest.approx(found.value)
