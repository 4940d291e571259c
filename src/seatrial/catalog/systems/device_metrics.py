"""What a monitoring system has of accelerators: how busy they are, how old that is, and what is wrong with them.

Exporters call one thing by many names. Each query asks for all of them, and brings them to one scale; where two tell the
same of one device, the finer one is taken. The names are those in `exporters` and in the sources that it names.
"""

from __future__ import annotations

from collections.abc import Mapping

from seatrial.model.fact import Series, Track

# How much of a device is in use; what is read of the value when nothing is left to give. NVIDIA's finer one first.
BUSY = {
    "DCGM_FI_PROF_GR_ENGINE_ACTIVE": 1,
    "DCGM_FI_DEV_GPU_UTIL": 100,
    "gpu_gfx_activity": 100,
    "amd_gpu_gfx_activity": 100,
    "GPU_GFX_ACTIVITY": 100,
    "xpum_engine_ratio": 1,
    "tensorcore_utilization_node": 100,
    "duty_cycle_node": 100,
    "seatrial_accelerator_utilization_percent": 100,
}
HOTTEST = {
    "DCGM_FI_DEV_GPU_TEMP": 87.0,
    "gpu_junction_temperature": 100.0,
    "amd_gpu_junction_temperature": 100.0,
    "gpu_edge_temperature": 95.0,
    "amd_gpu_edge_temperature": 95.0,
}  # degrees Celsius; proposals: about where devices for data centres begin to slow down, at the place that is measured
# How full its memory is, of what can be used; from 0 to 1.
_FULL = (
    "DCGM_FI_DEV_FB_USED / (DCGM_FI_DEV_FB_USED + DCGM_FI_DEV_FB_FREE)",
    "gpu_used_vram / gpu_total_vram",
    "amd_gpu_used_vram / amd_gpu_total_vram",
    "GPU_USED_VRAM / GPU_TOTAL_VRAM",
    "xpum_memory_ratio * 1",
    "memory_used_node / memory_total_node",
    "seatrial_accelerator_memory_used_bytes / seatrial_accelerator_memory_total_bytes",
)
_ERRORS = ("DCGM_EXP_XID_ERRORS_COUNT", "DCGM_FI_DEV_XID_ERRORS")
_WORN = (
    "DCGM_FI_DEV_ROW_REMAP_FAILURE",
    "DCGM_FI_DEV_ECC_DBE_VOL_TOTAL",
    "DCGM_EXP_GPU_HEALTH_STATUS",
    "gpu_health",
    "amd_gpu_health",
    "gpu_ecc_uncorrect_total",
    "amd_gpu_ecc_uncorrect_total",
)
IDLE = 0.01
IDLE_FOR = 30  # minutes for which a device that is held has done nothing; a proposal


def _any_of(names: tuple[str, ...]) -> str:
    return f'{{__name__=~"{"|".join(names)}"}}'


def _scaled(template: str) -> str:
    """One question for each name, on a scale from 0 to 1; of those that have the same labels the first is answered."""
    return " or ".join(f"{template.format(name=name)} / {full}" for name, full in BUSY.items())


class DeviceUse(Series, frozen=True):
    """From 0 to 1."""

    of = "metrics/accelerator-use"
    query = _scaled("{name}")


class UseTrack(Track, frozen=True):
    """The same, over a while."""

    of = "metrics/accelerator-use-over-time"
    query = f"({_scaled('{name}')})[$window:$step]"


class MemoryTrack(Track, frozen=True):
    """How full the memory is over a while, from 0 to 1."""

    of = "metrics/accelerator-memory-over-time"
    query = f"({' or '.join(_FULL)})[$window:$step]"


class DeviceUseOfLate(Series, frozen=True):
    """The most of the last half hour, while the labels were the same: for the same holder."""

    of = "metrics/accelerator-use-of-late"
    query = _scaled(f"max_over_time({{name}}[{IDLE_FOR}m])")


class DeviceAge(Series, frozen=True):
    """How many times it should have been collected again since it was; the interval is that of the last hour."""

    of = "metrics/accelerator-age"
    query = " or ".join(f"(time() - timestamp({name})) * count_over_time({name}[1h]) / 3600" for name in BUSY)


class DeviceTemperature(Series, frozen=True):
    """In degrees Celsius."""

    of = "metrics/accelerator-temperature"
    query = _any_of(tuple(HOTTEST))


class DeviceErrors(Series, frozen=True):
    """NVIDIA's XIDs: how often each came, by the label `xid`; or, as a value, which came last."""

    of = "metrics/accelerator-errors"
    query = _any_of(_ERRORS)


class ErrorTrack(Track, frozen=True):
    """The same, as it was collected over a while."""

    of = "metrics/accelerator-errors-over-time"
    query = f"{_any_of(_ERRORS)}[$window]"


class DeviceWear(Series, frozen=True):
    """What tells that a device itself is failing."""

    of = "metrics/accelerator-wear"
    query = _any_of(_WORN)


# XIDs that tell of a program's mistake, and that NVIDIA's device plugin passes over.
XIDS_OF_PROGRAMS = frozenset({13, 31, 43, 45, 68, 109})


def xid_of(labels: Mapping[str, str], value: float) -> int:
    """The counter carries it as a label, and counts; the gauge has it as its value. Zero where there is none."""
    label = labels.get("xid", "")
    if not label:
        return int(value) if 0 < value < 10_000 else 0
    return int(label) if label.isdecimal() and len(label) < 5 and value > 0 else 0


_DEVICE = (
    ("UUID", "GPU_I_ID"),
    ("UUID",),
    ("gpu_uuid",),
    ("serial_number", "gpu_partition_id"),
    ("serial_number",),
    ("uuid",),
    ("pci_bdf",),
    ("accelerator_id",),
    ("hostname", "gpu_id"),
)
_NODE = ("Hostname", "hostname", "exported_node", "node", "nodename", "kubernetes_node")
_HOLDER = (("exported_namespace", "exported_pod"), ("kube_namespace", "kube_pod"), ("namespace", "pod"))


def device_of(series: Series) -> str:
    """By which of its labels a device is told from others; those differ from vendor to vendor."""
    values = (tuple(series.label(name) for name in wanted) for wanted in _DEVICE)
    return "/".join(next((found for found in values if all(found)), ()))


def nodes_of(series: Series) -> tuple[str, ...]:
    """What may be the name of its node: exporters renamed the label, and a pod's own host name is none."""
    return tuple(found for name in _NODE if (found := series.labels.get(name)))


def pods_of(series: Series) -> tuple[tuple[str, str], ...]:
    """Namespace and pod, the holder's first; where nobody holds the device, it may be the exporter's own."""
    pairs = ((series.label(namespace), series.label(pod)) for namespace, pod in _HOLDER)
    return tuple(pair for pair in pairs if all(pair))
