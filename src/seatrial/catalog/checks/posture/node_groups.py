"""Node groups of Cluster Autoscaler: whether nodes come when pods wait for them.

A group that the autoscaler has given up for now is medium: it tries again, and meanwhile pods wait. What keeps an idle node with
accelerators is low.
"""

from __future__ import annotations

from seatrial.catalog.checks.posture.naming import some
from seatrial.catalog.systems.cluster_autoscaler import FIXED, STATUS, status_of
from seatrial.catalog.systems.kubernetes.configmaps import BadSettings, ConfigMap
from seatrial.catalog.views.accelerator_nodes import AcceleratorNode
from seatrial.model.check import check
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown


@check("node-groups.grow-when-they-are-asked", severity=Severity.MEDIUM)
def grow_when_they_are_asked(config: ConfigMap) -> Verdict:
    """No group of nodes has been given up by the autoscaler.

    Why: after the provider could not give a node, the group is left alone for a while, and pods that fit nowhere else wait.
    Fix: its events tell what the provider said: no capacity in that zone, or quota of the account. Add a group in another zone.
    """
    if config.name != STATUS:
        return not_applicable("it is not Cluster Autoscaler's")
    try:
        status = status_of(config)
    except BadSettings as error:
        return unknown(str(error))
    away = [one.name for one in status.node_groups if one.scale_up.status == "Backoff"]
    ill = [one.name for one in status.node_groups if one.health.status == "Unhealthy"]
    if away or ill:
        return failed(f"given up for now: {some(away) or 'none'}; unhealthy: {some(ill) or 'none'}")
    return passed(f"{len(status.node_groups)} groups can be asked")


@check("node-groups.idle-nodes-may-go", severity=Severity.LOW)
def idle_nodes_may_go(node: AcceleratorNode) -> Verdict:
    """No node with accelerators is kept by a note that was meant for a while.

    Why: `cluster-autoscaler.kubernetes.io/scale-down-disabled` keeps it whether anybody uses it or not, at the price of its accelerators.
    Fix: remove the annotation, or accept this finding with a day on which it ends.
    """
    kept = node.node.metadata.annotations.get(FIXED) == "true"
    return failed(f"it carries {FIXED}") if kept else passed("nothing keeps it")
