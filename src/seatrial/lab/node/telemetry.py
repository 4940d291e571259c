"""The exporters of the simulated accelerators: one program that speaks as each vendor's does, and the pods that give it addresses.

The program runs in the node's own network, as all of the node's programs do. Whoever looks for exporters in a cluster looks for pods,
so each dialect has one, of the node's network too, with the labels that the vendor's chart gives to it. All of them say that they simulate.
"""

from __future__ import annotations

from seatrial.lab.fleet.products import PRODUCTS
from seatrial.lab.keys import Authority
from seatrial.lab.kubeconfigs import issue
from seatrial.lab.node.programs import DRIVER, IMAGE, NODE, accelerator
from seatrial.lab.permissions import grant
from seatrial.lab.process import Service
from seatrial.lab.site import Site
from seatrial.model.fact import Obj

NAMESPACE = "lab-telemetry"
USER = "seatrial:exporter"
# The dialects that lab/programs/kube/accelerator knows: the port and the app.kubernetes.io/name of each.
DIALECTS = {
    "seatrial": (9500, "seatrial-accelerator-exporter"),
    "nvidia": (9400, "dcgm-exporter"),
    "amd": (5000, "device-metrics-exporter"),
    "intel": (29999, "xpumanager"),
}


def spoken(site: Site) -> tuple[str, ...]:
    """The lab's own dialect, and those of the vendors in its fleet."""
    vendors = {PRODUCTS[group.product].vendor.lower() for group in site.spec.fleet}
    return ("seatrial", *sorted(vendors & DIALECTS.keys()))


def exporter(site: Site) -> Service:
    credentials = issue(Authority(site.path("keys")), site.path("keys"), site.server, "exporter", user=USER)
    told = [str(site.path("node", "etc", f"{kind}-devices.json")) for kind in ("plugin", "dra")]
    files = {file: text for file, text in accelerator(site).files.items() if file in told}
    flags = [
        ("node-name", NODE),
        ("kubeconfig", str(credentials)),
        ("driver-name", DRIVER),
        *(("devices", file) for file in files),
        *(("listen", f"{dialect}={site.node_address}:{DIALECTS[dialect][0]}") for dialect in spoken(site)),
        ("misbehave", ",".join(site.spec.accelerators.metrics)),
    ]
    return Service(
        name="exporter",
        files=files,
        argv=(site.program("exporter"), *(f"--{name}={value}" for name, value in flags if value)),
        ready=f"http://{site.node_address}:{DIALECTS['seatrial'][0]}/metrics",
        inside=True,
    )


def objects(site: Site) -> tuple[Obj, ...]:
    reads = {"apiGroups": [""], "resources": ["nodes", "pods"], "verbs": ["get", "list", "watch"]}
    namespace: Obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    # No controller runs yet that would give the namespace its own, and no pod is let in without.
    account: Obj = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "default", "namespace": NAMESPACE},
    }
    return (*grant(USER, (reads,)), namespace, account, *(_stand_in(*DIALECTS[dialect]) for dialect in spoken(site)))


def _stand_in(port: int, name: str) -> Obj:
    """A pod of the node's network that does nothing itself."""
    container = {
        "name": "stands-for-the-exporter",
        "image": IMAGE,
        "command": ["/workload", "pause"],
        "ports": [{"name": "metrics", "containerPort": port}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "labels": {"app.kubernetes.io/name": name, "seatrial.dev/simulated": "true"},
            "annotations": {"prometheus.io/scrape": "true", "prometheus.io/port": str(port)},  # as the vendors' have
        },
        "spec": {
            "hostNetwork": True,
            "nodeName": NODE,
            "tolerations": [{"operator": "Exists"}],
            "terminationGracePeriodSeconds": 0,
            "containers": [container],
        },
    }
