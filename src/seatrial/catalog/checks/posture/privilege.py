"""What pods with accelerators may do to their node and to other tenants' devices.

A container that gets out of its box is on a node with eight devices of eight tenants, so what gives a pod the node is
critical, and what gives it the devices of others or a long step towards the node is high. The software that nodes need to
have accelerators at all is left out: kube-system, and DaemonSets in a namespace whose DaemonSets hold the kubelet's sockets
for plug-ins. What an image itself sets, such as an environment variable of its base, cannot be read here.
"""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Iterator

from seatrial.catalog.checks.posture.naming import some
from seatrial.catalog.systems.kubernetes.pods import Container, EnvVar
from seatrial.catalog.systems.sandboxes import RuntimeClass, matches
from seatrial.catalog.views.tenants import FORCING, TenantWorkload, driver_namespaces, offers_devices
from seatrial.catalog.views.workloads import Workload
from seatrial.model.check import check
from seatrial.model.fact import All
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown

DEVICE_FILES = (
    "/dev/nvidia*",
    "/dev/kfd",
    "/dev/dri",
    "/dev/dri/*",
    "/dev/vfio*",
    "/dev/accel*",
    "/dev/neuron*",
    "/dev/habanalabs*",
    "/run/nvidia*",  # the root of a containerised driver, with its device files
    "/var/run/nvidia*",
)
ALL_DEVICES = ("/", "/dev", "/sys", "/proc")  # of use only to a container that may open what it finds there
NODE_SOCKETS = (
    "/var/lib/kubelet*",
    "/run/containerd*",
    "/var/run/containerd*",
    "/var/run/docker.sock",
    "/run/docker.sock",
    "/run/crio*",
    "/var/run/crio*",
    "/run/k3s/containerd*",
    "/var/run/cdi*",
    "/etc/cdi*",
)
POWERFUL = (
    "ALL",
    "BPF",
    "DAC_READ_SEARCH",
    "MKNOD",
    "NET_ADMIN",
    "SYS_ADMIN",
    "SYS_MODULE",
    "SYS_PTRACE",
    "SYS_RAWIO",
)
NO_DEVICES = ("", "none", "void")
_HANDLERS = ("nvidia*", "amd*", "habana*")


@check("privilege.containers-with-accelerators-are-unprivileged", severity=Severity.CRITICAL)
def containers_with_accelerators_are_unprivileged(workload: TenantWorkload) -> Verdict:
    """No pod that uses accelerators has a privileged container.

    Why: a privileged container opens every device of the node, those of other tenants included, and the node itself.
    Fix: remove `securityContext.privileged`; a device plugin or a ResourceClaim hands out the device without it. For RDMA
    ask for the capability IPC_LOCK alone.
    """
    if not workload.uses_accelerators:
        return not_applicable("it uses no accelerators")
    bad = [one.name for one in workload.spec.every_container if one.security_context.privileged]
    if bad:
        return failed(f"privileged, with accelerators: {some(bad)}", containers=bad)
    return passed(f"none of its {len(list(workload.spec.every_container))} containers is privileged")


@check("privilege.device-files-are-not-mounted", severity=Severity.HIGH)
def device_files_are_not_mounted(workload: TenantWorkload) -> Verdict:
    """No workload of a tenant mounts device files of accelerators from its node.

    Why: a device that comes by `hostPath` was given by nobody: the scheduler does not count it, no quota bounds it, and
    another pod may be working on it. A privileged container opens all that `/dev` holds.
    Fix: remove the volume, and ask for the device by `resources.limits` or by `resourceClaims`.
    """
    paths = list(_host_paths(workload))
    bad = [path for path in paths if matches(path, DEVICE_FILES)]
    if any(one.security_context.privileged for one in workload.spec.every_container):
        bad += [path for path in paths if path in ALL_DEVICES]
    if bad:
        return failed(f"it mounts {some(bad)} of its node", paths=sorted(bad))
    return passed(f"none of its {len(paths)} paths of the node is that of an accelerator")


@check("privilege.node-sockets-are-not-mounted", severity=Severity.CRITICAL)
def node_sockets_are_not_mounted(workload: TenantWorkload) -> Verdict:
    """No workload with accelerators mounts the folders by which the kubelet, the runtime or device interfaces are steered.

    Why: whoever reaches the kubelet's sockets for plug-ins can pose as a device plugin, whoever reaches the runtime's
    starts what he likes, and whoever writes `/etc/cdi` says what others' containers get.
    Fix: remove the `hostPath` volume. A driver belongs in a namespace of its own, as a DaemonSet.
    """
    if not workload.uses_accelerators:
        return not_applicable("it uses no accelerators")
    bad = [path for path in _host_paths(workload) if matches(path, NODE_SOCKETS)]
    if bad:
        return failed(f"it mounts {some(bad)} of its node", paths=sorted(bad))
    return passed("it mounts none of them")


@check("privilege.visible-devices-are-left-to-the-plugin", severity=Severity.HIGH)
def visible_devices_are_left_to_the_plugin(workload: TenantWorkload) -> Verdict:
    """No container names the devices that it wants to see in its environment.

    Why: a container runtime that obeys `NVIDIA_VISIBLE_DEVICES` gives `all` to a container that was given one device or
    none, and those may be other tenants'. What stands in the pod goes before what the plug-in says.
    Fix: remove the variable, or set it to `void`; and let the toolkit refuse it
    (`ACCEPT_NVIDIA_VISIBLE_DEVICES_ENVVAR_WHEN_UNPRIVILEGED=false`).
    """
    named = [(one, entry) for one in workload.spec.every_container for entry in one.env if entry.name in FORCING]
    bad = [_forced(one, entry) for one, entry in named if entry.value.lower() not in NO_DEVICES]
    if bad:
        return failed(f"set in {some(bad)}", containers=sorted(bad))
    hidden = [one.name for one, entry in named if entry.value_from]
    if hidden:
        return unknown(f"{some(hidden)} takes it from elsewhere, and what is said there was not read")
    return passed("no container does")


@check("privilege.namespaces-of-the-node-are-not-shared", severity=Severity.HIGH)
def namespaces_of_the_node_are_not_shared(workload: TenantWorkload) -> Verdict:
    """No pod that uses accelerators is in its node's own process, IPC or network namespace.

    Why: in them it sees the processes of other tenants' jobs, their shared memory and their loopback, and no
    NetworkPolicy holds for it.
    Fix: remove `hostPID`, `hostIPC` and `hostNetwork`. For fast networks give the pod an interface of its own (SR-IOV, or a
    DRA driver for network cards), and for shared memory an `emptyDir` of `medium: Memory` at /dev/shm.
    """
    if not workload.uses_accelerators:
        return not_applicable("it uses no accelerators")
    spec = workload.spec
    shared = {"hostPID": spec.host_pid, "hostIPC": spec.host_ipc, "hostNetwork": spec.host_network}
    bad = [name for name, on in shared.items() if on]
    return failed(f"it sets {some(bad)}", set=bad) if bad else passed("it has its own of each")


@check("privilege.capabilities-stay-small", severity=Severity.HIGH)
def capabilities_stay_small(workload: TenantWorkload) -> Verdict:
    """No container of a pod with accelerators gets a capability that opens the node.

    Why: SYS_ADMIN and its like are privileged by another name, on the nodes whose kernel runs the largest drivers.
    Fix: remove it from `securityContext.capabilities.add`, and drop ALL. Profiling counters need no SYS_ADMIN where the
    driver is loaded with `NVreg_RestrictProfilingToAdminUsers=0`, which is a decision of its own. IPC_LOCK is no problem.
    """
    if not workload.uses_accelerators:
        return not_applicable("it uses no accelerators")
    bad = [
        f"{one.name}: {name}"
        for one in workload.spec.every_container
        for name in one.security_context.capabilities.add
        if name.upper().removeprefix("CAP_") in POWERFUL
    ]
    bad += [
        f"{one.name}: all, by privilege" for one in workload.spec.every_container if one.security_context.privileged
    ]
    return failed(f"it adds {some(bad)}", added=sorted(bad)) if bad else passed("it adds none of those")


@check("privilege.accelerator-runtimes-go-with-requests", severity=Severity.MEDIUM)
def accelerator_runtimes_go_with_requests(workload: TenantWorkload, classes: All[RuntimeClass]) -> Verdict:
    """Only pods that ask for accelerators run by the runtime that brings accelerators into containers.

    Why: that runtime reads `NVIDIA_VISIBLE_DEVICES` of the image, too, and base images of CUDA set it to `all`: a pod that
    asked for nothing may then use everything.
    Fix: remove `runtimeClassName`, or ask for the device.
    """
    name = workload.spec.runtime_class_name
    if not name:
        return not_applicable("it names no RuntimeClass")
    handler = next((one.handler for one in classes if one.name == name), None)
    if handler is None:
        return unknown(f"there is no RuntimeClass {name}, so nobody can say what it would run by")
    if not matches(handler, _HANDLERS):
        return not_applicable(f"its handler {handler} brings no accelerators")
    if workload.uses_accelerators:
        return passed(f"it runs by {handler}, and asks for accelerators")
    return failed(f"it runs by {handler}, and asks for no accelerator")


@check("privilege.drivers-live-apart", severity=Severity.MEDIUM)
def drivers_live_apart(workloads: All[Workload]) -> Verdict:
    """Where drivers and device plugins live no tenant uses accelerators.

    Why: drivers need what no tenant may have, so admission and Pod Security let everything into their namespaces; and our
    own checks leave DaemonSets there in peace.
    Fix: move the workload to a namespace of its own.
    """
    homes = driver_namespaces(workloads)
    drivers = [one.subject for one in workloads if offers_devices(one)]
    if not drivers:
        return not_applicable("no DaemonSet holds the kubelet's sockets for plug-ins")
    bad = [one.subject for one in workloads if one.namespace in homes and one.accelerators and not _is_daemon(one)]
    if bad:
        return failed(f"beside drivers: {some(bad)}", workloads=sorted(bad)[:50])
    return passed(
        f"left in peace, as drivers: {some(drivers)}; in {some(homes)} no tenant uses accelerators",
        drivers=drivers[:50],
    )


def _host_paths(workload: Workload) -> Iterator[str]:
    for volume in workload.spec.volumes:
        if volume.host_path:
            yield posixpath.normpath("/" + volume.host_path.path.lstrip("/"))


def _forced(container: Container, entry: EnvVar) -> str:
    return f"{container.name}: {entry.name}"


def _is_daemon(workload: Workload) -> bool:
    return fnmatch.fnmatchcase(workload.made_by, "*daemonset*/*")
