"""Pods as Kubernetes writes them, alone and as templates in what makes them: only the fields that something reads."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import chain
from typing import Any

import msgspec

from seatrial.model.fact import Fact, Meta, Shape

Amounts = dict[str, str | int | float]


class Condition(Shape, frozen=True):
    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    last_transition_time: dt.datetime | None = None


class Taint(Shape, frozen=True):
    key: str = ""
    value: str = ""
    effect: str = ""


class Toleration(Shape, frozen=True):
    key: str = ""
    operator: str = ""
    value: str = ""
    effect: str = ""


class Expression(Shape, frozen=True):
    key: str = ""
    operator: str = ""
    values: tuple[str, ...] = ()


class LabelSelector(Shape, frozen=True):
    match_labels: dict[str, str] = {}
    match_expressions: tuple[Expression, ...] = ()

    @property
    def is_empty(self) -> bool:
        """It selects everything."""
        return not self.match_labels and not self.match_expressions

    def matches(self, labels: dict[str, str]) -> bool:
        named = all(labels.get(key) == value for key, value in self.match_labels.items())
        return named and all(_holds(one, labels) for one in self.match_expressions)


def _holds(one: Expression, labels: dict[str, str]) -> bool:
    match one.operator:
        case "In":
            return labels.get(one.key) in one.values
        case "NotIn":
            return labels.get(one.key) not in one.values
        case "Exists":
            return one.key in labels
        case _:
            return one.key not in labels


class NamedClaim(Shape, frozen=True):
    name: str = ""
    request: str = ""


class Resources(Shape, frozen=True):
    requests: Amounts = {}
    limits: Amounts = {}
    claims: tuple[NamedClaim, ...] = ()

    @property
    def named(self) -> Iterator[str]:
        """Every resource that it speaks of."""
        return chain(self.requests, self.limits)


class Capabilities(Shape, frozen=True):
    add: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()


class SeccompProfile(Shape, frozen=True):
    type: str = ""


class SecurityContext(Shape, frozen=True):
    """Of a pod or a container; where both say something, the container's holds."""

    privileged: bool | None = None
    allow_privilege_escalation: bool | None = None
    run_as_user: int | None = None
    run_as_non_root: bool | None = None
    read_only_root_filesystem: bool | None = None
    capabilities: Capabilities = Capabilities()
    seccomp_profile: SeccompProfile | None = None


class Elsewhere(Shape, frozen=True):
    """Where a value comes from. That it comes from elsewhere is all that is read."""


class EnvVar(Shape, frozen=True):
    name: str = ""
    value: str = ""
    value_from: Elsewhere | None = None


class VolumeMount(Shape, frozen=True):
    name: str = ""
    mount_path: str = ""
    read_only: bool = False


class Port(Shape, frozen=True):
    name: str = ""
    container_port: int = 0
    host_port: int = 0
    host_ip: str = msgspec.field(default="", name="hostIP")
    protocol: str = ""


class Probe(Shape, frozen=True):
    initial_delay_seconds: int | str = 0
    period_seconds: int | str = 10
    failure_threshold: int | str = 3

    @property
    def patience(self) -> int:
        """Seconds until it gives up; for what is no number, Kubernetes' own default."""
        return _number(self.initial_delay_seconds, 0) + _number(self.period_seconds, 10) * _number(
            self.failure_threshold, 3
        )


def _number(value: int | str, otherwise: int) -> int:
    return value if isinstance(value, int) else otherwise


class Container(Shape, frozen=True):
    name: str = ""
    image: str = ""
    image_pull_policy: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[EnvVar, ...] = ()
    ports: tuple[Port, ...] = ()
    resources: Resources = Resources()
    security_context: SecurityContext = SecurityContext()
    volume_mounts: tuple[VolumeMount, ...] = ()
    restart_policy: str = ""
    readiness_probe: Probe | None = None
    liveness_probe: Probe | None = None
    startup_probe: Probe | None = None

    def setting(self, name: str) -> str | None:
        """An environment variable that is written out; ``None`` where it is not set."""
        return next((one.value for one in self.env if one.name == name), None)


class HostPath(Shape, frozen=True):
    path: str = ""


class ImageVolume(Shape, frozen=True):
    reference: str = ""
    pull_policy: str = ""


class ClaimVolume(Shape, frozen=True):
    claim_name: str = ""
    read_only: bool = False


class EmptyDir(Shape, frozen=True):
    medium: str = ""
    size_limit: str | int = ""


class ConfigMapVolume(Shape, frozen=True):
    name: str = ""


class Volume(Shape, frozen=True):
    name: str = ""
    config_map: ConfigMapVolume | None = None
    host_path: HostPath | None = None
    image: ImageVolume | None = None
    persistent_volume_claim: ClaimVolume | None = None
    empty_dir: EmptyDir | None = None


class PodClaim(Shape, frozen=True):
    """A reference to a ResourceClaim of dynamic resource allocation, or to a template for one."""

    name: str = ""
    resource_claim_name: str = ""
    resource_claim_template_name: str = ""


class SchedulingGroup(Shape, frozen=True):
    pod_group_name: str = ""


class PodSpec(Shape, frozen=True):
    node_name: str = ""
    node_selector: dict[str, str] = {}
    affinity: dict[str, Any] | None = None
    tolerations: tuple[Toleration, ...] = ()
    scheduler_name: str = ""
    priority_class_name: str = ""
    priority: int | None = None
    preemption_policy: str = ""
    runtime_class_name: str = ""
    service_account_name: str = ""
    automount_service_account_token: bool | None = None
    host_network: bool = False
    host_pid: bool = msgspec.field(default=False, name="hostPID")
    host_ipc: bool = msgspec.field(default=False, name="hostIPC")
    host_users: bool | None = None
    restart_policy: str = ""
    termination_grace_period_seconds: int | None = None
    security_context: SecurityContext = SecurityContext()
    resources: Resources | None = None  # of the pod as a whole
    overhead: Amounts = {}  # that its runtime adds
    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] = ()
    volumes: tuple[Volume, ...] = ()
    resource_claims: tuple[PodClaim, ...] = ()
    scheduling_group: SchedulingGroup | None = None
    scheduling_gates: tuple[dict[str, str], ...] = ()
    topology_spread_constraints: tuple[dict[str, Any], ...] = ()

    @property
    def every_container(self) -> Iterator[Container]:
        yield from self.init_containers
        yield from self.containers

    @property
    def images(self) -> Iterator[str]:
        """All that is pulled for it: containers', init containers' and image volumes'."""
        yield from (one.image for one in self.every_container if one.image)
        yield from (volume.image.reference for volume in self.volumes if volume.image)


def registry_of(image: str) -> str:
    """The host that an image's name begins with; empty where it begins with none."""
    first, slash, _ = image.partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else ""


class Waiting(Shape, frozen=True):
    reason: str = ""
    message: str = ""


class Terminated(Shape, frozen=True):
    exit_code: int = 0
    reason: str = ""
    finished_at: dt.datetime | None = None


class Running(Shape, frozen=True):
    started_at: dt.datetime | None = None


class State(Shape, frozen=True):
    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class DeviceHealth(Shape, frozen=True):
    resource_id: str = msgspec.field(default="", name="resourceID")
    health: str = ""


class AllocatedStatus(Shape, frozen=True):
    name: str = ""
    resources: tuple[DeviceHealth, ...] = ()


class ContainerStatus(Shape, frozen=True):
    name: str = ""
    image: str = ""
    image_id: str = msgspec.field(default="", name="imageID")  # what really runs, by its digest
    ready: bool = False
    restart_count: int = 0
    state: State = State()
    last_state: State = State()
    allocated_resources_status: tuple[AllocatedStatus, ...] = ()


class PodStatus(Shape, frozen=True):
    phase: str = ""
    reason: str = ""
    message: str = ""
    conditions: tuple[Condition, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()
    init_container_statuses: tuple[ContainerStatus, ...] = ()
    start_time: dt.datetime | None = None
    nominated_node_name: str = ""
    resource_claim_statuses: tuple[dict[str, str], ...] = ()

    def condition(self, type: str) -> Condition | None:
        return next((one for one in self.conditions if one.type == type), None)


KNOWN_BY = ("metadata.labels", "spec.containers")  # parts of a pod that tell whose program it is


class Pod(Fact, frozen=True):
    of = "pods"

    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()


class PodTemplate(Shape, frozen=True):
    """What a controller makes pods of."""

    metadata: Meta = Meta()
    spec: PodSpec = PodSpec()
