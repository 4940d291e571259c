"""Gangs whose pods are not alike in how far they are from each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.catalog.waits.amounts import many
from seatrial.catalog.waits.groups import Group, devices
from seatrial.model.fact import All
from seatrial.model.wait import Action, Certainty, Found, Wait, source

# From near to far: what shares a fast network, as providers and NVIDIA's feature discovery label it.
_NEAR = (
    "nvidia.com/gpu.clique",
    "cloud.google.com/gce-topology-subblock",
    "cloud.google.com/gce-topology-block",
    "topology.k8s.aws/network-node-layer-3",
    "topology.k8s.aws/network-node-layer-2",
)
_ZONE = "topology.kubernetes.io/zone"


@source("topology.gang-is-uneven")
def gang_is_uneven(groups: All[Group], nodes: All[Node]) -> Iterator[Found]:
    """Most pods of a gang share a fast network, and some are outside of it; or a gang is in several zones.

    Why: each step of collective work takes as long as its slowest way, so that a few pods slow down all.
    Prevent: let the scheduler place gangs by topology: Kueue's topology-aware scheduling, or a required pod affinity within one block.
    """
    labels = {node.name: node.metadata.labels for node in nodes}
    for group in groups:
        if group.needed > 1 and len(group.placed) > 1 and devices(group.placed[0]):
            there = [labels.get(pod.spec.node_name, {}) for pod in group.placed]
            for key in (*_NEAR, _ZONE):
                if (wait := _uneven(group, key, there)) is not None:
                    yield wait
                    break


def _uneven(group: Group, key: str, there: Sequence[Mapping[str, str]]) -> Wait | None:
    counts = Counter(labels[key] for labels in there if key in labels)
    if len(counts) < 2 or (key != _ZONE and len(set(counts.values())) == 1):
        return None
    told = ", ".join(f"{many(number, 'pod')} in {value}" for value, number in counts.most_common(5))
    few, number = min(counts.items(), key=lambda one: (one[1], one[0]))
    return Wait(
        waiter=group.subject,
        holder=f"{key} of {group.subject}",
        what="one place for all",
        because=f"of {key} it has {told}",
        missing=number,
        certainty=Certainty.LIKELY,
        stops=False,
        actions=(
            Action(f"start it again where all of its pods fit beside each other; {many(number, 'pod')} are in {few}"),
        ),
    )
