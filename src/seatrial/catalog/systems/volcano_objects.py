"""What is known of Volcano's objects: queues, groups of pods, and jobs that make them."""

from __future__ import annotations

from typing import Any

from seatrial.catalog.systems.kubernetes.pods import Amounts, Condition, PodTemplate
from seatrial.model.fact import Fact, Shape

CONFIG, CONFIG_KEY = "volcano-scheduler-configmap", "volcano-scheduler.conf"  # where its chart puts its configuration


class Guarantee(Shape, frozen=True):
    resource: Amounts = {}


class VolcanoQueueSpec(Shape, frozen=True):
    weight: int = 1
    capability: Amounts = {}
    deserved: Amounts = {}
    guarantee: Guarantee = Guarantee()
    reclaimable: bool | None = None
    parent: str = ""


class VolcanoQueueStatus(Shape, frozen=True):
    state: str = ""
    allocated: Amounts = {}


class VolcanoQueue(Fact, frozen=True):
    of = "scheduling.volcano.sh/queues"

    spec: VolcanoQueueSpec = VolcanoQueueSpec()
    status: VolcanoQueueStatus = VolcanoQueueStatus()


class VolcanoPodGroupSpec(Shape, frozen=True):
    """``min_member`` counts pods, never devices."""

    min_member: int = 0
    min_task_member: dict[str, int] = {}
    min_resources: Amounts | None = None
    queue: str = ""
    sub_group_policy: tuple[dict[str, Any], ...] = ()


class VolcanoPodGroupStatus(Shape, frozen=True):
    phase: str = ""
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    conditions: tuple[Condition, ...] = ()


class VolcanoPodGroup(Fact, frozen=True):
    of = "scheduling.volcano.sh/podgroups"

    spec: VolcanoPodGroupSpec = VolcanoPodGroupSpec()
    status: VolcanoPodGroupStatus = VolcanoPodGroupStatus()


class Policy(Shape, frozen=True):
    event: str = ""
    events: tuple[str, ...] = ()  # the same for several
    action: str = ""


class VolcanoTask(Shape, frozen=True):
    name: str = ""
    replicas: int = 0
    min_available: int | None = None
    template: PodTemplate = PodTemplate()
    policies: tuple[Policy, ...] = ()  # before those of the job


class VolcanoJobSpec(Shape, frozen=True):
    """``min_available`` counts pods, never devices; without it, it is all of them."""

    min_available: int | None = None
    scheduler_name: str = ""
    queue: str = ""
    max_retry: int | None = None
    tasks: tuple[VolcanoTask, ...] = ()
    policies: tuple[Policy, ...] = ()


class VolcanoJobState(Shape, frozen=True):
    phase: str = ""


class VolcanoJobStatus(Shape, frozen=True):
    state: VolcanoJobState = VolcanoJobState()
    min_available: int = 0
    running: int = 0


class VolcanoJob(Fact, frozen=True):
    of = "batch.volcano.sh/jobs"

    spec: VolcanoJobSpec = VolcanoJobSpec()
    status: VolcanoJobStatus = VolcanoJobStatus()
