"""What is known of Kueue's objects: quota, who shares it, and what waits for it."""

from __future__ import annotations

from typing import Any

from seatrial.catalog.systems.kubernetes.configmaps import ConfigMap, settings
from seatrial.catalog.systems.kubernetes.pods import Amounts, Condition, LabelSelector, PodTemplate, Taint
from seatrial.model.fact import Fact, Shape

_GROUP = "kueue.x-k8s.io"
CONFIG, CONFIG_KEY = "kueue-manager-config", "controller_manager_config.yaml"  # where its charts put its configuration


class LocalQueueSpec(Shape, frozen=True):
    cluster_queue: str = ""
    stop_policy: str = "None"


class QueueStatus(Shape, frozen=True):
    pending_workloads: int = 0
    reserving_workloads: int = 0
    admitted_workloads: int = 0
    conditions: tuple[Condition, ...] = ()


class LocalQueue(Fact, frozen=True):
    of = f"{_GROUP}/localqueues"

    spec: LocalQueueSpec = LocalQueueSpec()
    status: QueueStatus = QueueStatus()


class Quota(Shape, frozen=True):
    """Of one resource in one flavor."""

    name: str = ""
    nominal_quota: str | int | float = 0
    borrowing_limit: str | int | float | None = None
    lending_limit: str | int | float | None = None


class FlavorQuotas(Shape, frozen=True):
    name: str = ""
    resources: tuple[Quota, ...] = ()


class ResourceGroup(Shape, frozen=True):
    covered_resources: tuple[str, ...] = ()
    flavors: tuple[FlavorQuotas, ...] = ()


class Borrowing(Shape, frozen=True):
    policy: str = "Never"
    max_priority_threshold: int | None = None


class Preemption(Shape, frozen=True):
    within_cluster_queue: str = "Never"
    reclaim_within_cohort: str = "Never"
    borrow_within_cohort: Borrowing | None = None


class FairSharing(Shape, frozen=True):
    weight: str | int | float | None = None


class ClusterQueueSpec(Shape, frozen=True):
    cohort_name: str = ""
    cohort: str = ""  # the same before v1beta2
    queueing_strategy: str = ""
    namespace_selector: LabelSelector | None = None  # none: no namespace
    resource_groups: tuple[ResourceGroup, ...] = ()
    preemption: Preemption | None = None
    stop_policy: str = "None"
    fair_sharing: FairSharing | None = None


class ClusterQueue(Fact, frozen=True):
    of = f"{_GROUP}/clusterqueues"

    spec: ClusterQueueSpec = ClusterQueueSpec()
    status: QueueStatus = QueueStatus()


class CohortSpec(Shape, frozen=True):
    parent_name: str = ""
    resource_groups: tuple[ResourceGroup, ...] = ()
    fair_sharing: FairSharing | None = None


class Cohort(Fact, frozen=True):
    of = f"{_GROUP}/cohorts"

    spec: CohortSpec = CohortSpec()


class ResourceFlavorSpec(Shape, frozen=True):
    node_labels: dict[str, str] = {}
    node_taints: tuple[Taint, ...] = ()
    topology_name: str = ""


class ResourceFlavor(Fact, frozen=True):
    of = f"{_GROUP}/resourceflavors"

    spec: ResourceFlavorSpec = ResourceFlavorSpec()


class PodSet(Shape, frozen=True):
    name: str = ""
    count: int = 0
    min_count: int | None = None
    template: PodTemplate = PodTemplate()


class QueuedWorkloadSpec(Shape, frozen=True):
    queue_name: str = ""
    active: bool = True
    priority: int | None = None
    pod_sets: tuple[PodSet, ...] = ()


class Assignment(Shape, frozen=True):
    name: str = ""
    count: int = 0
    flavors: dict[str, str] = {}
    resource_usage: Amounts = {}


class Admission(Shape, frozen=True):
    cluster_queue: str = ""
    pod_set_assignments: tuple[Assignment, ...] = ()


class CheckState(Shape, frozen=True):
    """What one AdmissionCheck says of a workload."""

    name: str = ""
    state: str = ""  # Pending, Ready, Retry or Rejected
    message: str = ""


class QueuedWorkloadStatus(Shape, frozen=True):
    admission: Admission | None = None
    admission_checks: tuple[CheckState, ...] = ()
    conditions: tuple[Condition, ...] = ()  # QuotaReserved, Admitted, PodsReady, Evicted, Finished, …


class QueuedWorkload(Fact, frozen=True):
    of = f"{_GROUP}/workloads"

    spec: QueuedWorkloadSpec = QueuedWorkloadSpec()
    status: QueuedWorkloadStatus = QueuedWorkloadStatus()


class AdmissionCheckSpec(Shape, frozen=True):
    controller_name: str = ""


class AdmissionCheckStatus(Shape, frozen=True):
    conditions: tuple[Condition, ...] = ()


class AdmissionCheck(Fact, frozen=True):
    of = f"{_GROUP}/admissionchecks"

    spec: AdmissionCheckSpec = AdmissionCheckSpec()
    status: AdmissionCheckStatus = AdmissionCheckStatus()


def waiting_for_pods(config: ConfigMap) -> dict[str, Any] | None:
    """``waitForPodsReady`` of Kueue's configuration, without which two gangs can each hold half of what both need."""
    found = settings(config, CONFIG_KEY).get("waitForPodsReady")
    return found if isinstance(found, dict) else None
