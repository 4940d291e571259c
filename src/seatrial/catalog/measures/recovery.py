"""Recovery: from the moment at which a pod, its node or its device is lost until the workload serves again, in its parts.

Only what the measure itself has brought is lost: its own pods, a node that it made, a device that it holds.
"""

from __future__ import annotations

from collections import Counter
from functools import partial

from seatrial.catalog.checks.scaled import DEPLOYMENTS
from seatrial.catalog.checks.stage import find_stages, is_ready
from seatrial.catalog.checks.traffic import SLICES
from seatrial.catalog.measures.moments import Time, slowest
from seatrial.catalog.measures.replaced import LOST, Replaced, played_node, taint_of_device, template_of_claims
from seatrial.catalog.systems.kubernetes.core import HOST, Node, runs_containers
from seatrial.catalog.systems.kubernetes.dra import DeviceClass, ResourceSlice
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.kit.together import together
from seatrial.model.fact import All, Apis
from seatrial.model.measure import Measure
from seatrial.model.metric import Means, metric
from seatrial.model.room import Room
from seatrial.model.verdict import Verdict, not_applicable, unknown
from seatrial.model.workbench import Workbench

_SOURCE = "watches of the API server, on one clock"
_RULES, _CLAIMS = "resource.k8s.io/devicetaintrules", "resource.k8s.io/resourceclaimtemplates"
_CREATES = (DEPLOYMENTS, "services")
_WATCHES = ("pods", "events", SLICES)
_OF_CLAIMS = ("resource.k8s.io/resourceclaims",)


@metric("recovery.pod-killed", unit="s", creates=(*_CREATES, "pods"), exclusive=("accelerators",), looks_at=_WATCHES)
async def pod_killed(
    nodes: All[Node], pods: All[Pod], bench: Workbench, room: Room, *, means: Means
) -> list[Measure] | Verdict:
    """How long it takes from the end of a pod until its workload serves again.

    How: a Deployment of one pod with one accelerator, behind a Service; the pod is deleted with a second to end, and what follows is
    watched on one clock: a new pod exists, has a node, its image, runs, is ready, and is among the Service's addresses. Told is the
    slowest time of all, in its parts. It is the platform's part of an outage; loading a large model comes on top.
    Fix: the longest part says where to begin: keep images on nodes, let readiness be asked often, keep a replica more than needed.
    """
    stages = find_stages(nodes, pods)
    if not stages:
        return unknown("no two accelerators of one kind are free on ready nodes")
    stage = stages[await room.take(*(one.parts for one in stages))]
    workload = Replaced(bench, means.clock, "killed", devices={stage.resource: "1"}, selector={HOST: stage.nodes[0]})
    await workload.start()
    times = [await workload.loses(workload.kill) for _ in range(means.times)]
    return [slowest("recovery.pod-killed", "", times, _SOURCE)]


@metric("recovery.node-lost", unit="s", creates=(*_CREATES, "nodes"), looks_at=_WATCHES)
async def node_lost(nodes: All[Node], bench: Workbench, means: Means) -> list[Measure] | Verdict:
    """How long it takes from the loss of a node until its workload serves again elsewhere.

    How: only where nodes are played, as in a lab: two nodes are made for this, a Deployment of one pod runs on one of them, and that
    one's Node object is deleted, as a cloud does with a machine that is gone. The pod is to be noticed as lost, removed, and made anew
    on the other. A kubelet that only falls silent takes longer: 50 s until that is noticed, and 300 s that pods tolerate it unless they
    say otherwise.
    Fix: let who knows of dead machines delete their Nodes, and say tolerationSeconds for node.kubernetes.io/unreachable in workloads.
    """
    if not any(not runs_containers(one) and is_ready(one) for one in nodes):
        return not_applicable("no node here is played, and no other is lost for a measure")
    times = await together(*(_without_its_node(bench, means, number) for number in range(means.times)))
    return [slowest("recovery.node-lost", "", times, _SOURCE)]


async def _without_its_node(bench: Workbench, means: Means, number: int) -> Time:
    name = f"{bench.namespace}-{number}"
    for node in (played_node(f"{name}-a", name), played_node(f"{name}-b", name)):
        await bench.create(node)
    workload = Replaced(bench, means.clock, f"moves-{number}", devices={}, selector={LOST: name})
    await workload.start()
    return await workload.loses(workload.lose_node)


@metric(
    "recovery.device-unhealthy",
    unit="s",
    creates=(*_CREATES, _RULES, _CLAIMS),
    exclusive=("accelerators",),
    looks_at=(*_WATCHES, *_OF_CLAIMS),
)
async def device_unhealthy(
    slices: All[ResourceSlice], classes: All[DeviceClass], apis: Apis, bench: Workbench, room: Room, *, means: Means
) -> list[Measure] | Verdict:
    """How long it takes from a device being reported as unhealthy until its workload serves again on another.

    How: a Deployment of one pod whose claim holds one device; a DeviceTaintRule with NoExecute is put on just that device, as a health
    monitor does. What follows is watched on one clock: the pod is to be evicted, made anew with another device, and to serve.
    Device plugins move nobody off a device that fails; there, health has to end the pod by other means.
    Fix: hand out devices by claims (DRA), and let what watches their health taint them; keep a device free for each that may fail.
    """
    if not apis.versions(_RULES):
        return not_applicable(f"{_RULES} is not served here, so that no claim is moved off a device that fails")
    offered = Counter({one.spec.driver: 0 for one in slices})
    for one in slices:
        offered[one.spec.driver] += len(one.spec.devices)
    known = {one.name for one in classes}
    driver = next((name for name, count in offered.most_common() if name in known and count > 1), "")
    if not driver:
        return unknown("no DeviceClass that is called like its driver has two devices")
    await room.take((f"accelerators/{driver}",))
    await bench.create(template_of_claims(bench.namespace, driver))
    workload = Replaced(bench, means.clock, "tainted", devices={}, claims=True)
    await workload.start()
    times = []
    for number in range(means.times):
        rule = taint_of_device(f"{bench.namespace}-{number}", await workload.device(), apis.versions(_RULES)[0])
        times.append(await workload.loses(partial(bench.create, rule)))
    return [slowest("recovery.device-unhealthy", driver, times, _SOURCE)]
