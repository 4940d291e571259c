"""Pods that run, and do not get the size that they were given while they run."""

from __future__ import annotations

from collections.abc import Iterator

from seatrial.catalog.systems.kubernetes.pods import Condition, Pod
from seatrial.catalog.waits.groups import Group
from seatrial.model.fact import All
from seatrial.model.wait import Action, Certainty, Found, Wait, source

_PENDING, _GOING = "PodResizePending", "PodResizeInProgress"
_TYPES = (_PENDING, _GOING)
_NEVER, _FAILED = "Infeasible", "Error"


@source("resizing.does-not-happen")
def does_not_happen(groups: All[Group]) -> Iterator[Found]:
    """A pod was given more or less of a resource while it runs, and its node does not do it.

    Why: the node has no room for it now (`Deferred`), can never do it (`Infeasible`), or the runtime fails.
    Prevent: leave room on nodes whose pods are resized in place, and do not resize pods of the Guaranteed class with static CPUs.
    """
    for group in groups:
        for pod in group.placed:
            for told in pod.status.conditions:
                if told.type in _TYPES and told.status == "True" and (told.type == _PENDING or told.reason == _FAILED):
                    yield _unchanged(group, pod, told)


def _unchanged(group: Group, pod: Pod, told: Condition) -> Wait:
    node = f"nodes/{pod.spec.node_name}"
    actions = {
        _NEVER: f"take the change back, or start {pod.subject} anew: {node} can never make it so",
        _FAILED: f"see what the kubelet of {node} says of it",
    }
    return Wait(
        waiter=group.subject,
        holder=node,
        what="another size",
        because=f"{pod.subject} was resized, and {node} says {told.reason}: {told.message}",
        certainty=Certainty.CERTAIN,
        stops=False,
        actions=(Action(actions.get(told.reason, f"make room on {node}, or wait until others there end")),),
    )
