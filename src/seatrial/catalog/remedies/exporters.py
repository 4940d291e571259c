"""Exporters of accelerator metrics that do not go to every node with accelerators."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from seatrial.catalog.remedies.parts import OVER, YOURS, part
from seatrial.catalog.systems.kubernetes.controllers import DaemonSet
from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.catalog.systems.kubernetes.pods import Taint, Toleration
from seatrial.catalog.views.accelerator_nodes import DRIVERS, AcceleratorNode, vendor_of
from seatrial.catalog.views.exporter_groups import Exporter
from seatrial.catalog.views.placing import admits, barring, selects, tolerates
from seatrial.model.fact import Obj, Snapshot
from seatrial.model.remedy import Fix, Remedy
from seatrial.model.verdict import Finding

_OF_NODES = "node.kubernetes.io/"  # what Kubernetes itself says of a node that is not well


def _rendered(snapshot: Snapshot, findings: Sequence[Finding]) -> Fix:
    daemons = {one.subject: one for one in snapshot.all(DaemonSet)}
    made: list[Obj] = []
    others: list[str] = []
    for exporter in snapshot.all(Exporter):
        blind = list(_blind(exporter, snapshot))
        daemon = daemons.get(exporter.made_by)
        added = _added(exporter, blind)
        if added and daemon is not None and daemon.metadata.controller is None:
            made.append(_tolerating(daemon, added))
        elif blind:
            others.append(exporter.made_by)
    caution = (
        f"Not answered here, as who made them would set it back, or as they do not select all such nodes: {', '.join(sorted(others))}."
        if others
        else ""
    )
    return Fix(enforce=tuple(made), caution=caution, about=tuple(findings) if made else ())


def _blind(exporter: Exporter, snapshot: Snapshot) -> Iterator[Node]:
    """Nodes with devices that it could tell of, which it would not go to."""
    vendors = {vendor_of(name) for name in exporter.resources} | {DRIVERS.get(name, name) for name in exporter.drivers}
    for one in snapshot.all(AcceleratorNode):
        offered = {vendor_of(name) for name in one.resources} | {DRIVERS[name] for name in one.drivers}
        if offered & vendors and not admits(one.node, exporter.spec):
            yield one.node


def _added(exporter: Exporter, blind: Sequence[Node]) -> list[Taint]:
    """The taints that alone keep it away, but for those that say that a node is not well."""
    found: dict[tuple[str, str, str], Taint] = {}
    for node in blind:
        if not selects(exporter.spec, node):
            continue
        for taint in barring(node):
            if taint.key.startswith(_OF_NODES) or any(tolerates(one, taint) for one in exporter.spec.tolerations):
                continue
            found[taint.key, taint.value, taint.effect] = taint
    return [found[key] for key in sorted(found)]


def _tolerating(daemon: DaemonSet, taints: Sequence[Taint]) -> Obj:
    """The list is one field: what it tolerates already is said again."""
    more = [Toleration(key=one.key, operator="Exists", effect=one.effect) for one in taints]
    tolerations = dict.fromkeys((*daemon.spec.template.spec.tolerations, *more))
    told = [msgspec.to_builtins(one) for one in tolerations]
    return part(daemon, "DaemonSet", "apps/v1", {"template": {"spec": {"tolerations": told}}})


EXPORTERS_EVERYWHERE = Remedy(
    id="exporters-everywhere",
    title="Exporters of accelerator metrics tolerate the taints of every node whose devices they could tell of",
    why="Of a node without an exporter nobody hears that its devices idle, overheat or fail; a new pool comes with a new taint.",
    effect=(
        "The DaemonSets of exporters get a toleration for each taint that keeps them away from such nodes, and their pods are made"
        " anew one after the other. Taints by which Kubernetes says that a node is not well are not among them. How long an"
        f" exporter tolerates a NoExecute taint (`tolerationSeconds`) is not read: say it again where you had said it. {OVER}"
        " Where a chart or an operator made the DaemonSet, give it the tolerations in its values instead."
    ),
    undo=YOURS,
    cures=("blind-spots.every-accelerator-node-has-an-exporter",),
    reads=(Exporter, AcceleratorNode, DaemonSet),
    render=_rendered,
)
