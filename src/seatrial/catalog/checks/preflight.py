"""Preflight: what cannot be shown on this cluster, and why, known before anything is created.

These checks judge the ground, not the platform: where one fails, a proof would show nothing, whatever it found. ``HOLDS_BACK``
says which proofs are then not begun, and unknown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any

from seatrial.catalog.checks.stage import find_stages, free_accelerators, is_ready
from seatrial.catalog.systems.kubernetes.core import Namespace, Node, is_accelerator
from seatrial.catalog.systems.kubernetes.dra import ResourceSlice
from seatrial.catalog.systems.kubernetes.governance import LimitRange, ResourceQuota
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.kit.quantity import whole
from seatrial.model.check import Check, check
from seatrial.model.fact import All, Fact, Shape
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown

AREA = "preflight"
_ENFORCED = "pod-security.kubernetes.io/enforce"
_SMALLEST, _LARGEST = (f"cluster.x-k8s.io/cluster-api-autoscaler-node-group-{end}-size" for end in ("min", "max"))
_NOBODYS = ("default", "kube-", "seatrial-")  # how namespaces begin that are no tenant's
_SHOWN = 5


class MachineDeployment(Fact, frozen=True):
    """A pool of nodes that Cluster API makes; its annotations say how far an autoscaler may go."""

    of = "cluster.x-k8s.io/machinedeployments"


class Asked(Shape, frozen=True):
    verb: str = ""
    group: str = ""
    resource: str = ""
    subresource: str = ""

    @property
    def key(self) -> str:
        plural = f"{self.resource}/{self.subresource}" if self.subresource else self.resource
        return f"{self.group}/{plural}" if self.group else plural


class ReviewSpec(Shape, frozen=True):
    resource_attributes: Asked = Asked()


class ReviewStatus(Shape, frozen=True):
    allowed: bool = False
    evaluation_error: str = ""


class Permission(Fact, frozen=True):
    """What the API server answered when it was asked whether we may do one thing in every namespace."""

    of = "authorization.k8s.io/selfsubjectaccessreviews"

    spec: ReviewSpec = ReviewSpec()
    status: ReviewStatus = ReviewStatus()

    @property
    def subject(self) -> str:
        return f"{self.spec.resource_attributes.verb} {self.spec.resource_attributes.key}"


class FreshNamespace(Fact, frozen=True):
    """What admission makes of a namespace as a proof would create it, by a dry run."""

    of = "namespaces/dry-run"

    @property
    def subject(self) -> str:
        """Its name is made up, and another one each time."""
        return self.of


@check("preflight.accelerators-are-there", severity=Severity.MEDIUM)
def accelerators_are_there(nodes: All[Node], slices: All[ResourceSlice]) -> Verdict:
    """A node that takes pods offers accelerators, by a device plugin or by a DRA driver.

    Why: without an accelerator nothing can be shown about accelerators, and an empty run is no pass.
    Fix: add a node with accelerators, and the device plugin or DRA driver of their vendor.
    """
    ready = {node.name for node in nodes if is_ready(node)}
    offers = Counter[str]()
    for node in nodes:
        if node.name in ready:
            offers.update({name: whole(n) for name, n in node.status.allocatable.items() if is_accelerator(name)})
    for one in slices:
        if not one.spec.node_name or one.spec.node_name in ready:
            offers[one.spec.driver] += len(one.spec.devices)
    there = {name: count for name, count in offers.items() if count}
    if there:
        return passed(f"nodes offer {', '.join(f'{count} × {name}' for name, count in sorted(there.items()))}")
    barred = sorted(node.name for node in nodes if any(map(is_accelerator, node.status.allocatable)))
    but = f"; {_some(barred)} would, but is tainted, cordoned or not ready" if barred else ""
    return failed(f"none of the {len(nodes)} nodes takes pods and offers an accelerator{but}", barred=barred[:50])


@check("preflight.two-accelerators-are-free", severity=Severity.MEDIUM)
def two_accelerators_are_free(nodes: All[Node], pods: All[Pod]) -> Verdict:
    """At least two accelerators of one kind are free.

    Why: two workloads that want the same accelerators can only be watched where there are at least two to want.
    Fix: wait for running jobs, or add a node with accelerators.
    """
    stages = find_stages(nodes, pods)
    if stages:
        stage = stages[0]
        return passed(f"{stage.free} × {stage.resource} are free on {', '.join(stage.nodes)}")
    free = Counter[str]()
    for (_, resource), count in free_accelerators(nodes, pods).items():
        free[resource] += max(count, 0)
    return failed("fewer than two accelerators of one kind are free", free=dict(free))


@check("preflight.a-node-has-two-free-accelerators", severity=Severity.LOW)
def a_node_has_two_free_accelerators(nodes: All[Node], pods: All[Pod]) -> Verdict:
    """Some node has at least two free accelerators of one kind.

    Why: whether two pods can open each other's device shows only where each has one on the same node.
    Fix: run the proof where a node has two free accelerators or more.
    """
    free = free_accelerators(nodes, pods)
    best = max(free, key=lambda place: free[place], default=None)
    if best is None:
        return failed("no node has any accelerator that a device plugin offers")
    if free[best] >= 2:
        return passed(f"{best[0]} has {free[best]} × {best[1]} free")
    return failed(
        f"no node has more than {max(free[best], 0)} free, so isolation between two pods of one node cannot be shown"
    )


@check("preflight.devices-are-advertised-once", severity=Severity.MEDIUM)
def devices_are_advertised_once(nodes: All[Node], slices: All[ResourceSlice]) -> Verdict:
    """No node advertises the accelerators of one vendor both by a device plugin and by a DRA driver.

    Why: the scheduler counts them twice, gives one device to two pods, and a pod may find its neighbour's work on it.
    Fix: keep one of the two on each node; or let the DeviceClass name the extended resource, and remove the plugin.
    """
    drivers = {(one.spec.node_name, one.spec.driver) for one in slices if one.spec.devices and one.spec.node_name}
    twice = sorted(
        f"{node.name} ({resource}, {driver})"
        for node in nodes
        for resource, count in node.status.allocatable.items()
        if is_accelerator(resource) and whole(count)
        for place, driver in drivers
        if place == node.name and _of_one_vendor(resource, driver)
    )
    if not twice:
        return passed(f"{len(nodes)} nodes, {len(slices)} slices, and no vendor's devices in both")
    return failed(f"advertised twice: {_some(twice)}", nodes=twice[:50])


@check("preflight.pools-can-grow", severity=Severity.LOW)
def pools_can_grow(pool: MachineDeployment) -> Verdict:
    """A pool that an autoscaler looks after has room between its smallest and its largest size.

    Why: where both are the same, no node can come for a waiting pod, and none can go.
    Fix: raise the largest size of the pool by at least one, for as long as the proof takes.
    """
    ends = [pool.metadata.annotations.get(end) for end in (_SMALLEST, _LARGEST)]
    if None in ends:
        return not_applicable("no autoscaler looks after this pool")
    if not all(end and end.isdecimal() and len(end) < 10 for end in ends):
        return unknown(f"its smallest and largest size are {ends[0]!r} and {ends[1]!r}, which are no numbers")
    smallest, largest = (int(end or 0) for end in ends)
    if smallest < largest:
        return passed(f"it may have {smallest} to {largest} nodes")
    return failed(f"it may have {smallest} nodes and no more than {largest}, so it cannot grow")


@check("preflight.permissions-suffice", severity=Severity.MEDIUM)
def permissions_suffice(permission: Permission) -> Verdict:
    """We may do what a proof does.

    Why: a proof that is refused half-way shows nothing, and may leave behind what it cannot remove.
    Fix: bind the roles that `seatrial rbac` prints.
    """
    attributes = permission.spec.resource_attributes
    if permission.status.allowed:
        return passed(f"{permission.subject}: allowed")
    if permission.status.evaluation_error:
        return unknown(f"whether we may is not known: {permission.status.evaluation_error}", resource=attributes.key)
    return failed(f"we may not {permission.subject}", resource=attributes.key)


@check("preflight.fresh-namespaces-take-proof-pods", severity=Severity.MEDIUM)
def fresh_namespaces_take_proof_pods(namespace: FreshNamespace) -> Verdict:
    """A namespace that is created now is not held to the restricted Pod Security Standard.

    Why: the pods of a proof set no security context, so that admission would refuse every one of them.
    Fix: exempt namespaces labelled app.kubernetes.io/managed-by=seatrial from the policy that puts that label on them.
    """
    level = namespace.metadata.labels.get(_ENFORCED, "")
    if level == "restricted":
        return failed(f"admission labels a fresh namespace {_ENFORCED}=restricted, which refuses the pods of a proof")
    return passed(f"a fresh namespace gets {_ENFORCED}={level}" if level else f"a fresh namespace gets no {_ENFORCED}")


@check("preflight.fresh-namespaces-have-no-quota", severity=Severity.LOW)
def fresh_namespaces_have_no_quota(
    namespaces: All[Namespace], quotas: All[ResourceQuota], limits: All[LimitRange]
) -> Verdict:
    """Nothing gives every tenant's namespace a quota or a LimitRange.

    Why: a proof's namespace would get one, too, and its pods might be refused, or changed by its defaults.
    Fix: leave out namespaces labelled app.kubernetes.io/managed-by=seatrial where quotas are given out.
    """
    tenants = {one.name for one in namespaces if not one.name.startswith(_NOBODYS)}
    for what, found in (("ResourceQuota", quotas), ("LimitRange", limits)):
        bound = tenants & {one.metadata.namespace for one in found}
        if len(tenants) > 1 and bound == tenants:
            return failed(f"each of the {len(tenants)} namespaces of tenants has a {what}, so a fresh one may get one")
    return passed(f"of {len(tenants)} namespaces of tenants not all have a quota or a LimitRange")


Held = Callable[[Check, Collection[str], Mapping[str, Any]], bool]
"""Whether a failing preflight check holds this proof back: by the check, by the resources it needs, and by what was seen."""

HOLDS_BACK: Mapping[str, Held] = {
    "preflight.accelerators-are-there": lambda proof, needs, seen: "accelerators" in proof.exclusive,
    "preflight.two-accelerators-are-free": lambda proof, needs, seen: proof.area == "gang",
    "preflight.permissions-suffice": lambda proof, needs, seen: seen.get("resource") in needs,
    "preflight.fresh-namespaces-take-proof-pods": lambda proof, needs, seen: "pods" in needs,
}


def _of_one_vendor(resource: str, driver: str) -> bool:
    """``nvidia.com/gpu`` and ``gpu.nvidia.com``; a driver of network cards is about other devices."""
    domain = resource.partition("/")[0]
    if driver.startswith("nic."):
        return False
    return driver == domain or driver.endswith(f".{domain}")


def _some(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
