"""Blind spots: accelerators of which nobody hears when they idle, fail, or who holds them.

Severities: a node without an exporter, or an exporter that nobody collects from, hides whatever happens there, so both are high. Numbers
that name no pod or claim cannot be charged or debugged by tenant, and errors that are not counted are found by users: medium.
These checks judge how things are set up; what the series themselves say (coverage, age, the share with a pod) is Prometheus' to tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from seatrial.catalog.checks.posture.naming import some
from seatrial.catalog.systems.exporters import DCGM_EXPORTER
from seatrial.catalog.systems.kubernetes.configmaps import ConfigMap
from seatrial.catalog.systems.kubernetes.dra import ResourceClaim
from seatrial.catalog.systems.kubernetes.pods import Container
from seatrial.catalog.views.accelerator_nodes import DRIVERS, AcceleratorNode, vendor_of
from seatrial.catalog.views.exporter_groups import Exporter
from seatrial.catalog.views.workloads import Workload
from seatrial.model.check import check
from seatrial.model.fact import All
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown

_SOCKETS = "/var/lib/kubelet/pod-resources"
_YES = ("true", "1", "t")
_COUNTERS = ("DCGM_EXP_XID_ERRORS_COUNT",)
_SHIPPED = re.compile(r"(default-counters|dcp-metrics-included|1\.x-compatibility-metrics)\.csv$")
_SETTING, _FLAGS = "DCGM_EXPORTER_COLLECTORS", ("-f", "--collectors")
_CONFIG, _CONFIG_FLAGS = "DCGM_EXPORTER_CONFIGMAP_DATA", ("-m", "--configmap-data")
_DRIVER_IMAGES = ("dra-driver-nvidia-gpu", "k8s-dra-driver-gpu", "nvidia-dra-driver-gpu")
_HEALTH = "NVMLDeviceHealthCheck"


@check("blind-spots.every-accelerator-node-has-an-exporter", severity=Severity.HIGH)
def every_accelerator_node_has_an_exporter(nodes: All[AcceleratorNode], exporters: All[Exporter]) -> Verdict:
    """On every node with accelerators a ready exporter of their vendor runs.

    Why: of a node without one nobody hears that its devices idle, overheat or fail. New pools with new taints are the usual ones.
    Fix: let the exporter's DaemonSet tolerate the taints of that pool and select its nodes; look why it is not ready elsewhere.
    """
    if not nodes:
        return not_applicable("no node has accelerators")
    covered = {(node, vendor) for one in exporters for node in one.nodes for vendor in _vendors(one)}
    known = {vendor for one in exporters for vendor in _vendors(one)}
    blind: dict[str, list[str]] = {}
    for node in nodes:
        for vendor in {vendor_of(name) for name in node.resources} | {DRIVERS[name] for name in node.drivers}:
            if (node.name, vendor) not in covered:
                blind.setdefault(vendor, []).append(node.name)
    if not blind:
        return passed(f"{len(nodes)} nodes with accelerators have an exporter")
    told = "; ".join(f"{len(names)} of {vendor}: {some(names)}" for vendor, names in sorted(blind.items()))
    if not set(blind) & {"nvidia", "amd", "intel", "tpu", *known}:
        return unknown(f"no exporter is known for accelerators like these, so nobody can tell: {told}")
    return failed(f"{sum(map(len, blind.values()))} of {len(nodes)} nodes have no ready exporter: {told}")


@check("blind-spots.exporters-are-collected-from", severity=Severity.HIGH)
def exporters_are_collected_from(exporter: Exporter) -> Verdict:
    """A monitoring system collects what an exporter tells.

    Why: an exporter that nobody asks is as good as none.
    Fix: create a ServiceMonitor or a PodMonitor that selects it (`serviceMonitor.enabled` in its chart), or annotate its pods with
    `prometheus.io/scrape`.
    """
    if exporter.collected_by:
        return passed(f"by {some(exporter.collected_by)}")
    if exporter.operated:
        return failed("no ServiceMonitor, PodMonitor or annotation is about it")
    return unknown("no annotation is about it, and how else this cluster collects cannot be read")


@check("blind-spots.exporters-tell-which-pod", severity=Severity.MEDIUM)
def exporters_tell_which_pod(exporter: Exporter) -> Verdict:
    """An exporter can tell which pod holds a device.

    Why: without it nobody knows whose job idles on eight devices, or whom a failing device hurts.
    Fix: mount `/var/lib/kubelet/pod-resources` from the host, and for dcgm-exporter set `DCGM_EXPORTER_KUBERNETES=true`.
    """
    if exporter.system == "lab-exporter":
        return not_applicable("the lab's own exporter asks the kubelet by other means")
    paths = [volume.host_path.path for volume in exporter.spec.volumes if volume.host_path is not None]
    if not any(_holds_sockets(path) for path in paths):
        return failed(f"it does not mount {_SOCKETS}, where the kubelet tells who holds which device")
    if exporter.system != DCGM_EXPORTER.id:
        return passed(f"it mounts {_SOCKETS}")
    return _switched(exporter.container, "DCGM_EXPORTER_KUBERNETES", ("-k", "--kubernetes"))


@check("blind-spots.exporters-tell-which-claim", severity=Severity.MEDIUM)
def exporters_tell_which_claim(exporter: Exporter, claims: All[ResourceClaim]) -> Verdict:
    """Where devices are handed out by claims, dcgm-exporter tells to whom.

    Why: it knows of the device plugin's pods only, unless it is told otherwise. After a move to claims its numbers name no pod any more.
    Fix: set `KUBERNETES_ENABLE_DRA=true` (`kubernetesDRA.enabled` in its chart), and let its account read pods and ResourceSlices.
    """
    if exporter.system != DCGM_EXPORTER.id:
        return not_applicable("it is not NVIDIA's")
    drivers = set(exporter.drivers)
    held = [one for one in claims if one.status.allocation and _of_driver(one, drivers)]
    if not held:
        return not_applicable("no device of NVIDIA is held by a claim")
    return _switched(exporter.container, "KUBERNETES_ENABLE_DRA", ("--kubernetes-enable-dra",))


@check("blind-spots.device-errors-are-counted", severity=Severity.MEDIUM)
def device_errors_are_counted(exporter: Exporter, configs: All[ConfigMap]) -> Verdict:
    """dcgm-exporter counts XID errors.

    Why: its lists of fields ship with that counter commented out. The gauge `DCGM_FI_DEV_XID_ERRORS` only keeps the last error, and
    hides how many there were.
    Fix: give it a list of fields with `DCGM_EXP_XID_ERRORS_COUNT`, in a ConfigMap that `DCGM_EXPORTER_CONFIGMAP_DATA` names or that
    is mounted at `DCGM_EXPORTER_COLLECTORS` (in the GPU operator: `dcgmExporter.config.name`).
    """
    if exporter.system != DCGM_EXPORTER.id:
        return not_applicable("it is not NVIDIA's")
    names = set(_lists_of(exporter))
    if not names:
        path = _given(exporter.container, _SETTING, _FLAGS) or "default-counters.csv"
        if _SHIPPED.search(path):
            return failed(f"it uses {path} of its image, in which that counter is commented out")
        return unknown(f"it uses {path}, which cannot be read from here")
    found = [one for one in configs if (one.metadata.namespace, one.name) in names]
    if not found:
        return unknown(f"{some(name for _, name in names)} with its list of fields was not found")
    rows = [row.strip() for one in found for text in one.data.values() for row in text.splitlines()]
    if any(row.startswith(_COUNTERS) for row in rows):
        return passed(f"{some(one.subject for one in found)} asks for it")
    return failed(f"{some(one.subject for one in found)} does not ask for {_COUNTERS[0]}")


@check("blind-spots.claimed-devices-are-watched", severity=Severity.MEDIUM)
def claimed_devices_are_watched(workload: Workload) -> Verdict:
    """NVIDIA's DRA driver watches the health of its devices.

    Why: unless it is told to, it goes on offering a device that has failed; the device plugin would have taken it back.
    Fix: set `featureGates.NVMLDeviceHealthCheck=true` in its chart; it then taints such devices. It cannot be combined with `DynamicMIG`.
    """
    plugins = [one for one in workload.spec.containers if one.name == "gpus" and _is_driver(one)]
    if not plugins:
        return not_applicable("it is not the kubelet plugin of NVIDIA's DRA driver")
    gates = _given(plugins[0], "FEATURE_GATES", ("--feature-gates",))
    if gates is None:
        return (
            unknown("its feature gates are not written out here")
            if _is_hidden(plugins[0])
            else failed(f"{_HEALTH} is off, as it is by default")
        )
    return passed(f"{_HEALTH} is on") if f"{_HEALTH}=true" in gates else failed(f"{_HEALTH} is off")


def _vendors(exporter: Exporter) -> set[str]:
    return {vendor_of(name) for name in exporter.resources} | {DRIVERS[n] for n in exporter.drivers if n in DRIVERS}


def _holds_sockets(path: str) -> bool:
    return f"{_SOCKETS}/".startswith(f"{path.rstrip('/')}/")


def _of_driver(claim: ResourceClaim, drivers: set[str]) -> bool:
    results = claim.status.allocation.devices.results if claim.status.allocation else ()
    return any(one.driver in drivers for one in results)


def _switched(container: Container, setting: str, flags: tuple[str, ...]) -> Verdict:
    value = _given(container, setting, flags)
    if value is None:
        if any(one.name == setting and one.value_from for one in container.env):
            return unknown(f"{setting} comes from elsewhere, and was not read")
        return failed(f"neither {setting} nor {flags[-1]} is set, and it is off by default")
    return passed(f"{setting} is on") if value.lower() in _YES else failed(f"{setting} is off")


def _given(container: Container, setting: str, flags: tuple[str, ...]) -> str | None:
    """The value of a setting, by flag or environment; a flag alone is true."""
    words = [*container.command, *container.args]
    for position, word in enumerate(words):
        flag, equals, value = word.partition("=")
        if flag in flags:
            after = words[position + 1] if position + 1 < len(words) else "-"
            return value if equals else ("true" if after.startswith("-") else after)
    found = next((one for one in container.env if one.name == setting and not one.value_from), None)
    return found.value if found is not None else None


def _lists_of(exporter: Exporter) -> Iterator[tuple[str, str]]:
    """ConfigMaps with lists of fields: one that is named, or those that are mounted where the list is."""
    named = _given(exporter.container, _CONFIG, _CONFIG_FLAGS)
    if named and named != "none":
        namespace, _, name = named.rpartition(":")
        yield namespace or exporter.metadata.namespace, name
        return
    path = _given(exporter.container, _SETTING, _FLAGS) or ""
    mounts = {one.name: one.mount_path for one in exporter.container.volume_mounts}
    for volume in exporter.spec.volumes:
        at = mounts.get(volume.name, "")
        if volume.config_map is not None and at and path.startswith(at):
            yield exporter.metadata.namespace, volume.config_map.name


def _is_driver(container: Container) -> bool:
    return any(name in container.image for name in _DRIVER_IMAGES)


def _is_hidden(container: Container) -> bool:
    return any(one.name == "FEATURE_GATES" and one.value_from for one in container.env)
