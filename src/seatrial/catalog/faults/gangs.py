"""Schedulers that start a part of a gang and leave the rest waiting."""

from __future__ import annotations

import msgspec

from seatrial.catalog.faults.changes import sets
from seatrial.catalog.faults.policies import mutated
from seatrial.model.fault import Change, Fault
from seatrial.model.lab import LabLevel, LabSpec

WHOLE = "gang.starts-whole-or-not-at-all"


def _without_gates(spec: LabSpec) -> LabSpec:
    return msgspec.structs.replace(spec, gang_scheduling=False)


SCHEDULER_IGNORES_GANGS = Fault(
    id="scheduler-ignores-gangs",
    title="the stock scheduler runs without the feature gates of gang scheduling, while the API still takes PodGroups",
    fails=(f"{WHOLE}@workload-api",),
    change=Change(_without_gates, "start the scheduler with the feature gates of the API server"),
    kubernetes=("1.35", "1.36", "1.37"),
)

GROUPS_OF_ONE = Fault(
    id="groups-of-one",
    title="a mutating admission policy sets minCount of every PodGroup to 1, below the size of its gang",
    fails=(f"{WHOLE}@workload-api",),
    change=mutated(
        "seatrial-groups-of-one",
        group="scheduling.k8s.io",
        resource="podgroups",
        expression=(
            "Object{spec: Object.spec{schedulingPolicy: Object.spec.schedulingPolicy{"
            "gang: Object.spec.schedulingPolicy.gang{minCount: 1}}}}"
        ),
    ),
    kubernetes=("1.36", "1.37"),
)

KUEUE_DOES_NOT_WAIT = Fault(
    id="kueue-does-not-wait",
    title="Kueue admits the next workload without waiting until the pods of the last are ready",
    fails=(f"{WHOLE}@kueue", f"{WHOLE}@kueue-jobset"),
    silences=tuple(f"{WHOLE}@kueue-{operator}" for operator in ("kuberay", "lws", "trainer")),  # they notice, too
    change=sets("kueue", wait_for_pods_ready=False),
    needs=("kueue", "jobset"),
)


def _overlooked(operator: str, kind: str, level: LabLevel = LabLevel.CONTROL_PLANE) -> Fault:
    return Fault(
        id=f"kueue-overlooks-{operator}",
        title=f"Kueue's configuration does not list {kind} among its integrations, so that nobody holds one back",
        fails=(f"{WHOLE}@kueue-{operator}",),
        change=sets("kueue", **{operator: False}),
        needs=("kueue", operator),
        level=level,
    )


KUEUE_OVERLOOKS_KUBERAY = _overlooked("kuberay", "RayCluster", LabLevel.NODE)
KUEUE_OVERLOOKS_LWS = _overlooked("lws", "LeaderWorkerSet")
KUEUE_OVERLOOKS_TRAINER = _overlooked("trainer", "TrainJob")

VOLCANO_WITHOUT_GANG = Fault(
    id="volcano-without-gang",
    title="Volcano's scheduler runs without its gang plugin",
    fails=(f"{WHOLE}@volcano",),
    change=sets("volcano", gang=False),
    needs=("volcano",),
)
