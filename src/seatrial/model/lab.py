"""What a lab is, as data. A fault is a function from one LabSpec to another; the lab restarts only what that changed."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from seatrial.model.fact import Obj


class LabLevel(StrEnum):
    CONTROL_PLANE = "control-plane"  # etcd, API server, controllers, scheduler, and a fleet of simulated nodes
    NODE = "node"  # + containerd, runc and one real kubelet: real pods with real device isolation


class FleetGroup(msgspec.Struct, frozen=True):
    """Simulated nodes that are alike: ``h100:8x64`` is 64 nodes with 8 devices of the product ``h100`` each."""

    product: str
    devices: int
    nodes: int
    driver_version: str = ""  # empty: the product's usual one
    advertise: str = "both"  # "plugin": allocatable of the node; "dra": ResourceSlices; "both": as during a migration


class Accelerators(msgspec.Struct, frozen=True):
    """The simulated accelerators of the real node, handed out by a real device plugin and a real DRA driver."""

    plugin: int = 4  # how many the device plugin hands out
    dra: int = 4  # how many the DRA driver hands out; never the same ones
    replicas: int = 4  # how many containers may share the one that the device plugin offers in fractions
    virtual: int = 2  # how many virtual ones there are of one more, also for claims
    cards: int = 2  # simulated fast network cards, also for claims
    misbehaviour: tuple[str, ...] = ()  # see lab/programs/kube/accelerator
    metrics: tuple[str, ...] = ()  # misbehaviour of their exporters


class LabSpec(msgspec.Struct, frozen=True, kw_only=True):
    name: str = "default"
    kubernetes: str = "1.37"
    level: LabLevel = LabLevel.NODE
    fleet: tuple[FleetGroup, ...] = ()
    systems: tuple[str, ...] = ()
    workload_api: bool = True  # whether the API server serves the Workload API
    gang_scheduling: bool = True  # whether the stock scheduler heeds it
    dra: bool = True  # Dynamic Resource Allocation; only 1.34 can be without
    accelerators: Accelerators = Accelerators()
    settings: Mapping[str, Mapping[str, Any]] = {}  # per system, over its recipe's own
    without: tuple[str, ...] = ()  # of its systems: processes by name and objects as Kind/name that are left out
    objects: tuple[Obj, ...] = ()  # applied when the lab is up, removed when they are no longer in the spec


class LabStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How a lab stands at this moment."""

    spec: LabSpec
    server: str
    kubeconfig: str
    running: tuple[str, ...]  # its programs that run
    missing: tuple[str, ...] = ()  # its programs that should run and do not
    faults: tuple[str, ...] = ()
    memory: int = 0  # resident bytes of all its processes; what they share counts once
