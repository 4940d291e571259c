"""Autoscalers that add nothing more: node pools at their limit, node groups at their largest, replicas at their most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from seatrial.catalog.systems.karpenter import NodePool
from seatrial.catalog.systems.kubernetes.autoscaling import HorizontalPodAutoscaler
from seatrial.catalog.systems.kubernetes.core import is_accelerator
from seatrial.catalog.systems.kubernetes.events import Event
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.systems.kubernetes.requests import UNIT, thousandths
from seatrial.catalog.views.placing import tolerates
from seatrial.catalog.waits.amounts import many, told
from seatrial.catalog.waits.floor import Floor
from seatrial.catalog.waits.groups import Group
from seatrial.catalog.waits.kinds import waiting
from seatrial.catalog.waits.said import last_said
from seatrial.model.fact import All
from seatrial.model.wait import Action, Certainty, Found, Wait, source

_POOL = "karpenter.sh/nodepool"
_REFUSED = "NotTriggerScaleUp"  # cluster-autoscaler's word
_LARGEST = (
    "max node group size reached",
    "max cluster cpu limit",
    "max cluster memory limit",
    "max limit reached",
    "max total nodes",
)


@source("autoscalers.pool-is-at-its-limit")
def pool_is_at_its_limit(groups: All[Group], floors: All[Floor], pools: All[NodePool]) -> Iterator[Found]:
    """No node has room, and the pool of Karpenter that would add one has reached its limit.

    Why: `spec.limits` of a NodePool counts all that its nodes have; a node that would go over it is not made.
    Prevent: alert when a pool comes near its limits, and let quotas promise no more than they allow.
    """
    for _, group, kind in waiting(floors, groups) if pools else ():
        able = [pool for pool in pools if _takes(pool, kind.pod, kind.asks)]
        full = {pool.subject: short for pool in able if (short := _short(pool, kind.asks))}
        if not kind.look.fits and able and len(full) == len(able):
            pool, (resource, limit, used) = min(full.items())
            yield Wait(
                waiter=group.subject,
                holder=f"limits of {pool}",
                what=f"a new node with {resource}",
                because=f"{many(kind.count, 'pod')} want a node, and {pool} may have {told(resource, limit)} {resource} and has {told(resource, used)}"
                + (f"; {len(full) - 1} more pools are at their limits, too" if len(full) > 1 else ""),
                missing=kind.count,
                actions=(Action(f"raise spec.limits of {pool}, or end what it runs"),),
            )


def _takes(pool: NodePool, pod: Pod, asks: Mapping[str, int]) -> bool:
    """Its nodes let the pod in, and have the accelerators that it asks for, as far as the pool says."""
    named = pod.spec.node_selector.get(_POOL, pool.name)
    labels = pool.spec.template.metadata.labels
    contrary = any(key in labels and labels[key] != value for key, value in pod.spec.node_selector.items())
    taints = (one for one in pool.spec.template.spec.taints if one.effect != "PreferNoSchedule")
    if (
        named != pool.name
        or contrary
        or any(not any(tolerates(one, taint) for one in pod.spec.tolerations) for taint in taints)
    ):
        return False
    return all(name in pool.spec.limits or name in pool.status.resources for name in asks if is_accelerator(name))


def _short(pool: NodePool, asks: Mapping[str, int]) -> tuple[str, int, int] | None:
    """A resource of which one more pod would go over the limit; and a node more counts as one."""
    for resource, text in sorted(pool.spec.limits.items()):
        limit, used = thousandths(text), thousandths(pool.status.resources.get(resource, 0))
        if used + (UNIT if resource == "nodes" else asks.get(resource, 0)) > limit:
            return resource, limit, used
    return None


@source("autoscalers.group-is-at-its-largest")
def group_is_at_its_largest(groups: All[Group], events: All[Event]) -> Iterator[Found]:
    """The Cluster Autoscaler adds no node for the pod, since node groups are as large as they may be.

    Why: each node group has a largest size, and the whole cluster limits of its own.
    Prevent: alert when a node group comes near its largest size, and let quotas promise no more than it allows.
    """
    said = last_said(events, _REFUSED)
    for group in groups if said else ():
        told = [(pod, said[key]) for pod in group.unplaced if (key := (pod.metadata.namespace, pod.name)) in said]
        for pod, event in told[:1]:
            yield _largest(group, pod, event.message)


def _largest(group: Group, pod: Pod, message: str) -> Wait:
    """Where it names another reason than a size, a new node would not take the pod either: a guess beside what is computed."""
    if any(words in message for words in _LARGEST):
        holder, certainty = "the largest size of node groups", Certainty.CERTAIN
        action = "raise the largest size of a node group that would take the pod, or end what runs there"
    else:
        holder, certainty = f"node groups for {group.subject}", Certainty.LIKELY
        action = "see which node group is to take the pod: its labels, taints and machines"
    return Wait(
        waiter=group.subject,
        holder=holder,
        what="a new node",
        because=f"{pod.subject}: {message}",
        certainty=certainty,
        actions=(Action(action),),
    )


@source("autoscalers.replicas-are-at-their-most")
def replicas_are_at_their_most(autoscalers: All[HorizontalPodAutoscaler], groups: All[Group]) -> Iterator[Found]:
    """A HorizontalPodAutoscaler would make more replicas, and may not.

    Why: `maxReplicas` is reached while the metric is still above its target: requests wait or are slow.
    Prevent: alert on ScalingLimited, and choose `maxReplicas` by what quota and nodes allow.
    """
    known = {group.subject for group in groups}
    for one in autoscalers:
        limited = one.status.condition("ScalingLimited")
        if limited is not None and limited.status == "True" and limited.reason == "TooManyReplicas":
            yield Wait(
                waiter=one.target if one.target in known else one.subject,
                holder=f"maxReplicas of {one.subject}",
                what="more replicas",
                because=f"{one.subject} may make {one.spec.max_replicas} replicas, has {one.status.current_replicas}, and wants more: {limited.message}",
                certainty=Certainty.CERTAIN,
                stops=False,
                actions=(Action(f"raise maxReplicas of {one.subject}, if there is room for more"),),
            )
