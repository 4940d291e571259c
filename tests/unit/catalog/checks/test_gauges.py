"""What exporters say, held against what nodes offer."""

from __future__ import annotations

import pytest

from seatrial.catalog.checks.gauges import NOBODY, Owed, owed, read, shortcomings
from seatrial.catalog.roles import AcceleratorMetrics
from seatrial.catalog.systems.exporters import (
    AMD_EXPORTER,
    DCGM_EXPORTER,
    INTEL_EXPORTER,
    LAB_EXPORTER,
    TPU_METRICS,
)
from seatrial.catalog.systems.kubernetes.core import Node, NodeStatus
from seatrial.catalog.systems.kubernetes.pods import Condition
from seatrial.model.fact import Meta, Obj
from seatrial.model.system import System


def role(system: System) -> AcceleratorMetrics:
    (one,) = system.roles
    assert isinstance(one, AcceleratorMetrics)
    return one


NVIDIA, AMD, INTEL, TPU, LAB = map(role, (DCGM_EXPORTER, AMD_EXPORTER, INTEL_EXPORTER, TPU_METRICS, LAB_EXPORTER))
DCGM = """\
DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-a",Hostname="n1",namespace="team",pod="p"} 50
DCGM_FI_DEV_FB_USED{gpu="0",UUID="GPU-a",Hostname="n1"} 10
DCGM_FI_DEV_FB_FREE{gpu="0",UUID="GPU-a",Hostname="n1"} 90
DCGM_FI_DEV_GPU_UTIL{gpu="1",UUID="GPU-b",Hostname="n1"} 0
DCGM_FI_DEV_FB_USED{gpu="1",UUID="GPU-b",Hostname="n1"} 10
DCGM_FI_DEV_MEM_CLOCK{gpu="1",UUID="GPU-b",Hostname="n1"} 2619
DCGM_FI_DEV_MEM_COPY_UTIL{gpu="2",UUID="GPU-c",Hostname="n1"} 7
"""


def node(name: str, ready: str = "True", labels: dict[str, str] | None = None, **amounts: str) -> Node:
    allocatable = {key.replace("__", "/").replace("_", "."): value for key, value in amounts.items()}
    status = NodeStatus(allocatable=allocatable, conditions=(Condition(type="Ready", status=ready),))
    return Node(metadata=Meta(name=name, labels=labels or {}), status=status)


def slices(name: str, driver: str, *devices: str, kind: str = "gpu") -> Obj:
    made = [{"name": one, "attributes": {"uuid": {"string": one}, "type": {"string": kind}}} for one in devices]
    return {"spec": {"driver": driver, "nodeName": name, "devices": made}}


def test_only_the_very_names_count_as_utilisation_and_memory() -> None:
    first, second = read(NVIDIA, "door", DCGM)
    assert (first.device, first.node, first.busy, first.memory, first.holder) == (
        "GPU-a",
        "n1",
        0.5,
        True,
        ("team", "p"),
    )
    assert (second.device, second.busy, second.memory, second.holder) == ("GPU-b", 0.0, False, NOBODY)


def test_ratios_are_of_one_and_percentages_of_a_hundred() -> None:
    (one,) = read(INTEL, "", 'xpum_engine_ratio{uuid="u",node="n"} 0.25\nxpum_memory_used_bytes{uuid="u",node="n"} 1\n')
    assert (one.busy, one.whole) == (0.25, True)


def test_an_exporter_that_names_no_node_speaks_of_its_own() -> None:
    text = 'duty_cycle_node{accelerator_id="1-0"} 10\nmemory_used_node{accelerator_id="1-0"} 1\nmemory_total_node{accelerator_id="1-0"} 2\n'
    (one,) = read(TPU, "tpu-node", text)
    assert (one.node, one.whole) == ("tpu-node", True)


@pytest.mark.parametrize(
    ("labels", "device"),
    [
        ('gpu_uuid="u",serial_number="s",gpu_id="0"', "u"),
        ('serial_number="s",gpu_partition_id="1",gpu_id="0"', "s/1"),
        ('serial_number="s",gpu_id="0"', "s"),
        ('hostname="h",gpu_id="0"', "h/0"),
    ],
)
def test_a_device_is_known_by_the_best_labels_that_it_has(labels: str, device: str) -> None:
    (one,) = read(AMD, "n", f"gpu_gfx_activity{{{labels}}} 1\n")
    assert one.device == device


def test_a_blank_reading_is_none() -> None:
    assert read(NVIDIA, "n", 'DCGM_FI_DEV_GPU_UTIL{UUID="a"} -1\n')[0].busy is None
    assert read(NVIDIA, "n", 'DCGM_FI_DEV_GPU_UTIL{UUID="a"} NaN\n') == []


def test_devices_that_two_mechanisms_offer_are_the_same_ones_unless_they_are_kept_apart() -> None:
    both = node("n", nvidia_com__gpu="4", seatrial_dev__accelerator="4")
    offered = [slices("n", "gpu.nvidia.com", "a", "b", "c", "d"), slices("n", "accelerator.seatrial.dev", "e", "f")]
    assert owed(NVIDIA, [both], offered)["n"] == Owed(4, frozenset("abcd"))
    assert owed(LAB, [both], offered)["n"] == Owed(6, frozenset("ef"))


def test_what_is_divided_or_partitioned_is_one_device() -> None:
    divided = node("n", labels={"nvidia.com/gpu.replicas": "4"}, nvidia_com__gpu="8")
    assert owed(NVIDIA, [divided], [slices("n", "gpu.nvidia.com", "m1", "m2", "m3", kind="mig")])["n"].count == 2


def test_nodes_that_are_not_ready_or_have_no_such_device_owe_nothing() -> None:
    nodes = [node("down", ready="False", nvidia_com__gpu="8"), node("plain"), node("other", amd_com__gpu="8")]
    assert owed(NVIDIA, nodes, []) == {}


def test_what_is_missing_is_told_by_node_and_kind() -> None:
    (problem,) = shortcomings(NVIDIA, {"n1": Owed(2)}, read(NVIDIA, "", DCGM))
    assert problem == "of the 2 accelerators of node n1 1 show their memory"
    assert shortcomings(NVIDIA, {"n2": Owed(1)}, read(NVIDIA, "", DCGM)) == [
        "of the 1 accelerators of node n2 0 show their utilisation and 0 show their memory"
    ]


def test_a_device_that_a_slice_names_has_to_be_among_those_that_are_seen() -> None:
    gauges = read(NVIDIA, "", DCGM.replace("MEM_CLOCK", "FB_FREE"))
    assert shortcomings(NVIDIA, {"n1": Owed(2, frozenset({"GPU-a", "GPU-b"}))}, gauges) == []
    (problem,) = shortcomings(NVIDIA, {"n1": Owed(2, frozenset({"GPU-a", "GPU-x"}))}, gauges)
    assert problem.endswith("not among them GPU-x")
    assert shortcomings(NVIDIA, {"n1": Owed(2, frozenset({"x", "y"}))}, gauges) == []  # other names for the same
