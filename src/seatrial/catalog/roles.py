"""The parts that systems can play in a proof. Each carries the dialect that turns a neutral workload into its own objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import msgspec

from seatrial.model.fact import Apis, Obj
from seatrial.model.role import Role


class Gang(msgspec.Struct, frozen=True):
    """A neutral gang: so many pods, each with so many accelerators, that are of use only all together."""

    name: str
    namespace: str
    pods: int
    accelerators: int
    resource: str  # the extended resource that stands for one accelerator
    image: str
    capacity: int  # accelerators that are free for gangs in this cluster, as the check counted them
    seconds: int = 0  # how long each pod works; 0 means until it is told to stop
    nodes: tuple[str, ...] = ()  # hostnames that its pods may use; empty means any


class GangObjects(msgspec.Struct, frozen=True):
    """What a scheduler wants to see: objects that come first, then the pods, one by one and in any order."""

    first: tuple[Obj, ...]
    pods: tuple[Obj, ...]
    leaves: tuple[tuple[str, str], ...] = ()
    """Resource and name of what the system makes of its own accord; removed with the pods, or those never go."""


Dialect = Callable[[Gang, Apis], GangObjects]


class GangScheduler(Role, frozen=True, kw_only=True):
    """Starts the pods of a group all together or not at all."""

    title: ClassVar[str] = "gang scheduler"

    dialect: Dialect
    scheduler_name: str = "default-scheduler"


class AcceleratorSource(Role, frozen=True, kw_only=True):
    """Hands accelerators to containers: a device plugin or a DRA driver."""

    title: ClassVar[str] = "accelerator source"

    kind: str  # what the devices are, so that an unrecognised one is unknown and never a failure
    mechanism: str  # "device-plugin" or "dra"
    devices: str  # a glob for the device nodes of this kind inside a container
    request: Callable[[Obj, str, int], tuple[Obj, ...]]
    """``request(pod, container, count)``: the pod asking for that many devices in that container, then what it needs beside it."""
