"""Migration: what moving from device plugins to dynamic resource allocation (DRA) weakens unless somebody looks after it.

Severities: a device that two schedulers give away, or a limit that no longer limits, takes effect at once, so these are high. What makes
claims wait, or a control plane fail at its next upgrade, is high where it is certain and medium where it only may. What is no longer
seen is low.
"""

from __future__ import annotations

import re
from collections import defaultdict

from seatrial.catalog.checks.posture.naming import some
from seatrial.catalog.systems.kubernetes.core import Node, is_accelerator
from seatrial.catalog.systems.kubernetes.dra import DeviceClass, ResourceClaim, ResourceSlice
from seatrial.catalog.systems.kubernetes.governance import ResourceQuota
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.systems.nvidia_gpu_operator import GPUCluster, GPUClusterPolicy
from seatrial.catalog.views.accelerator_nodes import (
    DRIVERS,
    NOT_ALL_OF_A_POOL,
    AcceleratorNode,
    AcceleratorPool,
    vendor_of,
)
from seatrial.catalog.views.claims import ClaimRequest
from seatrial.catalog.views.workloads import Workload
from seatrial.model.check import check
from seatrial.model.fact import All
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown

_DEVICES = ".deviceclass.resource.k8s.io/devices"
_CLAIMS = "count/resourceclaims.resource.k8s.io"
_IMPLICIT = "requests.deviceclass.resource.kubernetes.io/"
_UNALLOCATED = 300.0  # seconds; a proposal
_GATE = re.compile(r"(?:^|[=,\s])DynamicResourceAllocation=(true|false)\b", re.IGNORECASE)
_CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
_OLD = "v1beta1"
_LAB = "lab"  # its plugin and its drivers hand out different devices


@check("migration.quotas-count-claims", severity=Severity.HIGH)
def quotas_count_claims(quota: ResourceQuota, quotas: All[ResourceQuota], classes: All[DeviceClass]) -> Verdict:
    """Where a quota limits accelerators of a device plugin, one limits claims for such devices, too.

    Why: `requests.nvidia.com/gpu` does not count devices that are claimed. Whoever writes a claim has no limit at all.
    Fix: add `<class>.deviceclass.resource.k8s.io/devices` for each DeviceClass, or `count/resourceclaims.resource.k8s.io`, to the namespace's
    quota; the names are those of the API server's own evaluator of claims. Where the DeviceClass sets `extendedResourceName`, add
    `requests.deviceclass.resource.kubernetes.io/<class>`.
    """
    limited = _limits(quota)
    if not limited:
        return not_applicable("it limits no accelerators of a device plugin")
    vendors = {vendor_of(name) for name in limited}
    mine = {one.name for one in classes if _vendors(one.name) & vendors}
    mine |= {one.name for one in classes if one.spec.extended_resource_name in limited}
    if not mine:
        return not_applicable(f"no DeviceClass is about {some(limited)}")
    beside = {name for one in quotas if one.metadata.namespace == quota.metadata.namespace for name in one.spec.hard}
    if _CLAIMS in beside:
        return passed(f"its namespace has {_CLAIMS}, too")
    open_ = [name for name in mine if f"{name}{_DEVICES}" not in beside]
    if open_:
        return failed(f"it limits {some(limited)}, and nothing limits claims for {some(open_)}")
    return passed(f"its namespace limits claims for {some(mine)}, too")


@check("migration.quotas-count-plugin-devices", severity=Severity.HIGH)
def quotas_count_plugin_devices(
    quota: ResourceQuota, quotas: All[ResourceQuota], nodes: All[AcceleratorNode]
) -> Verdict:
    """Where a quota limits claims, one limits what device plugins still offer, too.

    Why: as long as some nodes offer `nvidia.com/gpu`, a pod that asks for it goes round the limit on claims.
    Fix: keep `requests.<resource>` in the namespace's quota until no node offers it any more.
    """
    claimed = [name for name in quota.spec.hard if name.endswith(_DEVICES) or name == _CLAIMS]
    if not claimed:
        return not_applicable("it limits no claims")
    vendors = {vendor for name in claimed for vendor in _vendors(name.removesuffix(_DEVICES))}
    vendors |= set(DRIVERS.values()) if _CLAIMS in claimed else set()
    offered = {name for node in nodes for name in node.resources if vendor_of(name) in vendors}
    if not offered:
        return passed("no node offers such devices by a device plugin any more")
    beside = {name for one in quotas if one.metadata.namespace == quota.metadata.namespace for name in one.spec.hard}
    open_ = [name for name in offered if f"requests.{name}" not in beside and name not in beside]
    if open_:
        return failed(f"it limits {some(claimed)}, and nothing limits {some(open_)}, which nodes still offer")
    return passed(f"its namespace limits {some(offered)}, too")


@check("migration.pools-offer-their-devices-one-way", severity=Severity.HIGH)
def pools_offer_their_devices_one_way(pool: AcceleratorPool) -> Verdict:
    """Nodes offer the devices of one vendor by a device plugin or by DRA, not by both.

    Why: the scheduler counts them twice and gives one device to two pods, each of which believes that it is alone.
    Fix: move node by node: remove the plugin from a node (`nvidia.com/gpu.deploy.device-plugin=false`) before the DRA driver comes to it.
    """
    twice: dict[str, list[str]] = defaultdict(list)
    for node in pool.nodes:
        by_plugin = {vendor_of(name): name for name in node.resources if vendor_of(name) != _LAB}
        for driver in node.drivers:
            if DRIVERS[driver] in by_plugin:
                twice[f"{by_plugin[DRIVERS[driver]]} and {driver}"].append(node.name)
    if twice:
        told = "; ".join(f"{both} on {len(names)} nodes ({some(names, 3)})" for both, names in sorted(twice.items()))
        return failed(f"the same devices are offered as {told}")
    if not pool.whole:
        return unknown(NOT_ALL_OF_A_POOL)
    ways = {name for node in pool.nodes for name in (*node.resources, *node.drivers)}
    return passed(f"{len(pool.nodes)} nodes offer {some(ways) or 'nothing yet'}")


@check("migration.one-operand-owns-the-nodes", severity=Severity.HIGH)
def one_operand_owns_the_nodes(policies: All[GPUClusterPolicy], clusters: All[GPUCluster]) -> Verdict:
    """NVIDIA's GPU operator has a ClusterPolicy or a GPUCluster, not both.

    Why: one installs the device plugin and the other the DRA driver, on the same nodes; the operator calls it invalid.
    Fix: with `gpuCluster.deployCR=true` set `clusterPolicy.deployCR=false`, and delete the one that is left over.
    """
    if policies and clusters:
        return failed(f"{some(one.subject for one in (*policies, *clusters))} are both there")
    if not policies and not clusters:
        return not_applicable("there is neither")
    return passed(f"only {some(one.subject for one in (*policies, *clusters))} is there")


@check("migration.no-gate-is-about-to-go", severity=Severity.MEDIUM)
def no_gate_is_about_to_go(pod: Pod) -> Verdict:
    """No program of the control plane is told the feature gate DynamicResourceAllocation.

    Why: it has been on for good since 1.35. `=false` stops the program there, and once the gate is removed (planned for 1.38) naming it at all does.
    Fix: take `DynamicResourceAllocation` out of `--feature-gates` in the static pods, and out of the kubelets' `featureGates`.
    """
    found = [one for one in pod.spec.containers if one.name in _CONTROL_PLANE]
    if not found:
        return not_applicable("it is no program of the control plane")
    for one in found:
        gate = _GATE.search(" ".join((*one.command, *one.args)))
        if gate is not None:
            return failed(f"{one.name} is told DynamicResourceAllocation={gate[1]}")
    return passed(f"{some(one.name for one in found)} is not told")


@check("migration.requests-name-classes-that-exist", severity=Severity.HIGH)
def requests_name_classes_that_exist(request: ClaimRequest, classes: All[DeviceClass]) -> Verdict:
    """Every DeviceClass that a request names is there.

    Why: its pod waits for ever; the API server takes a name that nothing stands behind.
    Fix: install the driver that brings the class, or correct `spec.devices.requests[].exactly.deviceClassName`.
    """
    known = {one.name for one in classes}
    missing: list[str] = []
    for one in request.requests:
        names = [want.device_class_name for want in one.wants]
        if names and not known.intersection(names):
            missing += names
    if missing:
        return failed(f"{some(missing) or 'no class'} is not there; {some(known) or 'none at all'} is")
    return passed(f"it names {some(w.device_class_name for one in request.requests for w in one.wants) or 'no class'}")


@check("migration.claims-are-allocated", severity=Severity.HIGH)
def claims_are_allocated(request: ClaimRequest) -> Verdict:
    """A claim that a pod waits for has been given its devices.

    Why: the pod stands still; whoever moved it from a device plugin sees no number of missing accelerators as before.
    Fix: `kubectl describe pod` tells which request cannot be met; `seatrial diagnose` on how many nodes and why. Five minutes is a proposal.
    """
    if request.is_template:
        return not_applicable("it is a template, of which claims are made")
    if request.is_allocated:
        return passed("it has its devices")
    if not request.pods_read:
        return unknown("whether a pod waits for it is not known: pods were not read")
    if not request.pods:
        return not_applicable("no pod waits for it")
    if request.waits < _UNALLOCATED:
        return passed(f"{some(request.pods)} has waited for {request.waits:.0f} s only")
    return failed(f"{some(request.pods)} has waited for {request.waits / 60:.0f} minutes")


@check("migration.requests-fit-their-version", severity=Severity.MEDIUM)
def requests_fit_their_version(request: ClaimRequest) -> Verdict:
    """A request for devices is written as its API version wants it.

    Why: since v1beta2 class, count and `adminAccess` stand below `exactly`. What stands beside the name, as in v1beta1, is refused or,
    where unknown fields are dropped, lost, and with it a rule such as `adminAccess: false` that somebody relies on.
    Fix: in `resource.k8s.io/v1` write `spec.devices.requests[].exactly.deviceClassName` (in a template below `spec.spec`).
    """
    if not request.api_version:
        return not_applicable("the API server has read it already")
    old = request.api_version.endswith(_OLD)
    wrong = [
        one.name
        for one in request.requests
        if (one.exactly is not None and old)
        or (not old and (bool(one.device_class_name) or one.admin_access))
        or (not old and one.exactly is None and not one.first_available)
    ]
    if wrong:
        return failed(f"{some(wrong)} is not written as {request.api_version} wants it")
    return passed(f"{len(request.requests)} requests are written as {request.api_version} wants it")


@check("migration.pools-are-complete", severity=Severity.MEDIUM)
def pools_are_complete(slices: All[ResourceSlice]) -> Verdict:
    """All slices of a pool are there, and of one generation.

    Why: the scheduler leaves an incomplete pool aside, so that devices which are listed cannot be allocated.
    Fix: restart the driver's kubelet plugin on that node; delete slices of nodes that have gone.
    """
    pools: dict[tuple[str, str], list[ResourceSlice]] = defaultdict(list)
    for one in slices:
        pools[one.spec.driver, one.spec.pool.name].append(one)
    if not pools:
        return not_applicable("no driver offers devices")
    broken: list[str] = []
    for (driver, name), found in pools.items():
        newest = max(one.spec.pool.generation for one in found)
        current = [one for one in found if one.spec.pool.generation == newest]
        if len(current) < current[0].spec.pool.resource_slice_count:
            broken.append(f"{driver}/{name} ({len(current)} of {current[0].spec.pool.resource_slice_count})")
    if broken:
        return failed(f"slices are missing in {some(broken)}")
    return passed(f"{len(pools)} pools are complete")


@check("migration.extended-resources-lead-to-one-class", severity=Severity.MEDIUM)
def extended_resources_lead_to_one_class(classes: All[DeviceClass], nodes: All[Node]) -> Verdict:
    """An extended resource that a DeviceClass takes over leads to that class alone.

    Why: where two classes take it over, the scheduler picks one by age and name; where nodes still offer it by a plugin too, two pods of
    one Deployment are served by different mechanisms, and neither quota nor metrics see both.
    Fix: set `spec.extendedResourceName` in one DeviceClass only, and remove the plugin pool by pool.
    """
    taken: dict[str, list[str]] = defaultdict(list)
    for one in classes:
        if one.spec.extended_resource_name:
            taken[one.spec.extended_resource_name].append(one.name)
    if not taken:
        return not_applicable("no DeviceClass takes over an extended resource")
    twice = [f"{name} ({', '.join(sorted(found)[:5])})" for name, found in taken.items() if len(found) > 1]
    if twice:
        return failed(f"several classes take over {some(twice)}")
    both = [name for name in taken if any(node.status.allocatable.get(name, "0") != "0" for node in nodes)]
    if both:
        return failed(f"nodes still offer {some(both)} by a device plugin")
    return passed(f"one class each takes over {some(taken)}")


@check("migration.claims-are-in-the-metrics", severity=Severity.LOW)
def claims_are_in_the_metrics(claims: All[ResourceClaim], workloads: All[Workload]) -> Verdict:
    """Where devices are claimed, kube-state-metrics tells of claims.

    Why: it has no metrics of claims, slices and PodGroups of its own. Dashboards of accelerators that were requested go to zero.
    Fix: give it `--custom-resource-state-config` with ResourceClaims, and let its account read them.
    """
    if not claims:
        return not_applicable("nothing is claimed")
    found = [
        (one, container)
        for one in workloads
        for container in one.spec.containers
        if "kube-state-metrics" in container.image
    ]
    if not found:
        return unknown("no kube-state-metrics is here, and what else counts claims cannot be read")
    for one, container in found:
        words = " ".join((*container.command, *container.args))
        if "ResourceClaim" in words:
            return passed(f"{one.subject} is told about ResourceClaims")
        if "--custom-resource-state-config-file" in words:
            return unknown(f"{one.subject} has a file about custom resources, which was not read")
    return failed(f"{some(one.subject for one, _ in found)} tells nothing of {len(claims)} claims")


def _limits(quota: ResourceQuota) -> set[str]:
    named = {name.removeprefix("requests.") for name in quota.spec.hard if name.startswith("requests.")}
    return {name for name in named if is_accelerator(name) and not f"requests.{name}".startswith(_IMPLICIT)}


def _vendors(device_class: str) -> set[str]:
    """``gpu.nvidia.com`` is one of NVIDIA's."""
    return {DRIVERS.get(device_class, ""), vendor_of(device_class), vendor_of(device_class.partition(".")[2])}
