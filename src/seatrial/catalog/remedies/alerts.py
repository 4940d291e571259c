"""Alerts about accelerators, as the operator of Prometheus takes them: what breaks, who is silent, and what waits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from seatrial.catalog.remedies.parts import served_as
from seatrial.catalog.roles import AcceleratorMetrics
from seatrial.catalog.systems.alerts import PrometheusRule, PrometheusServer
from seatrial.catalog.systems.device_metrics import BUSY, XIDS_OF_PROGRAMS
from seatrial.catalog.systems.exporters import AMD_EXPORTER, DCGM_EXPORTER, RECOGNISED
from seatrial.catalog.views.accelerator_nodes import AcceleratorNode
from seatrial.catalog.views.exporter_groups import Exporter
from seatrial.catalog.views.tenants import AcceleratorNamespace
from seatrial.model.fact import Obj, Snapshot
from seatrial.model.remedy import Fix, Remedy
from seatrial.model.system import System
from seatrial.model.verdict import Finding

_NAME, _ELSEWHERE = "seatrial-accelerators", "monitoring"
_PLAIN = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_SOON, _LATER = "10m", "15m"  # proposals


class Alert(msgspec.Struct, frozen=True):
    name: str
    expression: str
    summary: str
    wait: str = ""  # at once, where nothing is said
    severity: str = "warning"

    @property
    def told(self) -> Obj:
        rule: Obj = {"alert": self.name, "expr": self.expression}
        if self.wait:
            rule["for"] = self.wait
        return {**rule, "labels": {"severity": self.severity}, "annotations": {"summary": self.summary}}


_OWN = " ".join(f"!= {xid}" for xid in sorted(XIDS_OF_PROGRAMS))
_PROGRAMS = "|".join(str(xid) for xid in sorted(XIDS_OF_PROGRAMS))
_BROKEN = {
    DCGM_EXPORTER.id: (
        Alert(
            "AcceleratorXid",
            f'DCGM_EXP_XID_ERRORS_COUNT{{xid!~"{_PROGRAMS}"}} > 0 or DCGM_FI_DEV_XID_ERRORS > 0 {_OWN}',
            "A device of NVIDIA reports an XID that does not come from a program. Drain the node, and look the XID up.",
            severity="critical",
        ),
        Alert(
            "AcceleratorUnhealthy",
            "DCGM_EXP_GPU_HEALTH_STATUS >= 20 or DCGM_FI_DEV_ROW_REMAP_FAILURE > 0 or DCGM_FI_DEV_ECC_DBE_VOL_TOTAL > 0",
            "A device of NVIDIA is failing, or has lost memory. Drain the node, and reset or replace the device.",
            severity="critical",
        ),
    ),
    AMD_EXPORTER.id: (
        Alert(
            "AcceleratorUnhealthyAMD",
            "gpu_health < 1 or amd_gpu_health < 1 or gpu_ecc_uncorrect_total > 0 or amd_gpu_ecc_uncorrect_total > 0",
            "A device of AMD is unhealthy, or has lost memory. Drain the node, and reset or replace the device.",
            severity="critical",
        ),
    ),
}


def _rendered(snapshot: Snapshot, findings: Sequence[Finding]) -> Fix:
    groups = [
        ("seatrial-broken-accelerators", [alert for one in _present(snapshot) for alert in _BROKEN.get(one.id, ())]),
        ("seatrial-silent-exporters", [*_down(snapshot), *_unheard(snapshot)]),
        ("seatrial-waiting", [*_gangs(snapshot), *_claims(snapshot)]),
    ]
    spec = {"groups": [{"name": name, "rules": [one.told for one in alerts]} for name, alerts in groups if alerts]}
    if not groups[0][1]:
        return Fix()  # what breaks cannot be told of these accelerators
    servers = [one for one in snapshot.all(PrometheusServer) if one.labels_for_rules is not None]
    version = served_as(snapshot, PrometheusRule.of, "v1")
    homes = {one.metadata.namespace: one.labels_for_rules or {} for one in sorted(servers, key=lambda one: one.subject)}
    return Fix(
        enforce=tuple(_rule(home, labels, version, spec) for home, labels in (homes or {_ELSEWHERE: {}}).items()),
        caution=""
        if homes
        else "No Prometheus of the operator was seen that takes rules by labels that can be told: see that yours takes these,"
        " by their namespace and labels (`ruleSelector`, `ruleNamespaceSelector`).",
    )


def _rule(namespace: str, labels: dict[str, str], version: str, spec: Obj) -> Obj:
    return {
        "apiVersion": version,
        "kind": "PrometheusRule",
        "metadata": {"name": _NAME, "namespace": namespace, "labels": dict(labels)},
        "spec": spec,
    }


def _resources(snapshot: Snapshot) -> list[str]:
    """What nodes offer and workloads ask for."""
    offered = {name for one in snapshot.all(AcceleratorNode) for name in one.resources}
    return sorted(offered | {name for one in snapshot.all(AcceleratorNamespace) for name in one.resources})


def _present(snapshot: Snapshot) -> list[System]:
    """Exporters that are recognised, of the vendors whose devices are here."""
    names = set(_resources(snapshot)) | {name for one in snapshot.all(AcceleratorNode) for name in one.drivers}
    return [one for one in RECOGNISED if names & {*_metrics(one).resources, *_metrics(one).drivers}]


def _metrics(system: System) -> AcceleratorMetrics:
    return next(role for role in system.roles if isinstance(role, AcceleratorMetrics))


def _down(snapshot: Snapshot) -> Iterator[Alert]:
    places = {(one.metadata.namespace, one.metadata.name) for one in snapshot.all(Exporter)}
    known = sorted(one for one in places if all(map(_PLAIN.fullmatch, one)))
    if known:
        series = (f'up{{namespace="{home}",pod=~"{name.replace(".", "[.]")}-.*"}} == 0' for home, name in known)
        yield Alert(
            "AcceleratorExporterDown",
            " or ".join(series),
            "An exporter of accelerators does not answer. Of the devices of its node nobody hears anything.",
            _SOON,
        )


def _unheard(snapshot: Snapshot) -> Iterator[Alert]:
    """Of a node whose exporter is not even there no target is down."""
    for system in _present(snapshot):
        role = _metrics(system)
        offered = sorted(set(role.resources) & set(_resources(snapshot)))
        names = "|".join(name for name in BUSY if name in role.utilisation)
        if offered and names and role.node:
            told = f'{{__name__=~"{names}"}}'
            for label in role.node:
                told = f'label_replace({told}, "node", "$1", "{label}", "(.+)")'
            yield Alert(
                "AcceleratorNodeUnheard" + _suffix(system),
                f'kube_node_status_allocatable{{resource=~"{_sanitised(offered)}"}} > 0 unless on (node) {told}',
                "A node offers accelerators, and no exporter tells of them.",
                _LATER,
            )


def _suffix(system: System) -> str:
    return "" if system is DCGM_EXPORTER else "".join(part.title() for part in system.id.split("-"))


def _sanitised(resources: Sequence[str]) -> str:
    """As kube-state-metrics writes them."""
    return "|".join(re.sub(r"[^a-zA-Z0-9_]", "_", name) for name in resources)


def _gangs(snapshot: Snapshot) -> Iterator[Alert]:
    resources = _sanitised(_resources(snapshot))
    if resources:
        yield Alert(
            "AcceleratorJobHalfStarted",
            f"{_of_jobs('Pending', resources)} > 0 and on (namespace, owner_name) {_of_jobs('Running', resources)} > 0",
            "Some pods of a job hold accelerators while others of it wait. `seatrial diagnose` tells for whom.",
            _SOON,
        )
    if snapshot.apis.versions("kueue.x-k8s.io/clusterqueues"):
        yield Alert(
            "KueueGangsTimeOut",
            'increase(kueue_evicted_workloads_total{reason="PodsReadyTimeout"}[1h]) > 2',
            "Kueue takes quota back again and again from jobs whose pods do not become ready: quota is no place on a node.",
        )
    if snapshot.apis.versions("batch.volcano.sh/jobs"):
        yield Alert(
            "VolcanoJobsUnschedulable",
            "volcano_unschedule_job_count > 0",
            "Volcano cannot place jobs. `seatrial diagnose` tells what they wait for.",
            _LATER,
        )


def _of_jobs(phase: str, resources: str) -> str:
    asks = f'max by (namespace, pod) (kube_pod_container_resource_requests{{resource=~"{resources}"}})'
    pods = f'(kube_pod_status_phase{{phase="{phase}"}} == 1) and on (namespace, pod) {asks}'
    owner = 'group_left (owner_name) max by (namespace, pod, owner_name) (kube_pod_owner{owner_kind="Job"})'
    return f"count by (namespace, owner_name) (({pods}) * on (namespace, pod) {owner})"


def _claims(snapshot: Snapshot) -> Iterator[Alert]:
    if snapshot.apis.versions("resource.k8s.io/resourceclaims"):
        yield Alert(
            "ResourceClaimsUnallocated",
            'sum(resourceclaim_controller_resource_claims{allocated="false"}) > 0',
            "Claims for devices have not been given any for a while. `seatrial diagnose` tells which, and why.",
            _LATER,
        )


ACCELERATOR_ALERTS = Remedy(
    id="accelerator-alerts",
    title="Somebody is told when an accelerator breaks, is not heard of, or is waited for",
    why=(
        "A device with uncorrectable errors goes on taking pods. Without an alert users find it, and an exporter that is gone looks"
        " like a fleet without errors."
    ),
    effect=(
        "Alerts on XIDs that do not come from programs"
        f" (all but {', '.join(str(xid) for xid in sorted(XIDS_OF_PROGRAMS))}), on health and memory errors, on exporters that are silent,"
        " on jobs that have half of their pods, and on claims without devices. Those about nodes and jobs need kube-state-metrics,"
        " and that about claims the controller manager's own metrics (Kubernetes 1.36 and newer): where a series is not collected the"
        " alert never fires. How long each waits is a proposal. The label `severity` is for your routes to heed."
    ),
    cures=("audit.failures-raise-an-alert",),
    serves=(PrometheusRule.of,),
    needs=("prometheus-operator",),
    reads=(AcceleratorNode, AcceleratorNamespace, Exporter, PrometheusServer),
    render=_rendered,
)
