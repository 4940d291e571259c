"""HAMi's settings: how far it divides devices, and what it shows to the outside. It limits in user space, which is no boundary."""

from __future__ import annotations

import msgspec

from seatrial.catalog.systems.kubernetes.configmaps import BadSettings, ConfigMap, settings
from seatrial.model.fact import Shape

KEY = "device-config.yaml"  # of the ConfigMap that its scheduler and plugins read
MEMORY, CORES = "nvidia.com/gpumem", "nvidia.com/gpucores"  # MiB, and percent of one device
NODES = {"gpu": "on"}  # the label of nodes on which its plugin runs
WEBHOOK = "vgpu.hami.io"  # the name of its webhook, by which pods get its scheduler
COMPONENT = "hami-scheduler", "hami-device-plugin"  # labels app.kubernetes.io/component of its Services and pods


class Division(Shape, frozen=True):
    resource_count_name: str = ""
    resource_memory_name: str = ""
    resource_core_name: str = ""
    device_split_count: int = 0
    device_memory_scaling: float = 1.0  # above one: more memory is promised than there is
    device_core_scaling: float = 1.0
    gpu_core_policy: str = ""


class DeviceSettings(Shape, frozen=True):
    nvidia: Division = Division()


def devices_of(config: ConfigMap) -> DeviceSettings | None:
    """How HAMi divides devices; nothing where the ConfigMap is about something else."""
    if KEY not in config.data:
        return None
    try:
        return msgspec.convert(settings(config, KEY), DeviceSettings)
    except msgspec.ValidationError as error:
        raise BadSettings(f"{config.subject} {KEY}: {error}") from error
