from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from seatrial.catalog.checks.sharing import fractions_share_one_device_and_are_scheduled as the_check
from seatrial.catalog.roles import SharedAccelerators
from seatrial.catalog.systems.accelerator_lab import LAB_SHARED_ACCELERATOR
from seatrial.catalog.systems.accelerators import UNDIVIDED_ACCELERATORS
from seatrial.catalog.systems.kubernetes.core import Node, NodeStatus
from seatrial.catalog.systems.kubernetes.pods import Condition, Container, Pod, PodSpec, PodStatus, Resources
from seatrial.catalog.systems.vendors import AMD_SHARED
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import All, Meta, Obj
from seatrial.model.system import System
from seatrial.model.verdict import Outcome, Verdict
from tests.unit.catalog.checks.node import NODE, NodeBench, device

UNIT = "seatrial.dev/accelerator.shared"
READY = (Condition(type="Ready", status="True"),)


def role(system: System) -> SharedAccelerators:
    (found,) = system.roles
    assert isinstance(found, SharedAccelerators)
    return found


def one_device(pod: str, argv: Sequence[str]) -> Any:
    return {"devices": [device("/dev/seatrial/accel8", 8)]}


def own_device(pod: str, argv: Sequence[str]) -> Any:
    return {"devices": [device("/dev/seatrial/accel8", int(pod.rpartition("-")[2]))]}


def counted(units: int, bench: NodeBench) -> Callable[[Obj], str]:
    """A scheduler that counts units."""

    def refused(pod: Obj) -> str:
        running = sum(1 for one in bench.objects["pods"] if one["status"]["phase"] == "Running")
        return f"0/1 nodes are available: 1 Insufficient {UNIT}." if running >= units else ""

    return refused


def bench_of(answer: Any, units: int = 3) -> NodeBench:
    node = copy.deepcopy(NODE)
    node["status"]["allocatable"] = {UNIT: str(units)}
    bench = NodeBench(answer, others={"nodes": [node]})
    bench.refused = counted(units, bench)
    return bench


def judge(source: SharedAccelerators, bench: NodeBench, *pods: Pod, labels: dict[str, str] | None = None) -> Verdict:
    nodes = All((Node(metadata=Meta(name="n1", labels=labels or {}), status=NodeStatus(conditions=READY)),))
    return asyncio.run(the_check.judge(source, nodes, All(pods), bench))  # type: ignore[arg-type]


def holder(units: int, phase: str = "Running") -> Pod:
    limits = Resources(requests={UNIT: str(units)}, limits={UNIT: str(units)})
    return Pod(spec=PodSpec(node_name="n1", containers=(Container(resources=limits),)), status=PodStatus(phase=phase))


def test_as_many_as_there_are_units_share_a_device_and_one_more_waits() -> None:
    bench = bench_of(one_device)
    made = judge(role(LAB_SHARED_ACCELERATOR), bench)
    assert made.outcome is Outcome.PASS, made.because
    assert len(bench.objects["pods"]) == 4
    assert {what for what, _ in bench.controls} >= {"one pod more than there are units", "health under load"}


def test_units_that_others_hold_are_left_to_them() -> None:
    bench = bench_of(one_device, units=5)
    bench.refused = counted(3, bench)
    assert judge(role(LAB_SHARED_ACCELERATOR), bench, holder(2), holder(3, "Succeeded")).outcome is Outcome.PASS


def test_fractions_on_devices_of_their_own_share_nothing() -> None:
    made = judge(role(LAB_SHARED_ACCELERATOR), bench_of(own_device))
    assert made.outcome is Outcome.FAIL
    assert "3 different devices" in made.because


@pytest.mark.parametrize("number", [0, 2])
def test_a_fraction_is_one_device_and_not_none_or_two(number: int) -> None:
    bench = bench_of(lambda pod, argv: {"devices": [device(f"/dev/a{n}", n) for n in range(number)]})
    assert judge(role(LAB_SHARED_ACCELERATOR), bench).outcome is Outcome.FAIL


def test_fractions_on_paper_are_none() -> None:
    bench = bench_of(one_device)
    bench.broken = lambda pod: "" if pod["metadata"]["name"] == "part-0" else "Allocate failed: in use as a whole"
    made = judge(role(LAB_SHARED_ACCELERATOR), bench)
    assert made.outcome is Outcome.FAIL
    assert "in use as a whole" in made.because


def test_a_pod_beyond_all_units_must_not_run() -> None:
    bench = bench_of(one_device)
    bench.refused = lambda pod: ""
    made = judge(role(LAB_SHARED_ACCELERATOR), bench)
    assert made.outcome is Outcome.FAIL
    assert "one pod more" in made.because


def test_a_pod_that_waits_for_something_else_shows_nothing() -> None:
    bench = bench_of(one_device)
    counts = counted(3, bench)
    bench.refused = lambda pod: "1 Insufficient cpu" if counts(pod) else ""
    with pytest.raises(CannotJudge, match="not for"):
        judge(role(LAB_SHARED_ACCELERATOR), bench)


def test_illness_that_the_kubelet_reports_is_heard() -> None:
    bench = bench_of(one_device)
    create = bench.create

    async def ill(obj: Obj) -> Obj:
        made = await create(obj)
        for status in made["status"].get("containerStatuses", ()):
            status["allocatedResourcesStatus"] = [{"name": UNIT, "resources": [{"health": "Unhealthy"}]}]
        return made

    bench.create = ill  # type: ignore[method-assign]
    assert "reported ill" in judge(role(LAB_SHARED_ACCELERATOR), bench).because


@pytest.mark.parametrize(("units", "labels"), [(1, {}), (64, {}), (3, {"type": "kwok"})])
def test_no_place_to_look_at_is_not_applicable(units: int, labels: dict[str, str]) -> None:
    made = judge(role(LAB_SHARED_ACCELERATOR), bench_of(one_device, units), labels=labels)
    assert made.outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("system", [UNDIVIDED_ACCELERATORS, AMD_SHARED], ids=lambda system: system.id)
def test_what_cannot_be_told_is_unknown(system: System) -> None:
    assert judge(role(system), bench_of(one_device)).outcome is Outcome.UNKNOWN
