"""Rules for labels that nobody follows, or that hold where they should not."""

from __future__ import annotations

from seatrial.catalog.faults.changes import leaves_out, sets
from seatrial.catalog.faults.policies import mutated
from seatrial.model.fault import Fault
from seatrial.model.lab import LabLevel

LABELS = "discovery.rules-label-nodes-by-what-is-found@node-feature-discovery"
NEEDS = ("node-feature-discovery",)

MASTER_DEAD = Fault(
    id="nfd-master-dead",
    title="the master of Node Feature Discovery does not run, while its workers report as ever",
    fails=(LABELS,),
    change=leaves_out("nfd-master"),
    needs=NEEDS,
    level=LabLevel.NODE,
)

LABELS_DISABLED = Fault(
    id="nfd-labels-disabled",
    title="the master of Node Feature Discovery is configured to put no labels on nodes",
    fails=(LABELS,),
    change=sets("node-feature-discovery", labels=False),
    needs=NEEDS,
    level=LabLevel.NODE,
)

RULES_HOLD_EVERYWHERE = Fault(
    id="nfd-rules-hold-everywhere",
    title="a mutating admission policy takes the condition out of every rule for labels",
    fails=(LABELS,),
    change=mutated(
        "seatrial-rules-hold-everywhere",
        group="nfd.k8s-sigs.io",
        resource="nodefeaturerules",
        expression=(
            '[JSONPatch{op: "replace", path: "/spec/rules", value: object.spec.rules'
            '.map(r, {"name": dyn(r.name), "labels": dyn(r.labels)})}]'
        ),
        as_patch=True,
    ),
    needs=NEEDS,
    level=LabLevel.NODE,
    kubernetes=("1.36", "1.37"),
)
