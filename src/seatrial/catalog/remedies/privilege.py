"""What pods may do to their node and to other tenants' devices."""

from __future__ import annotations

import re
from collections.abc import Sequence

from seatrial.catalog.checks.posture.privilege import ALL_DEVICES, DEVICE_FILES, NO_DEVICES, NODE_SOCKETS, POWERFUL
from seatrial.catalog.remedies.impact import uses_accelerators
from seatrial.catalog.remedies.pods import CONTAINERS, USES_ACCELERATORS, container, paths, plain, pod, texts
from seatrial.catalog.remedies.policies import (
    EPHEMERAL,
    PODS,
    VALIDATING,
    Demand,
    beside_the_platform,
    denied,
)
from seatrial.catalog.systems.kubernetes.pods import PodSpec
from seatrial.catalog.views.tenants import FORCING
from seatrial.catalog.views.workloads import Workload
from seatrial.model.fact import Obj, Snapshot
from seatrial.model.remedy import Fix, Remedy, Trial
from seatrial.model.verdict import Finding


def _privileged(spec: PodSpec) -> bool:
    return any(one.security_context.privileged for one in spec.every_container)


def _shares(spec: PodSpec) -> bool:
    return spec.host_pid or spec.host_ipc or spec.host_network


def _is_powerful(spec: PodSpec) -> bool:
    added = (name for one in spec.every_container for name in one.security_context.capabilities.add)
    return any(name.upper().replace("CAP_", "") in POWERFUL for name in added)


def _mounts(spec: PodSpec, patterns: tuple[str, ...]) -> bool:
    mounted = (one.host_path.path for one in spec.volumes if one.host_path is not None)
    return any(re.fullmatch(paths(patterns), path) for path in mounted)


def _names_devices(spec: PodSpec) -> bool:
    settings = (entry for one in spec.every_container for entry in one.env if entry.name in FORCING)
    return any(one.value_from is not None or one.value.lower() not in NO_DEVICES for one in settings)


_VARIABLES = (
    ("containers", CONTAINERS),
    ("accelerators", USES_ACCELERATORS),
    ("privileged", "variables.containers.exists(c, c.?securityContext.?privileged.orValue(false))"),
    ("paths", "object.spec.?volumes.orValue([]).filter(v, has(v.hostPath)).map(v, v.hostPath.path)"),
)
_DEMANDS = (
    Demand(
        "!variables.accelerators || !variables.privileged",
        "a pod with accelerators has no privileged container",
        lambda spec: uses_accelerators(spec) and _privileged(spec),
    ),
    Demand(
        "!variables.accelerators || !(object.spec.?hostPID.orValue(false) || object.spec.?hostIPC.orValue(false)\n"
        "    || object.spec.?hostNetwork.orValue(false))",
        "a pod with accelerators has process, IPC and network namespaces of its own",
        lambda spec: uses_accelerators(spec) and _shares(spec),
    ),
    Demand(
        "!variables.accelerators || variables.containers.all(c,\n"
        "    c.?securityContext.?capabilities.?add.orValue([]).all(n,\n"
        f"        !(n.upperAscii().replace('CAP_', '') in {texts(POWERFUL)})))",
        "a container of a pod with accelerators adds no capability that opens the node",
        lambda spec: uses_accelerators(spec) and _is_powerful(spec),
    ),
    Demand(
        f"!variables.accelerators || variables.paths.all(p, !p.matches(r'{paths(NODE_SOCKETS)}'))",
        "a pod with accelerators mounts no folder by which the kubelet, the runtime or device interfaces are steered",
        lambda spec: uses_accelerators(spec) and _mounts(spec, NODE_SOCKETS),
    ),
    Demand(
        f"variables.paths.all(p, !p.matches(r'{paths(DEVICE_FILES)}'))\n"
        f"&& (!variables.privileged || variables.paths.all(p, !p.matches(r'{paths(ALL_DEVICES)}')))",
        "device files are not mounted: ask for the device by resources.limits or resourceClaims",
        lambda spec: _mounts(spec, DEVICE_FILES) or (_privileged(spec) and _mounts(spec, ALL_DEVICES)),
    ),
    Demand(
        "variables.containers.all(c, c.?env.orValue([]).all(e,\n"
        f"    !(e.name in {texts(FORCING)}) || (!has(e.valueFrom)\n"
        f"        && e.?value.orValue('').lowerAscii() in {texts(NO_DEVICES)})))",
        "no container names the devices that it wants to see in its environment",
        _names_devices,
    ),
)


def _rendered(snapshot: Snapshot, findings: Sequence[Finding]) -> Fix:
    return denied(
        "seatrial-privilege",
        snapshot,
        rules=(PODS, EPHEMERAL),
        variables=_VARIABLES,
        demands=_DEMANDS,
        namespaces=beside_the_platform(snapshot),
    )


def _mounting(path: str) -> Obj:
    return pod(volumes=[{"name": "host", "hostPath": {"path": path}}])


PRIVILEGE = Remedy(
    id="privilege",
    title="Pods get devices from the scheduler, and nothing that opens their node",
    why=(
        "A container that gets out of its box is on a node with eight devices of eight tenants. Privilege, paths of the node and"
        " `NVIDIA_VISIBLE_DEVICES` give a pod what nobody counted and no quota bounds."
    ),
    effect=(
        "Pods with accelerators may not be privileged, share namespaces of the node, add capabilities that open it, or mount its"
        " sockets; no pod may mount device files or name devices in its environment. Kubernetes' own namespaces and those in which"
        " device plug-ins and drivers live now are left out by name: add those of other software that needs the node."
    ),
    cures=(
        "privilege.containers-with-accelerators-are-unprivileged",
        "privilege.device-files-are-not-mounted",
        "privilege.node-sockets-are-not-mounted",
        "privilege.visible-devices-are-left-to-the-plugin",
        "privilege.namespaces-of-the-node-are-not-shared",
        "privilege.capabilities-stay-small",
    ),
    refuses=True,
    serves=(VALIDATING,),
    reads=(Workload,),
    render=_rendered,
    trials=(
        Trial(
            what="a privileged pod with an accelerator",
            obj=pod(containers=[container(securityContext={"privileged": True})]),
            refused="no privileged container",
        ),
        Trial(what="hostIPC with an accelerator", obj=pod(hostIPC=True), refused="namespaces of its own"),
        Trial(
            what="SYS_ADMIN by its other name",
            obj=pod(containers=[container(securityContext={"capabilities": {"add": ["CAP_SYS_ADMIN"]}})]),
            refused="adds no capability that opens the node",
        ),
        Trial(
            what="the kubelet's sockets, with slashes too many",
            obj=_mounting("//var/lib//kubelet/device-plugins"),
            refused="by which the kubelet",
        ),
        Trial(what="a device file", obj=_mounting("/dev/./nvidia0"), refused="device files are not mounted"),
        Trial(
            what="the folder of a containerised driver, without an accelerator",
            obj=pod(containers=[plain()], volumes=[{"name": "host", "hostPath": {"path": "/run/nvidia/driver"}}]),
            refused="device files are not mounted",
        ),
        Trial(
            what="an init container that wants to see all devices",
            obj=pod(
                initContainers=[
                    {**plain(), "name": "look", "env": [{"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}]}
                ]
            ),
            refused="names the devices that it wants to see",
        ),
        Trial(what="an accelerator, and no more", obj=pod()),
        Trial(
            what="a profiler with IPC_LOCK, data of the node and devices set to void",
            obj=pod(
                containers=[
                    container(
                        securityContext={"capabilities": {"add": ["IPC_LOCK"]}},
                        env=[{"name": "NVIDIA_VISIBLE_DEVICES", "value": "void"}],
                    )
                ],
                volumes=[{"name": "host", "hostPath": {"path": "/devel/nvidia"}}],
            ),
        ),
        Trial(
            what="a privileged pod without an accelerator",
            obj=pod(containers=[plain(securityContext={"privileged": True})]),
        ),
    ),
)
