"""Accelerator vendors as rows of data: under which names their devices are asked for, and what a container with one sees.

None of this hardware is in the lab. The rows follow the vendors' own documents and sources as of November 2026; a field is
empty where those do not say, and a check that would need it then ends in ``unknown``.
"""

from __future__ import annotations

import msgspec

from seatrial.catalog.roles import AcceleratorSource, DriverVersions, SharedAccelerators, Shown, VirtualAccelerators
from seatrial.catalog.systems.accelerators import by_claim, by_resource, offers
from seatrial.catalog.systems.kubernetes.core import Node, runs_containers
from seatrial.catalog.systems.kubernetes.dra import DeviceClass
from seatrial.model.fact import Obj
from seatrial.model.system import FoundBy, Holds, System

SIMULATED = "seatrial.dev/simulated"


class Vendor(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str
    home: str
    resource: str  # of the device plugin: one whole device
    devices: str  # globs for device nodes in a container, one for each device
    driver: str = ""  # of Dynamic Resource Allocation
    device_class: str = ""  # where there is one that stands for a whole device
    labels: tuple[str, ...] = ()  # of nodes, with the driver's version
    attribute: str = "driverVersion"  # of devices in ResourceSlices, the same
    shown: tuple[Shown, ...] = ()

    @property
    def versions(self) -> DriverVersions:
        return DriverVersions(labels=self.labels, driver=self.driver, attribute=self.attribute, shown=self.shown)


# The container toolkit brings the driver's own libraries, and these carry its version in their names.
_LIBRARIES = ",".join(
    f"{folder}/lib{name}.so.*"
    for folder in ("/usr/lib64", "/usr/lib/*-linux-gnu", "/usr/local/nvidia/lib64")
    for name in ("cuda", "nvidia-ml")
)

NVIDIA = Vendor(
    id="nvidia",
    title="NVIDIA",
    home="https://github.com/NVIDIA/k8s-device-plugin",
    resource="nvidia.com/gpu",
    devices="/dev/nvidia[0-9]*",
    driver="gpu.nvidia.com",
    device_class="gpu.nvidia.com",
    labels=("nvidia.com/cuda.driver-version.full",),
    shown=(Shown(_LIBRARIES, r"lib(?:cuda|nvidia-ml)\.so\.(\d+\.\d+(?:\.\d+)?)"),),
)
AMD = Vendor(
    id="amd",
    title="AMD",
    home="https://github.com/ROCm/k8s-device-plugin",
    resource="amd.com/gpu",
    devices="/dev/dri/renderD*",
    driver="gpu.amd.com",
    device_class="gpu.amd.com",
    labels=("amd.com/gpu.driver-version",),
    shown=(Shown("/sys/module/amdgpu/version", r"(\d+(?:\.\d+)+)", everywhere=True),),
)
INTEL = Vendor(
    id="intel",
    title="Intel",
    home="https://intel.github.io/intel-device-plugins-for-kubernetes/",
    resource="gpu.intel.com/xe",
    devices="/dev/dri/renderD*",
    driver="gpu.intel.com",
    device_class="gpu.intel.com",
)
TPU = Vendor(
    id="tpu",
    title="Google TPU",
    home="https://cloud.google.com/kubernetes-engine/docs/concepts/tpus",
    resource="google.com/tpu",
    devices="/dev/accel[0-9]*,/dev/vfio/[0-9]*",
    driver="tpu.google.com",
    device_class="tpu.google.com",
)
NEURON = Vendor(
    id="neuron",
    title="AWS Neuron",
    home="https://awsdocs-neuron.readthedocs-hosted.com",
    resource="aws.amazon.com/neuron",
    devices="/dev/neuron[0-9]*",
    driver="neuron.aws.com",
    device_class="neuron.aws.com",
    attribute="neuronDriverVersion",
    shown=(Shown("/sys/module/neuron/version", r"(\d+(?:\.\d+)+)", everywhere=True),),
)


def _plugin(vendor: Vendor) -> System:
    id = f"{vendor.id}-device-plugin"
    source = AcceleratorSource(
        player=id,
        kind=vendor.id,
        mechanism="device-plugin",
        devices=vendor.devices,
        request=by_resource(vendor.resource),
        versions=vendor.versions,
    )
    found_by = Holds(Node, lambda node: offers(node, vendor.resource), f"{vendor.resource} on a real node")
    return System(id=id, title=f"{vendor.title}'s device plugin", home=vendor.home, found_by=found_by, roles=(source,))


def _driver(vendor: Vendor) -> System:
    id = f"{vendor.id}-dra-driver"
    source = AcceleratorSource(
        player=id,
        kind=vendor.id,
        mechanism="dra",
        devices=vendor.devices,
        creates=("resource.k8s.io/resourceclaims",),
        request=by_claim(vendor.device_class),
        versions=vendor.versions,
    )
    found_by = Holds(
        DeviceClass,
        lambda entry: entry.name == vendor.device_class and SIMULATED not in entry.metadata.labels,
        f"the driver {vendor.driver}",
    )
    return System(id=id, title=f"{vendor.title}'s DRA driver", home=vendor.home, found_by=found_by, roles=(source,))


NVIDIA_DEVICE_PLUGIN, NVIDIA_DRA_DRIVER = _plugin(NVIDIA), _driver(NVIDIA)
AMD_DEVICE_PLUGIN, AMD_DRA_DRIVER = _plugin(AMD), _driver(AMD)
INTEL_DEVICE_PLUGIN, INTEL_DRA_DRIVER = _plugin(INTEL), _driver(INTEL)
TPU_DEVICE_PLUGIN, TPU_DRA_DRIVER = _plugin(TPU), _driver(TPU)
NEURON_DEVICE_PLUGIN, NEURON_DRA_DRIVER = _plugin(NEURON), _driver(NEURON)


def _shared(id: str, title: str, home: str, shared: SharedAccelerators) -> System:
    return System(id=id, title=title, home=home, found_by=_in_fractions(shared), roles=(shared,))


def _in_fractions(shared: SharedAccelerators) -> FoundBy:
    def divides(node: Node) -> bool:
        return runs_containers(node) and any(amount != "0" for amount in shared.fractions(_as_object(node)).values())

    return Holds(Node, divides, "fractions of accelerators among what it can allocate")


def _as_object(node: Node) -> Obj:
    metadata = {"labels": node.metadata.labels, "annotations": node.metadata.annotations}
    return {"metadata": metadata, "status": {"allocatable": node.status.allocatable}}


NVIDIA_SHARED = _shared(
    "nvidia-shared",
    "NVIDIA's MIG, time-slicing and MPS",
    NVIDIA.home,
    SharedAccelerators(
        player="nvidia-shared",
        kind=NVIDIA.id,
        devices=NVIDIA.devices,
        units=("nvidia.com/mig-*", "nvidia.com/*.shared"),
        whole=NVIDIA.resource,
        divided_by=("nvidia.com/gpu.replicas",),
    ),
)
AMD_SHARED = _shared(
    "amd-shared",
    "AMD's compute partitions",
    AMD.home,
    SharedAccelerators(player="amd-shared", kind=AMD.id, devices="", units=("amd.com/[dqc]px_nps[1248]",)),
)
NEURON_SHARED = _shared(
    "neuron-shared",
    "AWS Neuron's cores",
    NEURON.home,
    SharedAccelerators(
        player="neuron-shared", kind=NEURON.id, devices=NEURON.devices, units=("aws.amazon.com/neuroncore",)
    ),
)
HAMI = _shared(
    "hami",
    "HAMi",
    "https://project-hami.io",
    SharedAccelerators(
        player="hami",
        kind=NVIDIA.id,
        devices=NVIDIA.devices,
        whole=NVIDIA.resource,
        divided_by=("hami.io/node-nvidia-register",),
        limits={"nvidia.com/gpumem": "256", "nvidia.com/gpucores": "1"},
    ),
)

NVIDIA_VIRTUAL = System(
    id="nvidia-virtual",
    title="NVIDIA vGPU",
    home="https://docs.nvidia.com/vgpu/",
    found_by=Holds(
        Node,
        lambda node: offers(node, NVIDIA.resource) and node.metadata.labels.get("nvidia.com/vgpu.present") == "true",
        "nvidia.com/vgpu.present",
    ),
    roles=(
        VirtualAccelerators(
            player="nvidia-virtual",
            kind=NVIDIA.id,
            devices=NVIDIA.devices,
            request=by_resource(NVIDIA.resource),
            resource=NVIDIA.resource,
            label="nvidia.com/vgpu.present",
        ),
    ),
)
