"""KWOK as the kubelet of every simulated node, with the stages that ship in its module: pods run at once, those of Jobs complete at once."""

from __future__ import annotations

from seatrial.lab.keys import Authority
from seatrial.lab.kubeconfigs import issue
from seatrial.lab.permissions import grant
from seatrial.lab.process import Service
from seatrial.lab.shell import run
from seatrial.lab.site import Site
from seatrial.model.fact import Obj

PORTS = ("kwok",)
USER = "seatrial:kwok"


def service(site: Site) -> Service:
    stages = site.path("config", "kwok-stages.yaml")
    text = stages.read_text() if stages.exists() else run(site.program("kwok-stages"))
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
