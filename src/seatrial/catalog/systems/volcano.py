"""Volcano: a second scheduler beside the stock one. Pods opt in by name and point at a PodGroup."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seatrial.catalog.roles import Gang, GangObjects, GangScheduler
from seatrial.catalog.systems.kubernetes.core import gang_pods
from seatrial.catalog.systems.volcano_objects import VolcanoJob, VolcanoPodGroup, VolcanoQueue
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import Apis
from seatrial.model.system import Process, Proof, Recipe, Served, System

_CONFIG = """\
actions: "enqueue, allocate, backfill"
tiers:
- plugins:
  - name: priority
{gang}- plugins:
  - name: predicates
  - name: proportion
  - name: nodeorder
"""


def _configure(settings: Mapping[str, Any]) -> Mapping[str, str]:
    gang = "  - name: gang\n" if settings["gang"] else ""
    return {"volcano-scheduler.conf": _CONFIG.replace("{gang}", gang)}


def _as_pod_group(gang: Gang, apis: Apis) -> GangObjects:
    versions = apis.versions("scheduling.volcano.sh/podgroups")
    if not versions:
        raise CannotJudge("the API server serves no PodGroup of Volcano", way_out="install Volcano's CRDs")
    group = {
        "apiVersion": f"scheduling.volcano.sh/{versions[0]}",
        "kind": "PodGroup",
        "metadata": {"name": gang.name, "namespace": gang.namespace},
        "spec": {"minMember": gang.pods, "queue": "default"},
    }
    annotations = {"scheduling.k8s.io/group-name": gang.name}
    return GangObjects(first=(group,), pods=gang_pods(gang, annotations=annotations, spec={"schedulerName": "volcano"}))


_CRDS = "config/crd/volcano/bases"

VOLCANO = System(
    id="volcano",
    title="Volcano",
    home="https://volcano.sh",
    found_by=Served("scheduling.volcano.sh/podgroups"),
    facts=(VolcanoQueue, VolcanoPodGroup, VolcanoJob),
    roles=(
        GangScheduler(
            player="volcano",
            scheduler_name="volcano",
            creates=("scheduling.volcano.sh/podgroups",),
            dialect=_as_pod_group,
        ),
    ),
    proof=Proof.REAL_PROCESS,
    recipe=Recipe(
        module="volcano.sh/volcano",
        version="v1.10.0",
        programs={"volcano-scheduler": "volcano.sh/volcano/cmd/scheduler"},
        manifests=(
            f"{_CRDS}/scheduling.volcano.sh_podgroups.yaml",
            f"{_CRDS}/scheduling.volcano.sh_queues.yaml",
            f"{_CRDS}/nodeinfo.volcano.sh_numatopologies.yaml",
        ),
        processes=(
            Process(
                program="volcano-scheduler",
                args=(
                    "--kubeconfig={kubeconfig}",
                    "--scheduler-conf={folder}/volcano-scheduler.conf",
                    "--leader-elect=false",
                    "--cache-dumper=false",
                    "--enable-healthz=true",
                    "--healthz-address=127.0.0.1:{port:health}",
                    "--logtostderr",
                ),
                ready="http://127.0.0.1:{port:health}/healthz",
            ),
        ),
        configure=_configure,
        settings={"gang": True},
    ),
)
