"""Nodes under pods that were placed on them: gone, silent, or not able to start them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.catalog.systems.kubernetes.events import Event
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.waits.groups import Group, trouble
from seatrial.catalog.waits.said import last_said
from seatrial.model.fact import All
from seatrial.model.wait import Action, Certainty, Found, Wait, source


@source("nodes.does-not-answer")
def does_not_answer(groups: All[Group], nodes: All[Node]) -> Iterator[Found]:
    """A node on which pods were placed is gone, or its kubelet does not answer.

    Why: nobody starts its pods, and nobody can say whether those that ran still do.
    Prevent: more than one replica over more than one node, and checkpoints for training.
    """
    bad = {node.name: why for node in nodes if (why := _why(node))}
    known = {node.name for node in nodes}
    for group in groups:
        seen: set[str] = set()
        for pod in group.placed:
            name = pod.spec.node_name
            why = bad.get(name, "" if name in known else "it does not exist")
            if not why or name in seen:
                continue
            seen.add(name)
            yield Wait(
                waiter=group.subject,
                holder=f"nodes/{name}",
                what="a node that answers",
                because=f"{pod.subject} is on nodes/{name}, and {why}",
                certainty=Certainty.CERTAIN,
                actions=(Action(f"bring nodes/{name} back, or delete it so that its pods go elsewhere"),),
            )


def _why(node: Node) -> str:
    ready = next((one for one in node.status.conditions if one.type == "Ready"), None)
    if ready is None or ready.status == "True":
        return ""
    return f"its Ready is {ready.status}: {ready.reason} {ready.message}".rstrip()


_TELLING = ("FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox", "FailedPrepareDynamicResources", "Pulling")
_MISSING = re.compile(r'(?P<kind>secret|configmap) "(?P<name>[^"]{1,253})" not found')


@source("nodes.has-not-started-it")
def has_not_started_it(groups: All[Group], events: All[Event]) -> Iterator[Found]:
    """A pod has its node, and its containers do not start.

    Why: a volume cannot be mounted, a claimed device not be prepared, the network not be set up, or an image takes long.
    Prevent: watch how long pods take from their node to their start, and alert on FailedMount and FailedPrepareDynamicResources.
    """
    told = last_said(events, *_TELLING)
    for group in groups:
        for pod in group.waiting:
            if pod.spec.node_name and pod.status.phase == "Pending" and not any(True for _ in trouble(pod)):
                yield _unstarted(group, pod, told.get((pod.metadata.namespace, pod.name)))
                break


def _unstarted(group: Group, pod: Pod, event: Event | None) -> Wait:
    missing = _MISSING.search(event.message) if event is not None else None
    node = f"nodes/{pod.spec.node_name}"
    holder = f"{missing['kind']}s/{pod.metadata.namespace}/{missing['name'].rpartition('/')[2]}" if missing else node
    said = f"{event.reason}: {event.message}" if event is not None else "no event says why"
    action = f"create {holder}, or correct its name" if missing else f"see what the kubelet of {node} says of it"
    return Wait(
        waiter=group.subject,
        holder=holder,
        what="its start",
        because=f"{pod.subject} is on {node} and has not started; {said}",
        certainty=Certainty.CERTAIN if event is not None else Certainty.LIKELY,
        actions=(Action(action),),
    )
