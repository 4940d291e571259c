"""What makes pods: the controllers of Kubernetes, with the templates in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from seatrial.catalog.systems.kubernetes.pods import Condition, LabelSelector, PodTemplate
from seatrial.model.fact import Fact, Shape


class Templated(Fact, frozen=True):
    """An object that makes pods."""

    @property
    def makes(self) -> Iterator[tuple[PodTemplate, int]]:
        """Each template in it, with how many pods are made of it."""
        raise NotImplementedError


class ReplicaSpec(Shape, frozen=True):
    replicas: int | None = None
    selector: LabelSelector = LabelSelector()
    template: PodTemplate = PodTemplate()


class Replicated(Templated, frozen=True):
    spec: ReplicaSpec = ReplicaSpec()

    @property
    def makes(self) -> Iterator[tuple[PodTemplate, int]]:
        yield self.spec.template, 1 if self.spec.replicas is None else self.spec.replicas


class RollingUpdate(Shape, frozen=True):
    """Numbers of pods, or parts of all of them such as 25%."""

    max_surge: int | str = "25%"
    max_unavailable: int | str = "25%"


class UpdateStrategy(Shape, frozen=True):
    type: str = "RollingUpdate"
    rolling_update: RollingUpdate = RollingUpdate()


class DeploymentSpec(ReplicaSpec, frozen=True):
    strategy: UpdateStrategy = UpdateStrategy()


class Deployment(Replicated, frozen=True):
    of = "apps/deployments"

    spec: DeploymentSpec = DeploymentSpec()


class StatefulSet(Replicated, frozen=True):
    of = "apps/statefulsets"


class ReplicaSetStatus(Shape, frozen=True):
    conditions: tuple[Condition, ...] = ()


class ReplicaSet(Replicated, frozen=True):
    of = "apps/replicasets"

    status: ReplicaSetStatus = ReplicaSetStatus()


class DaemonSet(Replicated, frozen=True):
    of = "apps/daemonsets"


class JobSpec(Shape, frozen=True):
    parallelism: int | None = None
    completions: int | None = None
    suspend: bool = False
    backoff_limit: int | None = None
    backoff_limit_per_index: int | None = None
    pod_failure_policy: dict[str, Any] | None = None
    completion_mode: str = ""
    active_deadline_seconds: int | None = None
    ttl_seconds_after_finished: int | None = None
    template: PodTemplate = PodTemplate()


class Job(Templated, frozen=True):
    of = "batch/jobs"

    spec: JobSpec = JobSpec()

    @property
    def makes(self) -> Iterator[tuple[PodTemplate, int]]:
        yield self.spec.template, 1 if self.spec.parallelism is None else self.spec.parallelism


class JobTemplate(Shape, frozen=True):
    spec: JobSpec = JobSpec()


class CronJobSpec(Shape, frozen=True):
    concurrency_policy: str = ""
    job_template: JobTemplate = JobTemplate()


class CronJob(Templated, frozen=True):
    of = "batch/cronjobs"

    spec: CronJobSpec = CronJobSpec()

    @property
    def makes(self) -> Iterator[tuple[PodTemplate, int]]:
        job = self.spec.job_template.spec
        yield job.template, 1 if job.parallelism is None else job.parallelism


CONTROLLERS: tuple[type[Templated], ...] = (Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob)
