"""Where a proof plays: a few nodes with free accelerators of one kind, the same for every rival; and how gangs come and go there."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

import msgspec

from seatrial.catalog.roles import Gang, GangObjects
from seatrial.catalog.systems.kubernetes.core import GANG_LABEL, Node, is_accelerator
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.systems.kubernetes.requests import accelerators
from seatrial.kit.quantity import whole
from seatrial.kit.together import together
from seatrial.model.fact import All, Obj
from seatrial.model.workbench import Workbench

_PAUSE = 0.2  # between two dry runs: nothing that the API server shows tells when a webhook has seen a new object


class Stage(msgspec.Struct, frozen=True):
    nodes: tuple[str, ...]  # their hostname labels
    resource: str
    free: int

    @property
    def parts(self) -> tuple[str, ...]:
        """What a proof has to itself while it plays here."""
        return tuple(f"accelerators/{self.resource}/{node}" for node in self.nodes)

    @property
    def contended(self) -> int:
        """A gang's size such that one fits, two do not, and half of the room each is enough for neither."""
        return max(self.free // 2 + 1, self.free * 3 // 4)


def find_stages(nodes: All[Node], pods: All[Pod], most: int = 16) -> tuple[Stage, ...]:
    """The nodes with the most free accelerators of one kind, and others that are as good: several proofs may play at once.

    Two nodes each where there are two, so that gangs span nodes.
    """
    free = free_accelerators(nodes, pods)
    best: tuple[Stage, ...] = ()
    for resource in sorted({resource for _, resource in free}):
        hosts = sorted(
            ((count, host) for (host, name), count in free.items() if name == resource and count > 0), reverse=True
        )
        wide = 1 if hosts and hosts[0][0] >= most else 2
        stages = [_stage(resource, hosts[at : at + wide]) for at in range(0, len(hosts), wide)]
        if stages and stages[0].free >= max(2, best[0].free + 1 if best else 0):
            best = tuple(stage for stage in stages if stage.free == stages[0].free)
    return best


def _stage(resource: str, hosts: Sequence[tuple[int, str]]) -> Stage:
    return Stage(tuple(host for _, host in hosts), resource, sum(count for count, _ in hosts))


def free_accelerators(nodes: All[Node], pods: All[Pod]) -> dict[tuple[str, str], int]:
    """(hostname, extended resource) → how many no pod has asked for, on nodes that take pods."""
    used: Counter[tuple[str, str]] = Counter()
    for pod in pods:
        if pod.spec.node_name and pod.status.phase not in ("Succeeded", "Failed"):
            used.update({(pod.spec.node_name, name): count for name, count in accelerators(pod.spec).items()})
    return {
        (node.host, resource): whole(amount) - used[node.name, resource]
        for node in nodes
        if is_ready(node)
        for resource, amount in node.status.allocatable.items()
        if is_accelerator(resource)
    }


async def submit(bench: Workbench, objects: GangObjects) -> None:
    for place, obj in enumerate(objects.first):
        if place:
            await is_let_in(bench, obj, bench.patience)
        await bench.create(obj)
    for resource, name in objects.leaves:
        await bench.adopt(resource, name)
    for pod in objects.pods:
        await bench.create(pod)


async def is_let_in(bench: Workbench, obj: Obj, within: float) -> bool:
    """Asked by dry runs: a webhook may look for what was created a moment ago, and not have seen it yet."""
    ends = asyncio.get_running_loop().time() + within
    admitted = await bench.admits(obj)
    while not admitted and asyncio.get_running_loop().time() < ends:
        await asyncio.sleep(_PAUSE)
        admitted = await bench.admits(obj)
    return admitted


async def withdraw(bench: Workbench, gang: Gang, objects: GangObjects) -> None:
    """End the gang, and see that what it held is free again."""
    members = await bench.list("pods", selector=members_of(gang)) if not objects.owners else ()
    await together(*(bench.remove("pods", pod["metadata"]["name"]) for pod in members))
    for resource, name in (*objects.owners, *objects.leaves):
        await bench.remove(resource, name)
    what = "its accelerators are free again"
    await bench.until("pods", lambda pods: not pods, within=bench.patience, what=what, selector=members_of(gang))


def members_of(gang: Gang) -> str:
    return f"{GANG_LABEL}={gang.name}"


def bound(pods: Sequence[Obj]) -> int:
    """How many of the pods hold a place on a node."""
    return sum(1 for pod in pods if pod.get("spec", {}).get("nodeName"))


def running(pods: Sequence[Obj]) -> int:
    return sum(1 for pod in pods if pod.get("status", {}).get("phase") == "Running")


def is_ready(node: Node) -> bool:
    """Whether the node takes pods that tolerate nothing."""
    conditions = {condition.type: condition.status for condition in node.status.conditions}
    barred = any(taint.effect in ("NoSchedule", "NoExecute") for taint in node.spec.taints)
    return conditions.get("Ready") == "True" and not node.spec.unschedulable and not barred
