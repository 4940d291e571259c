"""Readings: what Prometheus, or another that speaks its language, has of accelerators at this moment.

How exporters are set up is judged under `blind-spots`; here are the numbers that arrived. Severities: a device that nobody hears of
and one that is failing are high, since the next job will meet it. Numbers that are old or name nobody, and devices that run hot, are
medium. What is only wasted is low. Without a monitoring system all of it is unknown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from seatrial.catalog.checks.posture.naming import some
from seatrial.catalog.systems.device_metrics import (
    HOTTEST,
    IDLE,
    IDLE_FOR,
    XIDS_OF_PROGRAMS,
    DeviceErrors,
    DeviceTemperature,
    DeviceWear,
    device_of,
    nodes_of,
    xid_of,
)
from seatrial.catalog.views.accelerator_nodes import AcceleratorNode
from seatrial.catalog.views.readings import NodeReadings
from seatrial.model.check import check
from seatrial.model.fact import All, Series
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown

_OLDEST = 3.0  # times that it should have been collected again; a proposal
_TOLD = 0.95  # of the devices that are held; a proposal
_HEALTHY = ("gpu_health", "amd_gpu_health")  # 1 where it is
_STATUS = "DCGM_EXP_GPU_HEALTH_STATUS"  # 0, 10 for a warning, 20 for a failure
_NO_EXPORTER = "of how many of its accelerators an exporter should tell is not known"


@check("readings.every-accelerator-is-heard-of", severity=Severity.HIGH)
def every_accelerator_is_heard_of(node: NodeReadings) -> Verdict:
    """The monitoring system has the utilisation of every accelerator.

    Why: of a device without a series nobody learns that it idles or fails, and averages of a fleet are those of its other part.
    Fix: see that the exporter runs on that node and tells of all of its devices, and that the target is up (`up == 0` names it).
    """
    if not node.offered:
        return unknown(_NO_EXPORTER)
    told = f"{min(len(node.devices), node.offered)} of {node.offered} accelerators have a series of their utilisation"
    return failed(told) if len(node.devices) < node.offered else passed(told)


@check("readings.are-fresh", severity=Severity.MEDIUM)
def are_fresh(node: NodeReadings) -> Verdict:
    """What the monitoring system has of an accelerator is of one of the last three collections.

    Why: an old number looks like a new one. Autoscalers and alerts act on what was, until it is dropped after five minutes.
    Fix: look at the target's `scrape_duration_seconds` and errors; a node that is overloaded answers too late. Three is a proposal.
    """
    ages = {one.device: one.age for one in node.devices if one.age is not None}
    if not node.devices:
        return not_applicable("there are no series of it")
    if len(ages) < len(node.devices):
        return unknown(f"of {len(node.devices) - len(ages)} devices nobody knows how old their numbers are")
    old = {device: age for device, age in ages.items() if age > _OLDEST}
    if old:
        return failed(f"{some(old)} should have been collected up to {max(old.values()):.0f} times since")
    return passed(f"the numbers of {len(ages)} devices are of the last three collections")


@check("readings.name-who-holds-devices", severity=Severity.MEDIUM)
def name_who_holds_devices(nodes: All[NodeReadings]) -> Verdict:
    """Of the accelerators that are held, 95 % have series that name the pod.

    Why: nobody can be asked about a device that idles, or told that it fails, if no one knows whose it is. Moving to claims loses the
    names unless the exporter is told about them.
    Fix: for dcgm-exporter set `DCGM_EXPORTER_KUBERNETES=true` and `KUBERNETES_ENABLE_DRA=true`; in a ServiceMonitor set
    `honorLabels: true`, or look for `exported_pod`. 95 % is a proposal: pods come and go between two collections.
    """
    held = sum(one.held for one in nodes)
    if not held:
        return not_applicable("no accelerator of which exporters tell is held")
    named = sum(min(sum(1 for device in one.devices if device.holder), one.held) for one in nodes)
    told = f"{named} of {held} accelerators that are held name their pod"
    if named >= held * _TOLD:
        return passed(told)
    silent = [one.name for one in nodes if sum(1 for device in one.devices if device.holder) < one.held]
    return failed(f"{told}; not on {some(silent)}", nodes=sorted(silent)[:50])


@check("readings.devices-that-are-held-work", severity=Severity.LOW)
def devices_that_are_held_work(node: NodeReadings) -> Verdict:
    """No accelerator is held for half an hour by a pod that does nothing with it.

    Why: it is paid for and kept from those who wait: a notebook that was left, a job that hangs, a server without requests.
    Fix: ask its owner; let notebooks be stopped when they idle, jobs fail by `activeDeadlineSeconds`, and services share or go down to
    none. Half an hour is a proposal.
    """
    known = [one for one in node.devices if one.holder and one.of_late is not None]
    if not any(one.holder for one in node.devices):
        return not_applicable("no series says that a pod holds one of its devices")
    if not known:
        return not_applicable(f"nobody has held one for {IDLE_FOR} minutes")
    idle = [one for one in known if (one.of_late or 0.0) < IDLE]
    if idle:
        told = some(f"{one.device} of {one.holder}" for one in idle)
        return failed(f"{len(idle)} of {len(known)} did nothing for {IDLE_FOR} minutes: {told}")
    return passed(f"{len(known)} that have been held for {IDLE_FOR} minutes did something")


@check("readings.devices-report-no-errors", severity=Severity.HIGH)
def devices_report_no_errors(nodes: All[AcceleratorNode], errors: All[DeviceErrors]) -> Verdict:
    """No NVIDIA device reports an XID of its own.

    Why: XIDs such as 48, 63, 79 or 94 are about memory, the bus or the device. Jobs on it crash or hang, and a gang with them.
    13, 31, 43, 45, 68 and 109 come from programs; NVIDIA's device plugin passes them over, and so does this.
    Fix: drain the node, look the XID up in NVIDIA's list, reset the device or have it replaced.
    """
    if not any(_is_nvidia(one) for one in nodes):
        return not_applicable("no node has accelerators of NVIDIA")
    if not errors:
        return unknown("no series counts XIDs: the exporter leaves them out, or nobody collects from it")
    found: dict[int, set[str]] = defaultdict(set)
    for one in errors:
        if (xid := xid_of(one.labels, one.value)) and xid not in XIDS_OF_PROGRAMS:
            found[xid].add(_where(one))
    if found:
        told = "; ".join(f"{xid} on {some(devices)}" for xid, devices in sorted(found.items()))
        return failed(f"XID {told}", xids=sorted(found))
    return passed(f"{len({device_of(one) for one in errors})} devices report none but those of programs")


@check("readings.devices-are-sound", severity=Severity.HIGH)
def devices_are_sound(nodes: All[AcceleratorNode], wear: All[DeviceWear]) -> Verdict:
    """No device has lost memory that cannot be repaired, and none is reported as unhealthy.

    Why: it returns wrong numbers, or takes down the job of whoever gets it next.
    Fix: drain the node and reset the device; where rows cannot be remapped any more (`DCGM_FI_DEV_ROW_REMAP_FAILURE`), have it replaced.
    """
    if not nodes:
        return not_applicable("no node has accelerators")
    if not wear:
        return unknown("no series tells of the health or the memory errors of a device")
    bad: dict[str, set[str]] = defaultdict(set)
    for one in wear:
        name = one.label("__name__")
        limit = 20.0 if name == _STATUS else 1.0
        if (one.value < 1) if name in _HEALTHY else (one.value >= limit):
            bad[name].add(_where(one))
    if bad:
        return failed("; ".join(f"{name} of {some(devices)}" for name, devices in sorted(bad.items())))
    return passed(f"{len({device_of(one) for one in wear})} devices are sound")


@check("readings.devices-stay-cool", severity=Severity.MEDIUM)
def devices_stay_cool(nodes: All[AcceleratorNode], temperatures: All[DeviceTemperature]) -> Verdict:
    """No accelerator is so hot that it slows down.

    Why: it slows down to save itself, and the slowest device sets the pace of a whole gang.
    Fix: look at fans, air or water of that node. Taken as too hot are 87 °C for NVIDIA, and for AMD 100 °C at the junction and 95 °C at the
    edge: proposals, since limits differ by product; `nvidia-smi -q` and `amd-smi metric` tell them.
    """
    if not nodes:
        return not_applicable("no node has accelerators")
    if not temperatures:
        return unknown("no series tells how hot a device is")
    hot = {_where(one): one.value for one in temperatures if one.value > HOTTEST.get(one.label("__name__"), 0.0)}
    if hot:
        most = max(hot.values())
        return failed(f"{len(hot)} devices are up to {most:.0f} °C hot: {some(hot)}", hottest=most)
    return passed(f"{len(temperatures)} devices are at most {max(one.value for one in temperatures):.0f} °C hot")


def _is_nvidia(node: AcceleratorNode) -> bool:
    return any("nvidia.com" in name for name in _names(node.resources, node.drivers))


def _names(*offers: Mapping[str, int]) -> Iterable[str]:
    for one in offers:
        yield from one


def _where(series: Series) -> str:
    node = next(iter(nodes_of(series)), "")
    return f"{device_of(series) or 'a device'} of {node}" if node else device_of(series) or "a device"
