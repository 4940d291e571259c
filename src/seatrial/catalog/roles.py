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
    """What a scheduler wants to see: objects that come first, then the pods, one by one and in any order.

    Where an operator makes the pods of one object, that one has to start them in two halves that wait for each other:
    of two such objects neither is then whole before the other has begun, and their pods arrive by turns, too.
    """

    first: tuple[Obj, ...]
    pods: tuple[Obj, ...]
    leaves: tuple[tuple[str, str], ...] = ()
    """Resource and name of what the system makes of its own accord; removed with the pods, or those never go."""
    owners: tuple[tuple[str, str], ...] = ()
    """Resource and name of those in ``pods`` that are no pods: an operator makes pods of each, and takes them with it."""


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


class Pool(msgspec.Struct, frozen=True):
    """Nodes that an autoscaler adds and removes as one kind."""

    name: str
    selector: dict[str, str]  # labels of its nodes, and of no others
    resource: str  # the accelerator that they have; empty where nothing tells

    @property
    def labels(self) -> str:
        return ",".join(f"{key}={value}" for key, value in self.selector.items())


class ClusterAutoscaler(Role, frozen=True, kw_only=True):
    """Adds nodes for pods that find no place, and removes those that stand empty."""

    title: ClassVar[str] = "cluster autoscaler"

    defined_by: str  # the resource of which each object is a pool
    pool: Callable[[Obj], Pool]


class GatewayImplementation(Role, frozen=True, kw_only=True):
    """Makes Gateways out of the Gateway API's objects. Those are everybody's dialect, so only the class has to be told apart."""

    title: ClassVar[str] = "implementation of the Gateway API"

    looks_at: tuple[str, ...] = ("discovery.k8s.io/endpointslices",)
    controller: str  # what its GatewayClasses name in ``spec.controllerName``; empty: whoever it is
    listens_on: int = 80  # the port that a Gateway of this class may listen on


class TrainingJob(msgspec.Struct, frozen=True):
    """A neutral training job: so many pods that work so long."""

    name: str
    namespace: str
    pods: int
    image: str
    seconds: int  # how long each pod works, where its operator lets it end


class OperatorObjects(msgspec.Struct, frozen=True):
    """The job in an operator's own words, and the same with one thing that its schema allows and that makes no sense."""

    good: Obj
    wrong: Obj
    mistake: str  # what is wrong with it
    pods: int  # how many the good one becomes
    first: tuple[Obj, ...] = ()  # what has to be there before it


class AIOperator(Role, frozen=True, kw_only=True):
    """Turns objects of its own kind into pods, and refuses by its webhook those that make no sense."""

    title: ClassVar[str] = "AI operator"
    looks_at: tuple[str, ...] = (
        "apiextensions.k8s.io/customresourcedefinitions",
        "admissionregistration.k8s.io/mutatingwebhookconfigurations",
        "admissionregistration.k8s.io/validatingwebhookconfigurations",
        "discovery.k8s.io/endpointslices",
    )

    resource: str  # its own kind
    makes: tuple[str, ...]  # resources that it makes of one object, and that go with it
    reconciled: str  # the condition that says that all is as the object wants it
    dialect: Callable[[TrainingJob, Apis], OperatorObjects]
