"""The parts that systems can play in a proof. Each carries the dialect that turns a neutral workload into its own objects."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping
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


class Shown(msgspec.Struct, frozen=True):
    """A place in which a container finds the version of the driver that serves its accelerator."""

    glob: str
    pattern: str  # its one group is the version, in the path or in what a small file says
    everywhere: bool = False  # it is the node's kernel that shows it, to containers without an accelerator as well


class DriverVersions(msgspec.Struct, frozen=True):
    """Where a driver says which version it is: to the cluster, and to the containers that it serves."""

    labels: tuple[str, ...] = ()  # of nodes
    driver: str = ""  # which publishes ResourceSlices
    attribute: str = "driverVersion"  # of the devices in those
    shown: tuple[Shown, ...] = ()


class AcceleratorSource(Role, frozen=True, kw_only=True):
    """Hands accelerators to containers: a device plugin or a DRA driver."""

    title: ClassVar[str] = "accelerator source"

    kind: str  # what the devices are, so that an unrecognised one is unknown and never a failure
    mechanism: str  # "device-plugin" or "dra"
    devices: str  # a glob for the device nodes of this kind inside a container
    request: Callable[[Obj, str, int], tuple[Obj, ...]]
    """``request(pod, container, count)``: the pod asking for that many devices in that container, then what it needs beside it."""
    versions: DriverVersions = DriverVersions()


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


ADMISSION = (  # what tells who is asked about new objects
    "apiextensions.k8s.io/customresourcedefinitions",
    "admissionregistration.k8s.io/mutatingwebhookconfigurations",
    "admissionregistration.k8s.io/validatingwebhookconfigurations",
    "discovery.k8s.io/endpointslices",
)


class AIOperator(Role, frozen=True, kw_only=True):
    """Turns objects of its own kind into pods, and refuses by its webhook those that make no sense."""

    title: ClassVar[str] = "AI operator"

    resource: str  # its own kind
    makes: tuple[str, ...]  # resources that it makes of one object, and that go with it; to be named in ``looks_at``
    reconciled: str  # the condition that says that all is as the object wants it
    dialect: Callable[[TrainingJob, Apis], OperatorObjects]


class Forbidden(msgspec.Struct, frozen=True):
    """A neutral rule about one namespace: of two images, named by digest, one may run there and the other may not."""

    name: str
    namespace: str
    forbidden: str
    allowed: str


class PolicyEngine(Role, frozen=True, kw_only=True):
    """Holds what is created to rules of its own, by a webhook that the API server asks."""

    title: ClassVar[str] = "policy engine"

    webhook: str  # a part of the names of its webhooks, and of nobody else's
    labels: Mapping[str, str] = {}  # of the namespaces that it looks at; empty where it looks at all
    dialect: Callable[[Forbidden, Apis], tuple[Obj, ...]]
    """In the order in which they are made; one may be of a kind that the engine makes of one before it."""


class AcceleratorMetrics(Role, frozen=True, kw_only=True):
    """Tells of each accelerator how busy it is and how much of its memory is in use: an exporter, in the words of its vendor."""

    title: ClassVar[str] = "accelerator metrics"

    exporters: Callable[[Obj], bool]  # which pods are its exporters
    port: int
    resources: tuple[str, ...] = ()  # extended resources of which each unit is one device
    drivers: tuple[str, ...] = ()  # DRA drivers
    apart: bool = False  # whether plugin and DRA driver hand out different devices, and not the same ones twice
    divided_by: str = ""  # the node label that says into how many units each device is divided
    utilisation: tuple[str, ...] = ()  # each of these names is one way to tell it
    full: float = 100.0  # its value when a device has nothing left to give
    memory: tuple[tuple[str, ...], ...] = ()  # one of these sets of names is complete
    device: tuple[tuple[str, ...], ...] = ()  # the first set of labels that a series has is the device's identity
    node: tuple[str, ...] = ()  # labels that may name the node; without them it is the exporter's own
    holder: tuple[tuple[str, str], ...] = (("namespace", "pod"), ("exported_namespace", "exported_pod"))
    load: tuple[str, ...] = ()  # what the image of a proof does to keep its devices busy; empty where it cannot


class Exposed(msgspec.Struct, frozen=True):
    """A workload that wants its metrics to be collected."""

    name: str
    namespace: str
    labels: dict[str, str]
    port: int
    port_name: str
    path: str


class Exposure(msgspec.Struct, frozen=True):
    """What a monitoring system wants to see, so that it finds a workload."""

    annotations: dict[str, str] = {}  # on its pods
    objects: tuple[Obj, ...] = ()


class Monitoring(Role, frozen=True, kw_only=True):
    """Finds workloads that expose metrics, collects them, and answers PromQL."""

    title: ClassVar[str] = "monitoring"

    answers: Callable[[Obj], int]  # whether a Service answers PromQL, and at which port; 0 where it does not
    defined_by: str = ""  # the resource whose objects say what it looks for
    expose: Callable[[Exposed, tuple[Obj, ...]], Exposure]


class Scaled(msgspec.Struct, frozen=True):
    """A Deployment whose replicas follow a metric that its own pods expose."""

    deployment: str
    namespace: str
    metric: str
    target: int  # per replica
    most: int
    promql: str = ""  # where PromQL is answered, as a pod reaches it


class PodAutoscaler(Role, frozen=True, kw_only=True):
    """Lets the replicas of a workload follow a metric of the workload itself."""

    title: ClassVar[str] = "pod autoscaler"

    objects: Callable[[Scaled, Apis], tuple[Obj, ...]]
    asks: bool = (
        False  # whether it asks for PromQL itself, and so has to know where; else an API of metrics stands between
    )
    fed_by: tuple[Monitoring, ...] = ()
    """Where its metrics come from; those that are here have to find the workload, so that what they take is to be named, too."""


class ModelPool(msgspec.Struct, frozen=True):
    """A neutral pool of model servers, and the Gateway through which it is to be reached, with an endpoint picker in between."""

    name: str
    namespace: str
    labels: dict[str, str]  # of its servers
    port: int
    service: str  # a Service of the same servers
    gateway: str


class InferenceRouter(Role, frozen=True, kw_only=True):
    """Puts an endpoint picker between a Gateway and a pool of model servers."""

    title: ClassVar[str] = "implementation of the Gateway API's inference extension"

    controller: str  # of the GatewayClasses for which it does so; empty: any
    listens_on: int = 80
    picker: str  # the name of the pod that picks
    dialect: Callable[[ModelPool, Apis], tuple[Obj, ...]]


class BodyReader(Role, frozen=True, kw_only=True):
    """Reads out of a request's body which model it is for, and says so in a header before routes are looked for."""

    title: ClassVar[str] = "reader of bodies before a Gateway's routes"

    looks_at: tuple[str, ...] = ("discovery.k8s.io/endpointslices",)
    controller: str  # of the GatewayClasses for which it does so
    listens_on: int = 80
    pod: str  # the name of the one that reads
    header: str
    dialect: Callable[[str, str, Apis], tuple[Obj, ...]]
    """``dialect(namespace, gateway, apis)``: the reader, and what puts it before that Gateway's routes."""


class LabelRule(msgspec.Struct, frozen=True):
    """Two labels that a rule may put on nodes: one on every node that was looked at, with its kernel as the value, and one on none."""

    name: str
    applies: str
    never: str


class NodeLabeller(Role, frozen=True, kw_only=True):
    """Looks at the hardware and software of nodes, and labels those nodes by rules."""

    title: ClassVar[str] = "node labeller"

    rules: str  # the resource that holds rules
    reports: str  # the resource that holds what was found
    node_label: str  # of such a report: the node that it is about
    dialect: Callable[[LabelRule, Apis], Obj]


class SharedAccelerators(Role, frozen=True, kw_only=True):
    """Offers accelerators in fractions that the scheduler counts: so many containers on one device."""

    title: ClassVar[str] = "way to share accelerators"
    looks_at: tuple[str, ...] = ("nodes",)

    kind: str
    devices: str  # a glob for the device nodes that a container with a fraction opens; empty where that is not known
    units: tuple[str, ...] = ()  # extended resources that stand for a fraction, with * and ?
    whole: str = ""  # one that does so only on nodes that say that they divide it
    divided_by: tuple[str, ...] = ()  # the labels or annotations by which they say it
    limits: Mapping[str, str] = {}  # what a container asks for beside its fraction

    def fractions(self, node: Obj) -> Mapping[str, str]:
        """What the node can allocate of resources that stand for a fraction."""
        there = node.get("status", {}).get("allocatable", {})
        metadata = node["metadata"]
        said = {**(metadata.get("annotations") or {}), **(metadata.get("labels") or {})}
        divided = any(said.get(key, "") not in ("", "0", "1") for key in self.divided_by)
        return {
            name: amount
            for name, amount in there.items()
            if any(fnmatch.fnmatchcase(name, unit) for unit in self.units) or (divided and name == self.whole)
        }


class VirtualAccelerators(Role, frozen=True, kw_only=True):
    """Hands out virtual accelerators, such as vGPUs, each a part of a physical one that nobody sees whole."""

    title: ClassVar[str] = "source of virtual accelerators"
    looks_at: tuple[str, ...] = ("nodes", "resource.k8s.io/resourceslices")

    kind: str
    devices: str  # a glob for the device nodes of this kind; empty where that is not known
    request: Callable[[Obj, str, int], tuple[Obj, ...]]  # as an AcceleratorSource's
    resource: str = ""  # the extended resource of which nodes with the label hand out virtual units
    label: str = ""
    driver: str = ""  # the DRA driver that publishes them, each with the attribute that names its physical device
    parent: str = ""


class FastNetwork(Role, frozen=True, kw_only=True):
    """Hands network interfaces to pods that claim them, beside the one that every pod has."""

    title: ClassVar[str] = "fast network"
    looks_at: tuple[str, ...] = ("resource.k8s.io/resourceslices",)

    driver: str  # empty where how to ask for an interface is not known
    classes: tuple[str, ...] = ()  # DeviceClasses by which to ask, the first that is there
    tells: Mapping[str, str] = {}  # bandwidth, rdma, pci, numa: the attribute or capacity of a device that says it


class Sandbox(Role, frozen=True, kw_only=True):
    """Runs pods apart from the node's kernel."""

    title: ClassVar[str] = "sandbox"

    handlers: tuple[str, ...]  # what its RuntimeClasses name, with * and ?
    known: bool = True  # whether it is known that this mechanism is a sandbox


class ServingStack(msgspec.Struct, frozen=True):
    """A neutral serving stack in which one instance reads prompts and another one writes the answers."""

    name: str
    namespace: str
    image: str
    port: int


class ServingObjects(msgspec.Struct, frozen=True):
    """The stack as its own objects: they are made in this order, and the named pods are waited for one by one."""

    objects: tuple[Obj, ...]
    prefill: str  # the pod of each phase
    decode: str
    service: str  # where requests go in


class DisaggregatedServing(Role, frozen=True, kw_only=True):
    """Serves a model with prefill and decode in separate instances, each of which writes down the id of every request."""

    title: ClassVar[str] = "serving stack with separate prefill and decode"

    simulated: bool  # whether the model and the transfer of its key-value cache are
    dialect: Callable[[ServingStack, Apis], ServingObjects]
