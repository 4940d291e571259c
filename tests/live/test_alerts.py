"""The alerts of `harden` in the real Prometheus: it takes all of them, is silent while all is well, and tells of each fault."""

from __future__ import annotations

import asyncio
import json
import socketserver
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from seatrial.catalog.systems.kubernetes.controllers import DaemonSet
from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.lab.process import Service
from seatrial.model.fact import Fact, Obj
from tests.live import beside
from tests.unit.catalog.test_remedies import REMEDIES, failing, gpu_pod, snapshot

WELL = """\
DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-0",Hostname="n1"} 80
DCGM_EXP_XID_ERRORS_COUNT{gpu="0",UUID="GPU-0",xid="31"} 4
DCGM_FI_DEV_XID_ERRORS{gpu="0",UUID="GPU-0"} 13
DCGM_EXP_GPU_HEALTH_STATUS{gpu="0",UUID="GPU-0",health_watch="PCIE"} 10
DCGM_FI_DEV_ROW_REMAP_FAILURE{gpu="0",UUID="GPU-0"} 0
gpu_health{gpu_id="0",hostname="n2"} 1
gpu_gfx_activity{gpu_id="0",hostname="n2"} 5
kube_node_status_allocatable{node="n1",resource="nvidia_com_gpu",unit="integer"} 8
kube_node_status_allocatable{node="n2",resource="amd_com_gpu",unit="integer"} 8
kube_pod_container_resource_requests{namespace="a",pod="w-0",container="c",resource="nvidia_com_gpu"} 8
kube_pod_container_resource_requests{namespace="a",pod="w-1",container="c",resource="nvidia_com_gpu"} 8
kube_pod_owner{namespace="a",pod="w-0",owner_kind="Job",owner_name="w"} 1
kube_pod_owner{namespace="a",pod="w-1",owner_kind="Job",owner_name="w"} 1
kube_pod_status_phase{namespace="a",pod="w-0",phase="Running"} 1
kube_pod_status_phase{namespace="a",pod="w-0",phase="Pending"} 0
kube_pod_status_phase{namespace="a",pod="w-1",phase="Running"} 1
kube_pod_status_phase{namespace="a",pod="w-1",phase="Pending"} 0
kueue_evicted_workloads_total{cluster_queue="q",reason="PodsReadyTimeout"} 1
volcano_unschedule_job_count 0
resourceclaim_controller_resource_claims{allocated="false",admin_access="false",source=""} 0
resourceclaim_controller_resource_claims{allocated="true",admin_access="false",source=""} 3
"""
FAULTS: Mapping[str, tuple[str, str]] = {
    "AcceleratorXid": ('xid="31"} 4', 'xid="79"} 1'),
    "AcceleratorUnhealthy": ('health_watch="PCIE"} 10', 'health_watch="PCIE"} 20'),
    "AcceleratorUnhealthyAMD": ('gpu_health{gpu_id="0",hostname="n2"} 1', 'gpu_health{gpu_id="0",hostname="n2"} 0'),
    "AcceleratorNodeUnheard": ('Hostname="n1"} 80\n', 'Hostname="n3"} 80\n'),
    "AcceleratorNodeUnheardAmdDeviceMetricsExporter": (
        'gpu_gfx_activity{gpu_id="0",hostname="n2"}',
        'gpu_gfx_activity{gpu_id="0",hostname="n3"}',
    ),
    "AcceleratorJobHalfStarted": (
        'pod="w-1",phase="Running"} 1\nkube_pod_status_phase{namespace="a",pod="w-1",phase="Pending"} 0',
        'pod="w-1",phase="Running"} 0\nkube_pod_status_phase{namespace="a",pod="w-1",phase="Pending"} 1',
    ),
    "VolcanoJobsUnschedulable": ("volcano_unschedule_job_count 0", "volcano_unschedule_job_count 2"),
    "ResourceClaimsUnallocated": ('{allocated="false",admin_access="false",source=""} 0', '{allocated="false",admin_access="false",source=""} 1'),
    "KueueGangsTimeOut": ('reason="PodsReadyTimeout"} 1', 'reason="PodsReadyTimeout"} 9'),
}  # fmt: skip
STAYS = "KueueGangsTimeOut"  # of what was counted in the last hour
DOWN = "AcceleratorExporterDown"  # its target does not answer any more
SERVED = ("kueue.x-k8s.io/clusterqueues", "batch.volcano.sh/jobs", "resource.k8s.io/resourceclaims")


def rules() -> Obj:
    """As they are made for a cluster with devices of two vendors, and all that can queue for them."""
    labels = {"app": "nvidia-dcgm-exporter"}
    exporter = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "dcgm-exporter"}]}}
    objects: list[tuple[type[Fact], Obj]] = [
        gpu_pod("a"),
        *(
            (Node, {"metadata": {"name": name}, "status": {"allocatable": {resource: "8"}}})
            for name, resource in (("n1", "nvidia.com/gpu"), ("n2", "amd.com/gpu"))
        ),
        (DaemonSet, {"metadata": {"name": "dcgm.exporter", "namespace": "gpu"}, "spec": {"template": exporter}}),
    ]
    at = snapshot(*objects, served=dict.fromkeys(SERVED, ("v1",)))
    (made,) = REMEDIES["accelerator-alerts"].render(at, [failing("audit.failures-raise-an-alert")]).enforce
    return dict(made["spec"])


class Exporter:
    """What is collected: all is well until something is put in its place."""

    text = WELL

    @contextmanager
    def serving(self) -> Iterator[int]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = outer.text.encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                yield server.server_address[1]
            finally:
                server.shutdown()
                thread.join()


def prometheus(folder: Path, spec: Obj, targets: Mapping[int, Mapping[str, str]]) -> Service:
    port, program = beside.free_port(), asyncio.run(beside.obtained("prometheus"))["prometheus"]
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(folder / "rules.yml")],
        "scrape_configs": [
            {
                "job_name": "all",
                "honor_labels": True,
                "static_configs": [
                    {"targets": [f"127.0.0.1:{number}"], "labels": dict(labels)} for number, labels in targets.items()
                ],
            }
        ],
    }
    return Service(
        name="prometheus",
        argv=(
            str(program),
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=warn",
        ),
        files={str(folder / "prometheus.yml"): json.dumps(config), str(folder / "rules.yml"): json.dumps(spec)},
        ready=f"http://127.0.0.1:{port}/-/ready",
    )


def ask(service: Service, path: str) -> Any:
    with urllib.request.urlopen(service.ready.replace("/-/ready", path), timeout=30) as answer:
        return json.load(answer)["data"]


def judged(service: Service) -> dict[str, tuple[str, str]]:
    """Each rule with its state and its health."""
    groups = ask(service, "/api/v1/rules")["groups"]
    return {rule["name"]: (rule["state"], rule["health"]) for group in groups for rule in group["rules"]}


def until(service: Service, names: set[str], *, up: int) -> dict[str, tuple[str, str]]:
    """Until exactly these have something to tell, once everything has been collected."""
    end = time.monotonic() + 120
    while True:
        found = judged(service)
        told = {name for name, (state, _) in found.items() if state != "inactive"}
        targets = ask(service, "/api/v1/targets")["activeTargets"]
        evaluated = all(health == "ok" for _, health in found.values())
        if told == names and evaluated and sum(one["health"] == "up" for one in targets) == up:
            return found
        assert time.monotonic() < end, (told ^ names, found)
        time.sleep(0.3)


def test_each_alert_is_silent_while_all_is_well_and_tells_of_its_fault(tmp_path: Path) -> None:
    spec, exporter, other = rules(), Exporter(), Exporter()
    by_name = {rule["alert"]: rule for group in spec["groups"] for rule in group["rules"]}
    assert set(by_name) == {*FAULTS, DOWN}
    other.text = ""
    with ExitStack() as stack:
        port = stack.enter_context(exporter.serving())
        pod = stack.enter_context(ExitStack())
        of_pod = {pod.enter_context(other.serving()): {"namespace": "gpu", "pod": "dcgm.exporter-x7k2p"}}
        service = prometheus(tmp_path, spec, {port: {}, **of_pod})
        stack.enter_context(beside.running(service))
        until(service, set(), up=2)  # the control: what programs did to themselves is no alert
        for name, (well, ill) in FAULTS.items():
            exporter.text = WELL.replace(well, ill)
            assert exporter.text != WELL
            found = until(service, {name}, up=2)
            assert found[name][0] == ("pending" if "for" in by_name[name] else "firing")
            if name == "AcceleratorXid":
                (alert,) = ask(service, "/api/v1/alerts")["alerts"]
                assert (alert["labels"]["xid"], alert["labels"]["severity"]) == ("79", "critical")
            exporter.text = WELL
            if name != STAYS:
                until(service, set(), up=2)
        pod.close()
        assert until(service, {STAYS, DOWN}, up=1)[DOWN][0] == "pending"
