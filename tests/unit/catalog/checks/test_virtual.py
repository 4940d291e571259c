from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Sequence
from typing import Any

import pytest

from seatrial.catalog.checks.virtual import virtual_accelerators_are_managed_like_physical_ones as the_check
from seatrial.catalog.roles import VirtualAccelerators
from seatrial.catalog.systems.accelerator_lab import LAB_VIRTUAL_ACCELERATORS, VIRTUAL_DRIVER
from seatrial.catalog.systems.accelerators import PERHAPS_VIRTUAL_ACCELERATORS
from seatrial.catalog.systems.vendors import NVIDIA_VIRTUAL
from seatrial.model.fact import Obj
from seatrial.model.system import System
from seatrial.model.verdict import Outcome, Verdict
from tests.unit.catalog.checks.node import NODE, NodeBench, device


def role(system: System) -> VirtualAccelerators:
    (found,) = system.roles
    assert isinstance(found, VirtualAccelerators)
    return found


def published(count: int) -> Obj:
    def attributes(number: int) -> Obj:
        return {"parentUUID": {"string": "physical"}, "uuid": {"string": f"virtual-{number}"}}

    devices = [{"name": f"vaccel{number}", "attributes": attributes(number)} for number in range(count)]
    spec = {"driver": VIRTUAL_DRIVER, "nodeName": "n1", "devices": devices}
    return {"metadata": {"name": "slice"}, "spec": spec}


class Claims(NodeBench):
    """A scheduler and a driver that hand out each device once, and a container that opens what its claim was allocated."""

    def __init__(self, count: int, opens: Any = None) -> None:
        super().__init__(self._open, others={"resource.k8s.io/resourceslices": [published(count)]})
        self.free = [f"vaccel{number}" for number in range(count)]
        self.opens = opens or (lambda name: [device(f"/dev/seatrial/{name}", int(name[-1]), identity=says(name))])
        self.refused = lambda pod: (
            "" if self.free or "resourceClaims" not in pod["spec"] else "cannot allocate all claims"
        )

    async def create(self, obj: Obj) -> Obj:
        asks = obj["kind"] == "Pod" and "resourceClaims" in obj["spec"] and not self.refused(obj)
        made = await super().create(obj)
        if asks:
            claim = await self.read("resource.k8s.io/resourceclaims", f"{obj['metadata']['name']}-main")
            assert claim is not None
            claim["status"] = {"allocation": {"devices": {"results": [{"device": self.free.pop(0)}]}}}
        return made

    async def remove(self, resource: str, name: str, *, namespace: str | None = None) -> None:
        if resource == "pods":
            self.free.append(self._allocated(name))
        await super().remove(resource, name)

    def _allocated(self, pod: str) -> str:
        claims = self.objects.get("resource.k8s.io/resourceclaims", ())
        claim = next((one for one in claims if one["metadata"]["name"] == f"{pod}-main"), {})
        results = claim.get("status", {}).get("allocation", {}).get("devices", {}).get("results", [{}])
        return str(results[0].get("device", ""))

    def _open(self, pod: str, argv: Sequence[str]) -> Any:
        allocated = self._allocated(pod)
        return {"devices": self.opens(allocated) if allocated else []}


def says(name: str) -> str:
    return json.dumps({"uuid": f"virtual-{name[-1]}", "simulated": True})


def judge(system: System, bench: NodeBench) -> Verdict:
    return asyncio.run(the_check.judge(role(system), bench))  # type: ignore[arg-type]


def test_each_gets_one_of_its_own_and_gives_it_back() -> None:
    made = judge(LAB_VIRTUAL_ACCELERATORS, Claims(2))
    assert made.outcome is Outcome.PASS, made.because
    assert "2 pods each open exactly" in made.because


@pytest.mark.parametrize(
    ("opens", "says_so"),
    [
        (lambda name: [], "opens 0"),
        (lambda name: [device("/dev/seatrial/vaccel0", 0), device("/dev/seatrial/vaccel1", 1)], "opens 2"),
        (lambda name: [device("/dev/seatrial/vaccel1", 1)], "was allocated vaccel0, and opens /dev/seatrial/vaccel1"),
        (
            lambda name: [device(f"/dev/seatrial/{name}", 9, identity='{"uuid": "physical"}')],
            "opens the physical device physical",
        ),
        (
            lambda name: [device(f"/dev/seatrial/{name}", 9, identity='{"uuid": "stranger"}')],
            "what it opens says that it is stranger",
        ),
        (lambda name: [device(f"/dev/seatrial/{name}", 9)], "both open device 7:9"),
    ],
)
def test_exactly_the_virtual_device_that_was_allocated(opens: Any, says_so: str) -> None:
    made = judge(LAB_VIRTUAL_ACCELERATORS, Claims(2, opens))
    assert made.outcome is Outcome.FAIL
    assert says_so in made.because


def test_who_asked_for_nothing_opens_nothing() -> None:
    bench = Claims(2)
    inside = bench.answer
    bench.answer = lambda pod, argv: {"devices": [device("/dev/x", 1)]} if pod == "outsider" else inside(pod, argv)
    assert "without a request opens" in judge(LAB_VIRTUAL_ACCELERATORS, bench).because


def test_virtual_devices_are_counted() -> None:
    bench = Claims(2)
    bench.free.append("vaccel0")
    assert "one pod more" in judge(LAB_VIRTUAL_ACCELERATORS, bench).because


def test_one_that_is_not_given_back_is_a_failure() -> None:
    bench = Claims(2)
    remove = NodeBench.remove

    async def kept(resource: str, name: str, *, namespace: str | None = None) -> None:
        await remove(bench, resource, name)

    bench.remove = kept  # type: ignore[method-assign]
    assert "still does" in judge(LAB_VIRTUAL_ACCELERATORS, bench).because


def test_a_guest_that_says_that_its_accelerators_are_virtual() -> None:
    node = copy.deepcopy(NODE)
    node["metadata"]["labels"]["nvidia.com/vgpu.present"] = "true"
    node["status"]["allocatable"] = {"nvidia.com/gpu": "1"}

    def inside(pod: str, argv: Sequence[str]) -> Any:
        return {"devices": [] if pod == "outsider" else [device("/dev/nvidia0", 0)]}

    bench = NodeBench(inside, others={"nodes": [node]})

    def refused(pod: Obj) -> str:
        asks = "nvidia.com/gpu" in pod["spec"]["containers"][0]["resources"]["limits"]
        taken = any(one["metadata"]["name"] == "guest-0" for one in bench.objects["pods"])
        return "Insufficient nvidia.com/gpu" if asks and taken else ""

    bench.refused = refused
    assert judge(NVIDIA_VIRTUAL, bench).outcome is Outcome.PASS


def test_none_or_too_many_are_not_applicable_and_strangers_unknown() -> None:
    assert judge(LAB_VIRTUAL_ACCELERATORS, Claims(0)).outcome is Outcome.NOT_APPLICABLE
    assert judge(LAB_VIRTUAL_ACCELERATORS, Claims(20)).outcome is Outcome.NOT_APPLICABLE
    assert judge(PERHAPS_VIRTUAL_ACCELERATORS, Claims(2)).outcome is Outcome.UNKNOWN
