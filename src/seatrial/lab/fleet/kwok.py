"""KWOK as the kubelet of every simulated node, with the stages that ship in its module: pods run at once, those of Jobs complete at once.

One thing is added: a pod that works until it is told to stop does not complete, whoever owns it.
"""

from __future__ import annotations

import yaml

from seatrial.lab.keys import Authority
from seatrial.lab.kubeconfigs import issue
from seatrial.lab.permissions import grant
from seatrial.lab.process import Service
from seatrial.lab.shell import run
from seatrial.lab.site import Site
from seatrial.model.fact import Obj

PORTS = ("kwok",)
USER = "seatrial:kwok"
_ENDLESS = '.spec.containers.[] | select( .command == ["/workload", "work", "--seconds", "0"] ) | .name'


def service(site: Site) -> Service:
    stages = site.path("config", "kwok-stages.yaml")
    text = stages.read_text() if stages.exists() else stages_of(run(site.program("kwok-stages")))
    credentials = issue(Authority(site.path("keys")), site.path("keys"), site.server, "kwok", user=USER)
    return Service(
        name="kwok",
        argv=(
            site.program("kwok"),
            f"--kubeconfig={credentials}",
            f"--config={stages}",
            "--manage-all-nodes=false",
            "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
            "--node-lease-duration-seconds=40",
            f"--cidr={site.pod_range}",
            "--node-ip=127.0.0.1",
            f"--server-address=127.0.0.1:{site.ports['kwok']}",
        ),
        files={str(stages): text},
        ready=f"http://127.0.0.1:{site.ports['kwok']}/healthz",
    )


def stages_of(shipped: str) -> str:
    """KWOK's own stages, and that pods without an end have none."""
    stages = list(yaml.load_all(shipped, Loader=yaml.CSafeLoader))
    complete = next(stage for stage in stages if stage["metadata"]["name"] == "pod-complete")
    complete["spec"]["selector"]["matchExpressions"].append({"key": _ENDLESS, "operator": "DoesNotExist"})
    return yaml.safe_dump_all(stages, sort_keys=False)


def permissions() -> tuple[Obj, ...]:
    """What KWOK may do, and no more."""
    return grant(
        USER,
        (
            {
                "apiGroups": [""],
                "resources": ["nodes", "pods"],
                "verbs": ["get", "list", "watch", "patch", "update", "delete"],
            },
            {"apiGroups": [""], "resources": ["nodes/status", "pods/status"], "verbs": ["patch", "update"]},
            {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch", "update"]},
            {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["*"]},
        ),
    )
