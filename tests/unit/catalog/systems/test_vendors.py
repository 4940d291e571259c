"""What the rows say, held against objects and file names as the vendors document them."""

from __future__ import annotations

import datetime as dt
import fnmatch
import re

import pytest

from seatrial.catalog.roles import AcceleratorSource, SharedAccelerators
from seatrial.catalog.systems import vendors
from seatrial.catalog.systems.accelerators import PERHAPS_VIRTUAL_ACCELERATORS, UNDIVIDED_ACCELERATORS, UNRECOGNISED
from seatrial.catalog.systems.gvisor import GVISOR
from seatrial.catalog.systems.kubernetes.core import Node, NodeStatus
from seatrial.catalog.systems.kubernetes.dra import DeviceClass
from seatrial.catalog.systems.networks import DRANET
from seatrial.catalog.systems.sandboxes import KATA, UNRECOGNISED_RUNTIME, RuntimeClass
from seatrial.lab.fleet.products import PRODUCTS
from seatrial.model.fact import Apis, ClusterIdentity, Fact, Meta, Snapshot
from seatrial.model.system import System

ROWS = (vendors.NVIDIA, vendors.AMD, vendors.INTEL, vendors.TPU, vendors.NEURON)


def there(system: System, *facts: Fact) -> bool | None:
    kinds = {
        kind.of: tuple(one for one in facts if isinstance(one, kind)) for kind in (Node, DeviceClass, RuntimeClass)
    }
    at = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
    return system.found_by.look(Snapshot(at, ClusterIdentity(), Apis(), kinds, {})).there


def node(allocatable: dict[str, str], labels: dict[str, str] | None = None, **annotations: str) -> Node:
    meta = Meta(name="n1", labels=labels or {}, annotations=annotations)
    return Node(metadata=meta, status=NodeStatus(allocatable=allocatable))


def shared(system: System) -> SharedAccelerators:
    (role,) = system.roles
    assert isinstance(role, SharedAccelerators)
    return role


def test_a_plugin_is_found_on_real_nodes_alone() -> None:
    assert there(vendors.NVIDIA_DEVICE_PLUGIN, node({"nvidia.com/gpu": "8"})) is True
    assert there(vendors.NVIDIA_DEVICE_PLUGIN, node({"nvidia.com/gpu": "0"})) is False
    assert there(vendors.NVIDIA_DEVICE_PLUGIN, node({"nvidia.com/gpu": "8"}, {"type": "kwok"})) is False


def test_a_driver_is_found_by_its_class_unless_that_is_simulated() -> None:
    real = DeviceClass(metadata=Meta(name="gpu.nvidia.com"))
    simulated = DeviceClass(metadata=Meta(name="gpu.nvidia.com", labels={"seatrial.dev/simulated": "true"}))
    assert there(vendors.NVIDIA_DRA_DRIVER, real) is True
    assert there(vendors.NVIDIA_DRA_DRIVER, simulated) is False
    assert there(vendors.AMD_DRA_DRIVER, real) is False


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_the_fleet_and_the_rows_use_the_same_names(row: vendors.Vendor) -> None:
    for product in PRODUCTS.values():
        if product.vendor.lower() == row.id:
            assert (product.resource, product.driver) == (row.resource, row.driver)
            assert set(row.labels) <= set(product.labels)


@pytest.mark.parametrize(
    ("row", "path", "text", "version"),
    [
        (vendors.NVIDIA, "/usr/lib/x86_64-linux-gnu/libcuda.so.580.65.06", "", "580.65.06"),
        (vendors.NVIDIA, "/usr/lib64/libnvidia-ml.so.595.91.07", "", "595.91.07"),
        (vendors.NVIDIA, "/usr/local/nvidia/lib64/libcuda.so.550.127", "", "550.127"),
        (vendors.NVIDIA, "/usr/lib64/libcuda.so.1", "", None),
        (vendors.AMD, "/sys/module/amdgpu/version", "6.12.12\n", "6.12.12"),
        (vendors.NEURON, "/sys/module/neuron/version", "2.24.7.0\n", "2.24.7.0"),
    ],
)
def test_versions_are_found_where_containers_have_them(
    row: vendors.Vendor, path: str, text: str, version: str | None
) -> None:
    (shown,) = row.shown
    assert any(fnmatch.fnmatchcase(path, glob) for glob in shown.glob.split(","))
    match = re.search(shown.pattern, f"{path}\n{text}")
    assert (match[1] if match else None) == version


@pytest.mark.parametrize(
    ("system", "fact", "units"),
    [
        (vendors.NVIDIA_SHARED, node({"nvidia.com/mig-1g.10gb": "7"}), {"nvidia.com/mig-1g.10gb": "7"}),
        (vendors.NVIDIA_SHARED, node({"nvidia.com/gpu.shared": "8"}), {"nvidia.com/gpu.shared": "8"}),
        (
            vendors.NVIDIA_SHARED,
            node({"nvidia.com/gpu": "8"}, {"nvidia.com/gpu.replicas": "4"}),
            {"nvidia.com/gpu": "8"},
        ),
        (vendors.NVIDIA_SHARED, node({"nvidia.com/gpu": "8"}, {"nvidia.com/gpu.replicas": "1"}), {}),
        (vendors.NVIDIA_SHARED, node({"nvidia.com/gpu": "8"}), {}),
        (vendors.AMD_SHARED, node({"amd.com/cpx_nps4": "32"}), {"amd.com/cpx_nps4": "32"}),
        (vendors.AMD_SHARED, node({"amd.com/gpu": "8"}), {}),
        (vendors.NEURON_SHARED, node({"aws.amazon.com/neuroncore": "32"}), {"aws.amazon.com/neuroncore": "32"}),
        (
            vendors.HAMI,
            node({"nvidia.com/gpu": "10"}, None, **{"hami.io/node-nvidia-register": "GPU-1,10,81559,100"}),
            {"nvidia.com/gpu": "10"},
        ),
        (vendors.HAMI, node({"nvidia.com/gpu": "10"}), {}),
    ],
)
def test_fractions_are_told_from_whole_devices(system: System, fact: Node, units: dict[str, str]) -> None:
    assert there(system, fact) is bool(units)
    labels, annotations = fact.metadata.labels, fact.metadata.annotations
    obj = {
        "metadata": {"labels": labels, "annotations": annotations},
        "status": {"allocatable": fact.status.allocatable},
    }
    assert shared(system).fractions(obj) == units


def test_stand_ins_say_that_nobody_knows_and_only_where_that_is_so() -> None:
    """A TPU is known to have no fractions; a vendor that nobody has heard of could have anything."""
    assert there(UNDIVIDED_ACCELERATORS, node({"nvidia.com/gpu": "8"})) is True
    assert there(UNDIVIDED_ACCELERATORS, node({"google.com/tpu": "4"})) is False
    assert there(UNDIVIDED_ACCELERATORS, node({"example.com/npu": "4"})) is True
    assert there(PERHAPS_VIRTUAL_ACCELERATORS, node({"nvidia.com/gpu": "8"})) is False
    assert there(PERHAPS_VIRTUAL_ACCELERATORS, node({"example.com/npu": "4"})) is True
    assert there(UNRECOGNISED, node({"example.com/npu": "4"})) is True
    assert all(one.roles[0].stand_in for one in (UNDIVIDED_ACCELERATORS, PERHAPS_VIRTUAL_ACCELERATORS, UNRECOGNISED))


def test_virtual_accelerators_of_a_guest_are_told_by_a_label() -> None:
    assert there(vendors.NVIDIA_VIRTUAL, node({"nvidia.com/gpu": "1"}, {"nvidia.com/vgpu.present": "true"})) is True
    assert there(vendors.NVIDIA_VIRTUAL, node({"nvidia.com/gpu": "1"}, {"nvidia.com/vgpu.present": "false"})) is False


def test_each_vendor_is_asked_in_its_own_words() -> None:
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "main"}]}}
    for row in ROWS:
        plugin, driver = vendors._plugin(row).roles[0], vendors._driver(row).roles[0]
        assert isinstance(plugin, AcceleratorSource)
        assert isinstance(driver, AcceleratorSource)
        (asking,) = plugin.request(pod, "main", 1)
        assert asking["spec"]["containers"][0]["resources"]["limits"] == {row.resource: "1"}
        _, claim = driver.request(pod, "main", 1)
        assert claim["spec"]["devices"]["requests"][0]["exactly"]["deviceClassName"] == row.device_class


@pytest.mark.parametrize(
    ("handler", "found"),
    [
        ("runsc", [GVISOR]),
        ("gvisor", [GVISOR]),
        ("kata-qemu", [KATA]),
        ("kata-mshv-vm-isolation", [KATA]),
        ("runc", []),
        ("nvidia-cdi", []),
        ("firejail", [UNRECOGNISED_RUNTIME]),
    ],
)
def test_sandboxes_are_told_by_their_handlers(handler: str, found: list[System]) -> None:
    entry = RuntimeClass(metadata=Meta(name="any"), handler=handler)
    every = (GVISOR, KATA, UNRECOGNISED_RUNTIME)
    assert [one.id for one in every if there(one, entry)] == [one.id for one in found]


def test_dranet_is_found_by_a_class_of_its_interfaces() -> None:
    assert there(DRANET, DeviceClass(metadata=Meta(name="netdev.google.com"))) is True
    assert there(DRANET, DeviceClass(metadata=Meta(name="gpu.nvidia.com"))) is False
