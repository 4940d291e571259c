"""What is known of KubeRay's objects: clusters of Ray, and what runs on them."""

from __future__ import annotations

from typing import Any

from seatrial.catalog.systems.kubernetes.pods import Condition, PodTemplate
from seatrial.model.fact import Fact, Shape


class Head(Shape, frozen=True):
    ray_start_params: dict[str, str] = {}
    template: PodTemplate = PodTemplate()


class Workers(Shape, frozen=True):
    group_name: str = ""
    replicas: int | None = None
    min_replicas: int | None = None
    max_replicas: int | None = None
    num_of_hosts: int = 1
    ray_start_params: dict[str, str] = {}
    template: PodTemplate = PodTemplate()


class RayClusterSpec(Shape, frozen=True):
    suspend: bool | None = None
    enable_in_tree_autoscaling: bool | None = None
    ray_version: str = ""
    gcs_fault_tolerance_options: dict[str, Any] | None = None
    head_group_spec: Head = Head()
    worker_group_specs: tuple[Workers, ...] = ()


class RayClusterStatus(Shape, frozen=True):
    state: str = ""
    desired_worker_replicas: int = 0
    ready_worker_replicas: int = 0
    conditions: tuple[Condition, ...] = ()


class RayCluster(Fact, frozen=True):
    of = "ray.io/rayclusters"

    spec: RayClusterSpec = RayClusterSpec()
    status: RayClusterStatus = RayClusterStatus()


class RayJobSpec(Shape, frozen=True):
    entrypoint: str = ""
    suspend: bool = False
    shutdown_after_job_finishes: bool = False
    ttl_seconds_after_finished: int = 0
    backoff_limit: int | None = None
    active_deadline_seconds: int | None = None
    submission_mode: str = ""
    cluster_selector: dict[str, str] = {}
    ray_cluster_spec: RayClusterSpec | None = None


class RayJobStatus(Shape, frozen=True):
    job_status: str = ""
    job_deployment_status: str = ""
    ray_cluster_name: str = ""


class RayJob(Fact, frozen=True):
    of = "ray.io/rayjobs"

    spec: RayJobSpec = RayJobSpec()
    status: RayJobStatus = RayJobStatus()


class Upgrade(Shape, frozen=True):
    type: str = ""


class RayServiceSpec(Shape, frozen=True):
    upgrade_strategy: Upgrade | None = None
    ray_cluster_config: RayClusterSpec = RayClusterSpec()


class RayServiceStatus(Shape, frozen=True):
    service_status: str = ""
    conditions: tuple[Condition, ...] = ()


class RayService(Fact, frozen=True):
    of = "ray.io/rayservices"

    spec: RayServiceSpec = RayServiceSpec()
    status: RayServiceStatus = RayServiceStatus()
