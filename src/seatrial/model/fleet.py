"""The accelerators of a cluster, node by node: who holds each, and whether it can be used."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class DeviceState(StrEnum):
    FREE = "free"
    HELD = "held"  # by a pod that runs
    WAITING = "waiting"  # held by a pod that does not run: nobody else can have it, and nobody uses it
    UNUSABLE = "unusable"  # the node takes no pods, or the device is tainted
    UNHEALTHY = "unhealthy"  # there, and no longer offered


class FleetDevice(msgspec.Struct, frozen=True, omit_defaults=True):
    state: DeviceState
    name: str = ""  # where somebody tells devices apart
    holder: str = ""  # namespace/pod; several where it is shared


class FleetNode(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    name: str
    offers: str  # an extended resource, or a driver
    product: str = ""
    devices: tuple[FleetDevice, ...] = ()
