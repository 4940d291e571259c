"""Nodes that are to be empty, and are not: budgets that let nobody be evicted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.catalog.systems.kubernetes.disruption import PodDisruptionBudget
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.waits.amounts import many
from seatrial.catalog.waits.groups import Group
from seatrial.model.fact import All
from seatrial.model.wait import Action, Certainty, Found, Wait, source


@source("drains.budget-lets-nobody-go")
def budget_lets_nobody_go(groups: All[Group], nodes: All[Node], budgets: All[PodDisruptionBudget]) -> Iterator[Found]:
    """A node is cordoned, and a PodDisruptionBudget lets none of its pods be evicted.

    Why: the budget allows no disruption: it asks for all replicas, or some of them are not ready anyway. A drain tries again for ever.
    Prevent: `maxUnavailable: 1` instead of `minAvailable` of all replicas, and `unhealthyPodEvictionPolicy: AlwaysAllow`.
    """
    cordoned = {node.name for node in nodes if node.spec.unschedulable}
    strict: dict[str, list[PodDisruptionBudget]] = defaultdict(list)
    for one in budgets if cordoned else ():
        if one.status.disruptions_allowed <= 0:
            strict[one.metadata.namespace].append(one)
    for group in groups if strict else ():
        kept: dict[tuple[str, str], list[Pod]] = defaultdict(list)
        for pod in group.placed if group.metadata.namespace in strict else ():
            for one in strict[group.metadata.namespace] if pod.spec.node_name in cordoned else ():
                if one.covers(pod.metadata.namespace, pod.metadata.labels):
                    kept[pod.spec.node_name, one.subject].append(pod)
        for (node, budget), pods in sorted(kept.items()):
            yield Wait(
                waiter=f"nodes/{node}",
                holder=budget,
                what="leave to evict pods",
                because=f"nodes/{node} is cordoned, and {budget} allows no disruption of {many(len(pods), 'pod')} of {group.subject} on it",
                missing=len(pods),
                certainty=Certainty.LIKELY,  # who cordoned it may not want to drain it
                stops=False,
                actions=(
                    Action(f"bring more pods of {group.subject} up elsewhere, or let {budget} allow one disruption"),
                ),
            )
