"""Exporters of accelerator metrics, one row each: how its pods are known, and the exact names of what they tell.

The names are those of the projects' own sources: dcgm-exporter (etc/default-counters.csv), ROCm's device-metrics-exporter
(metricslist), Intel XPU Manager (prometheus_exporter), and GKE's TPU device plugin. AWS's neuron-monitor has series for cores,
and only while a model runs, so that devices cannot be counted by it; it is not recognised here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from seatrial.catalog.roles import AcceleratorMetrics
from seatrial.catalog.systems.accelerator_lab import DRIVER, RESOURCE
from seatrial.catalog.systems.kubernetes.core import Node, is_accelerator
from seatrial.catalog.systems.kubernetes.pods import KNOWN_BY, Pod
from seatrial.kit.quantity import whole
from seatrial.model.fact import Obj
from seatrial.model.system import Holds, Proof, System

_NAMES = ("app.kubernetes.io/name", "app", "k8s-app")  # labels by which charts and operators name their pods


def called(*names: str) -> Callable[[Pod], bool]:
    return lambda pod: _fits(pod.metadata.labels, [one.image for one in pod.spec.containers], names)


def _pods(*names: str) -> Callable[[Obj], bool]:
    return lambda pod: _fits(
        pod["metadata"].get("labels") or {}, [one.get("image", "") for one in pod["spec"]["containers"]], names
    )


def _fits(labels: Mapping[str, str], images: Iterable[str], names: tuple[str, ...]) -> bool:
    """By a usual label, or by the image: ``docker.io/rocm/device-metrics-exporter:v1.4.2``."""
    for key in _NAMES:
        if labels.get(key) in names:
            return True
    return any(_program(image) in names for image in images)


@lru_cache(maxsize=4096)  # each exporter asks for those of every pod
def _program(image: str) -> str:
    return re.split("[:@]", image.rpartition("/")[2])[0]


_LOOKS_AT = ("pods", "resource.k8s.io/resourceslices")
_DCGM = ("nvidia-dcgm-exporter", "dcgm-exporter", "gke-managed-dcgm-exporter")
_AMD = ("device-metrics-exporter", "amd-device-metrics-exporter")
_INTEL = ("intel-xpumanager", "xpumanager")
_TPU = ("tpu-device-plugin",)
_LAB = ("seatrial-accelerator-exporter",)


def _system(
    id: str, title: str, home: str, names: tuple[str, ...], role: AcceleratorMetrics, *, proof: Proof = Proof.SIMULATED
) -> System:
    found_by = Holds(Pod, called(*names), f"a pod that is called {' or '.join(names)}", KNOWN_BY)
    return System(id=id, title=title, home=home, found_by=found_by, roles=(role,), proof=proof)


DCGM_EXPORTER = _system(
    "dcgm-exporter",
    "NVIDIA DCGM exporter",
    "https://github.com/NVIDIA/dcgm-exporter",
    _DCGM,
    AcceleratorMetrics(
        player="dcgm-exporter",
        holds="nvidia.com",
        exporters=_pods(*_DCGM),
        looks_at=_LOOKS_AT,
        port=9400,
        resources=("nvidia.com/gpu",),
        drivers=("gpu.nvidia.com",),
        divided_by="nvidia.com/gpu.replicas",
        utilisation=("DCGM_FI_DEV_GPU_UTIL",),
        memory=(("DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_FB_FREE"), ("DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_FB_TOTAL")),
        device=(("UUID",),),
        node=("Hostname",),
    ),
)

AMD_EXPORTER = _system(
    "amd-device-metrics-exporter",
    "AMD device metrics exporter",
    "https://github.com/ROCm/device-metrics-exporter",
    _AMD,
    AcceleratorMetrics(
        player="amd-device-metrics-exporter",
        holds="amd.com",
        exporters=_pods(*_AMD),
        looks_at=_LOOKS_AT,
        port=5000,
        resources=("amd.com/gpu",),
        drivers=("gpu.amd.com",),
        utilisation=("gpu_gfx_activity", "amd_gpu_gfx_activity", "GPU_GFX_ACTIVITY"),
        memory=(
            ("gpu_used_vram", "gpu_total_vram"),
            ("amd_gpu_used_vram", "amd_gpu_total_vram"),
            ("GPU_USED_VRAM", "GPU_TOTAL_VRAM"),
        ),
        device=(("gpu_uuid",), ("serial_number", "gpu_partition_id"), ("serial_number",), ("hostname", "gpu_id")),
        node=("hostname",),
    ),
)

INTEL_EXPORTER = _system(
    "intel-xpumanager",
    "Intel XPU Manager",
    "https://github.com/intel/xpumanager",
    _INTEL,
    AcceleratorMetrics(
        player="intel-xpumanager",
        holds="gpu.intel.com",
        exporters=_pods(*_INTEL),
        looks_at=_LOOKS_AT,
        port=29999,
        resources=("gpu.intel.com/xe", "gpu.intel.com/i915"),
        drivers=("gpu.intel.com",),
        utilisation=("xpum_engine_ratio",),
        full=1.0,
        memory=(("xpum_memory_used_bytes",),),
        device=(("uuid",), ("pci_bdf",)),
        node=("node",),
        holder=(("kube_namespace", "kube_pod"),),
    ),
)

TPU_METRICS = _system(
    "tpu-metrics",
    "Metrics of GKE's TPU device plugin",
    "https://cloud.google.com/kubernetes-engine/docs/how-to/tpus",
    _TPU,
    AcceleratorMetrics(
        player="tpu-metrics",
        exporters=_pods(*_TPU),
        looks_at=_LOOKS_AT,
        port=2112,
        resources=("google.com/tpu",),
        utilisation=("tensorcore_utilization_node", "duty_cycle_node"),
        memory=(("memory_used_node", "memory_total_node"),),
        device=(("accelerator_id",),),
    ),
    proof=Proof.DOCUMENTS,
)

LAB_EXPORTER = System(
    id="lab-exporter",
    title="The lab's own exporter",
    home="",
    found_by=Holds(Pod, called(*_LAB), f"a pod that is called {_LAB[0]}", KNOWN_BY),
    roles=(
        AcceleratorMetrics(
            player="lab-exporter",
            holds="seatrial.dev",
            exporters=_pods(*_LAB),
            looks_at=_LOOKS_AT,
            port=9500,
            resources=(RESOURCE,),
            drivers=(DRIVER,),
            apart=True,
            utilisation=("seatrial_accelerator_utilization_percent",),
            memory=(("seatrial_accelerator_memory_used_bytes", "seatrial_accelerator_memory_total_bytes"),),
            device=(("uuid",),),
            node=("node",),
            load=("load", "--glob", "/dev/seatrial/accel*"),
        ),
    ),
    proof=Proof.SIMULATED,
)

RECOGNISED = (DCGM_EXPORTER, AMD_EXPORTER, INTEL_EXPORTER, TPU_METRICS, LAB_EXPORTER)


def _any(node: Node) -> bool:
    return any(is_accelerator(resource) and whole(amount) for resource, amount in node.status.allocatable.items())


UNMETERED = System(
    id="unmetered-accelerators",
    title="Accelerators without an exporter that is recognised",
    home="https://opentelemetry.io/docs/specs/semconv/hardware/gpu/",
    found_by=Holds(Node, _any, "extended resources"),
    roles=(
        AcceleratorMetrics(
            player="unmetered-accelerators", stand_in=True, looks_at=_LOOKS_AT, exporters=lambda _: False, port=0
        ),
    ),
)
