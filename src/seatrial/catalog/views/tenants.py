"""Tenants: workloads of a cluster's users, apart from the software that nodes need so that there are accelerators at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from operator import attrgetter

from seatrial.catalog.systems.kubernetes.pods import Container, Pod, PodSpec, PodTemplate, SecurityContext
from seatrial.catalog.views.workloads import Workload
from seatrial.model.fact import Fact, Meta, Snapshot, View

SYSTEM = "kube-system"
PLUGIN_SOCKETS = tuple(f"/var/lib/kubelet/{name}" for name in ("device-plugins", "plugins", "plugins_registry"))
FORCING = ("NVIDIA_VISIBLE_DEVICES", "AMD_VISIBLE_DEVICES", "HABANA_VISIBLE_DEVICES")  # variables that name devices
_DAEMONS = ("apps/daemonsets/", "daemonset/")  # the second where DaemonSets themselves could not be read


def offers_devices(workload: Workload) -> bool:
    """A DaemonSet that talks to the kubelet by one of its sockets for plug-ins."""
    mounted = (volume.host_path.path for volume in workload.spec.volumes if volume.host_path)
    return workload.made_by.startswith(_DAEMONS) and any(path.startswith(PLUGIN_SOCKETS) for path in mounted)


def driver_namespaces(workloads: Iterable[Workload]) -> frozenset[str]:
    """Where drivers and device plugins live. Whoever may put a DaemonSet with such a socket there has the nodes anyway."""
    return frozenset(one.namespace for one in workloads if offers_devices(one)) | {SYSTEM}


def serves_nodes(workload: Workload, homes: frozenset[str]) -> bool:
    """It is of the platform: anything in kube-system, and a DaemonSet beside a driver."""
    daemon = workload.made_by.startswith(_DAEMONS)
    return workload.namespace == SYSTEM or (daemon and workload.namespace in homes)


def _beside(workload: Workload) -> tuple[str, ...]:
    """DaemonSets of one namespace tell each other apart: those beside a driver are no tenants'."""
    daemons = (f"daemons/{workload.namespace}",) if workload.made_by.startswith(_DAEMONS) else ()
    return (workload.made_by, *daemons)


class TenantWorkload(Workload, frozen=True):
    """A workload that is not of the platform itself, as its pods are; where it has none, as they would be made.

    Admission changes pods, and a pod may name an owner that never made it: pods that differ in what they may do stand for
    themselves, one for each difference.
    """

    of = "tenant-workloads"
    drawn_from = (Workload,)
    ties = {Workload: _beside}

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        workloads = snapshot.all(Workload)
        homes = driver_namespaces(workloads)
        for one in workloads:
            home = one.namespace
            away = [pod for pod in one.pods if pod.metadata.namespace != home]
            at_home = [pod for pod in one.pods if pod.metadata.namespace == home] if away else one.pods
            own = () if serves_nodes(one, homes) else at_home
            strangers = [pod for pod in away if pod.metadata.namespace != SYSTEM]
            if not own and not serves_nodes(one, homes):
                yield cls(metadata=one.metadata, made_by=one.made_by, wanted=one.wanted, template=one.template)
            for place, alike in enumerate((*_alike(own), *_alike(strangers))):
                yield cls._of(one if own and not place else None, alike)

    @classmethod
    def _of(cls, maker: Workload | None, pods: tuple[Pod, ...]) -> TenantWorkload:
        """The first kind of pod goes under the name of what made it."""
        first = pods[0]
        template = PodTemplate(metadata=first.metadata, spec=first.spec)
        if maker is None:
            return cls(metadata=first.metadata, made_by=first.subject, wanted=len(pods), template=template, pods=pods)
        return cls(metadata=maker.metadata, made_by=maker.made_by, wanted=maker.wanted, template=template, pods=pods)


def _alike(pods: Iterable[Pod]) -> list[tuple[Pod, ...]]:
    kinds: dict[Hashable, list[Pod]] = defaultdict(list)
    of_the_same: dict[tuple[int, ...], list[Pod]] = {}  # parts, as pods of one template have them
    for pod in pods:
        parts = tuple(map(id, _parts_of(pod.spec)))
        members = of_the_same.get(parts)
        if members is None:
            members = of_the_same[parts] = kinds[_powers(pod.spec)]
        members.append(pod)
    return [tuple(members) for members in kinds.values()]


_parts_of = attrgetter(
    "host_network", "host_pid", "host_ipc", "host_users", "runtime_class_name", "service_account_name",
    "automount_service_account_token", "resource_claims", "security_context", "volumes", "containers", "init_containers",
)  # fmt: skip


def _powers(spec: PodSpec) -> Hashable:
    """What tells two pods apart by what they may do. Ranks of a job differ in arguments and environment alone."""
    return (
        (spec.host_network, spec.host_pid, spec.host_ipc, spec.host_users, spec.runtime_class_name),
        (spec.service_account_name, spec.automount_service_account_token, bool(spec.resource_claims)),
        _rights(spec.security_context),
        tuple((one.host_path and one.host_path.path, one.image and one.image.reference) for one in spec.volumes),
        frozenset(
            (one.image, _rights(one.security_context), tuple(one.resources.limits), _devices_named(one))
            for one in spec.every_container
        ),
    )


def _rights(context: SecurityContext) -> Hashable:
    profile = context.seccomp_profile
    return (
        context.privileged,
        context.capabilities.add,
        profile and profile.type,
        context.run_as_user,
        context.run_as_non_root,
    )


def _devices_named(container: Container) -> tuple[str, ...]:
    return tuple(f"{one.name}={one.value}" for one in container.env if one.name in FORCING)


class AcceleratorNamespace(View, frozen=True):
    """A namespace in which tenants use accelerators."""

    of = "accelerator-namespaces"
    drawn_from = (TenantWorkload,)

    workloads: tuple[TenantWorkload, ...] = ()  # those that use accelerators

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        by_namespace: dict[str, list[TenantWorkload]] = defaultdict(list)
        for one in snapshot.all(TenantWorkload):
            if one.uses_accelerators:
                by_namespace[one.namespace].append(one)
        for name, workloads in sorted(by_namespace.items()):
            yield cls(metadata=Meta(name=name), workloads=tuple(workloads))

    @property
    def subject(self) -> str:
        return f"namespaces/{self.name}" if self.name else "namespaces"

    @property
    def resources(self) -> tuple[str, ...]:
        """The extended resources that are used here."""
        return tuple(sorted({resource for one in self.workloads for resource in one.accelerators}))


class NamespaceWorkloads(View, frozen=True):
    """All that runs in one namespace, tenants' or not."""

    of = "namespace-workloads"
    drawn_from = (Workload,)

    workloads: tuple[Workload, ...] = ()

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        by_namespace: dict[str, list[Workload]] = defaultdict(list)
        for one in snapshot.all(Workload):
            by_namespace[one.namespace].append(one)
        for name, workloads in sorted(by_namespace.items()):
            yield cls(metadata=Meta(name=name), workloads=tuple(workloads))


def workloads_in(namespace: str, everything: Iterable[NamespaceWorkloads]) -> tuple[Workload, ...]:
    return next((one.workloads for one in everything if one.name == namespace), ())
