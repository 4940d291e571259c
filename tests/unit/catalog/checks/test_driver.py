from __future__ import annotations

import asyncio
import copy
from collections.abc import Sequence
from typing import Any

import pytest

from seatrial.catalog.checks.driver import advertised_version_is_what_containers_find as the_check
from seatrial.catalog.roles import AcceleratorSource
from seatrial.catalog.systems.accelerator_lab import LAB_DEVICE_PLUGIN, LAB_DRA_DRIVER
from seatrial.catalog.systems.accelerators import UNRECOGNISED
from seatrial.catalog.systems.vendors import AMD_DEVICE_PLUGIN, INTEL_DEVICE_PLUGIN
from seatrial.model.fact import Obj
from seatrial.model.system import System
from seatrial.model.verdict import Outcome, Verdict
from seatrial.model.workbench import Ran
from tests.unit.catalog.checks.node import NODE, NodeBench, device

LABEL = "seatrial.dev/accelerator.driver-version"


def role(system: System) -> AcceleratorSource:
    (found,) = system.roles
    assert isinstance(found, AcceleratorSource)
    return found


def node(**labels: str) -> Obj:
    made = copy.deepcopy(NODE)
    made["metadata"]["labels"] |= labels
    return made


def slice_of(*versions: str, driver: str = "accelerator.seatrial.dev", on: str = "n1") -> Obj:
    devices = [
        {"name": f"accel{number}", "attributes": {"driverVersion": {"version": version}}}
        for number, version in enumerate(versions)
    ]
    return {"metadata": {"name": f"{driver}-{on}"}, "spec": {"driver": driver, "nodeName": on, "devices": devices}}


class Containers:
    """What the owner of a device and an outsider find."""

    def __init__(self, version: str = "1.4.02", devices: int = 1, outsider: str = "", leaked: int = 0) -> None:
        self.versions = {"owner": version, "outsider": outsider}
        self.devices = {"owner": devices, "outsider": leaked}

    def __call__(self, pod: str, argv: Sequence[str]) -> Any:
        if argv[1] == "devices":
            return {"devices": [device(f"/dev/seatrial/accel{n}", n) for n in range(self.devices[pod])]}
        version = self.versions[pod]
        text = f"seatrial accelerator driver, version {version} (simulated)"
        return {"files": [{"path": "/run/seatrial/driver-version", "text": text}] if version else []}


def judge(source: AcceleratorSource, containers: Any, *nodes: Obj, slices: tuple[Obj, ...] = ()) -> Verdict:
    bench = NodeBench(containers, others={"nodes": list(nodes), "resource.k8s.io/resourceslices": list(slices)})
    return asyncio.run(the_check.judge(source, bench))  # type: ignore[arg-type]


def test_label_and_slice_and_container_agree_at_the_precision_that_they_share() -> None:
    made = judge(role(LAB_DRA_DRIVER), Containers(), node(**{LABEL: "1.4.02"}), slices=(slice_of("1.4.2", "1.4.2"),))
    assert made.outcome is Outcome.PASS
    assert set(made.seen["advertised"].values()) == {"1.4.02", "1.4.2"}


@pytest.mark.parametrize(
    ("containers", "says"),
    [
        (Containers(version="0.9.1"), "says 1.4.02, and a container finds 0.9.1"),
        (Containers(version=""), "finds no driver"),
        (Containers(devices=2), "opens 2"),
        (Containers(outsider="1.4.02"), "asked for no accelerator finds a driver too"),
        (Containers(leaked=1), "asked for no accelerator opens 1"),
    ],
)
def test_what_containers_find_has_to_be_what_the_label_says(containers: Containers, says: str) -> None:
    made = judge(role(LAB_DEVICE_PLUGIN), containers, node(**{LABEL: "1.4.02"}))
    assert made.outcome is Outcome.FAIL
    assert says in made.because


def test_a_node_that_advertises_two_versions_is_at_odds_with_one_of_them() -> None:
    made = judge(role(LAB_DRA_DRIVER), Containers(), node(), slices=(slice_of("1.4.2", "1.5.0"),))
    assert made.outcome is Outcome.FAIL
    assert "1.5.0" in made.because


def test_a_runtime_that_nobody_names_is_no_set_up() -> None:
    silent = node(**{LABEL: "1.4.02"})
    silent["status"]["nodeInfo"] = {}
    assert "container runtime" in judge(role(LAB_DEVICE_PLUGIN), Containers(), silent).because


def test_where_nothing_is_advertised_there_is_nothing_to_hold_against() -> None:
    """Neither a slice of another node nor one of another driver counts, nor a label that is no version."""
    others = (slice_of("9.9.9", on="n2"), slice_of("9.9.9", driver="gpu.nvidia.com"))
    made = judge(role(LAB_DRA_DRIVER), Containers(), node(**{LABEL: "none"}), slices=others)
    assert made.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("system", [UNRECOGNISED, INTEL_DEVICE_PLUGIN], ids=lambda system: system.id)
def test_what_is_not_known_of_a_vendor_is_no_failure(system: System) -> None:
    assert judge(role(system), Containers(), node()).outcome is Outcome.UNKNOWN


def test_a_version_that_the_kernel_shows_to_everybody_is_no_leak() -> None:
    def amd(pod: str, argv: Sequence[str]) -> Any:
        if argv[1] == "devices":
            return {"devices": [device("/dev/dri/renderD128", 128)] if pod == "owner" else []}
        return {"files": [{"path": "/sys/module/amdgpu/version", "text": "6.12.12\n"}]}

    made = judge(role(AMD_DEVICE_PLUGIN), amd, node(**{"amd.com/gpu.driver-version": "6.12.12"}))
    assert made.outcome is Outcome.PASS


def test_a_container_that_says_nothing_readable_is_no_verdict() -> None:
    from seatrial.model.errors import CannotJudge

    with pytest.raises(CannotJudge, match="did not report"):
        judge(role(LAB_DEVICE_PLUGIN), lambda pod, argv: Ran(1, "", "no such program"), node(**{LABEL: "1.4.02"}))
