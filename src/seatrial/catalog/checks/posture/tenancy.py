"""Tenancy: whether two tenants hold one accelerator at the same time. A tenant is a namespace.

Severities: where two tenants are on one device without partitions in hardware, a kernel of one can starve, slow or observe that of the
other, so that is high. A partition that was asked for and is not there is high, too: somebody relies on it. What only disappoints
whoever asks for two shares is low. Whether memory of the last tenant can be read takes a device, and is not judged here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seatrial.catalog.checks.posture.naming import some
from seatrial.catalog.systems.kubernetes.configmaps import BadSettings, ConfigMap, settings
from seatrial.catalog.systems.nvidia_gpu_operator import MIG_CONFIG, MIG_STATE, SHARING
from seatrial.catalog.views.accelerator_nodes import AcceleratorNode, AcceleratorPool
from seatrial.catalog.views.shared_devices import SharedDevice
from seatrial.model.check import check
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown

_KEPT_APART = "for tenants that need not trust each other use MIG, or whole devices"


@check("tenancy.shared-devices-have-one-tenant", severity=Severity.HIGH)
def shared_devices_have_one_tenant(device: SharedDevice) -> Verdict:
    """All pods that share a device, or a node whose devices are shared, are of one namespace.

    Why: time-slicing, MPS, HAMi and several allocations of one device by DRA keep no tenant from the other's time, caches and faults;
    of time-slicing NVIDIA itself says that it isolates neither memory nor faults.
    Fix: give tenants partitions in hardware (`nvidia.com/mig-*`, a DRA device for each MIG profile, AMD's compute partitions) or
    whole devices; or taint the nodes that share, so that one tenant alone tolerates them.
    """
    tenants = {space: names for space, names in device.tenants.items() if names}
    many = sum(map(len, tenants.values()))
    if len(tenants) > 1:
        perhaps = f"on one of {device.devices} devices" if device.devices > 1 else "on it"
        return failed(f"{many} pods or claims of {some(tenants)} meet {perhaps} ({device.how}); {_KEPT_APART}")
    if not device.complete:
        return unknown("not all who may hold it could be read")
    if not tenants:
        return passed(f"it is shared ({device.how}), and nobody holds it")
    return passed(f"it is shared ({device.how}) by {many} of {some(tenants)} alone")


@check("tenancy.partitions-are-as-asked", severity=Severity.HIGH)
def partitions_are_as_asked(node: AcceleratorNode) -> Verdict:
    """A node whose devices were to be partitioned has these partitions.

    Why: where it failed, the node offers whole devices or none, and tenants that were promised a partition share, or wait.
    Fix: read the log of the MIG manager on that node; no pod may hold a device while it works.
    """
    wanted, state = node.labels.get(MIG_CONFIG, ""), node.labels.get(MIG_STATE, "")
    if not wanted or wanted == "all-disabled":
        return not_applicable("nobody asked for partitions of its devices")
    if state == "success":
        return passed(f"{wanted} is done")
    if state == "failed":
        return failed(f"{wanted} has failed")
    return unknown(f"{wanted} is {state or 'not begun, or nobody says'}")


@check("tenancy.shares-are-not-added-up", severity=Severity.LOW)
def shares_are_not_added_up(config: ConfigMap) -> Verdict:
    """A pod that asks for two time slices of a device is refused.

    Why: two shares give no more time than one, and may be two halves of one device. Whoever asks for them expects two devices.
    Fix: set `sharing.timeSlicing.failRequestsGreaterThanOne: true` in the device plugin's configuration.
    """
    try:
        slicing = [found for key in config.data for found in _time_slicing(config, key)]
    except BadSettings as error:
        return unknown(str(error))
    if not slicing:
        return not_applicable("it says nothing about time-slicing")
    adding = [one for one in slicing if one.get("failRequestsGreaterThanOne") is not True]
    if adding:
        return failed(f"{len(adding)} of {len(slicing)} configurations in it give several shares to one pod")
    return passed(f"all {len(slicing)} configurations in it refuse that")


@check("tenancy.shared-nodes-are-set-apart", severity=Severity.MEDIUM)
def shared_nodes_are_set_apart(pool: AcceleratorPool) -> Verdict:
    """Nodes that share their devices have a taint that keeps out whoever has not agreed to share.

    Why: a pod that asks for `nvidia.com/gpu: 1` cannot tell a share from a device. Any tenant's next pod may land there.
    Fix: taint these nodes (`effect: NoSchedule`) and let one tenant tolerate it; or rename shares: with
    `sharing.timeSlicing.renameByDefault: true` they are `nvidia.com/gpu.shared`, and have to be asked for.
    """
    sharing = [node for node in pool.nodes if node.labels.get(SHARING, "none") != "none"]
    if not sharing:
        return not_applicable("its nodes do not share their devices by time-slicing or MPS")
    open_ = [node for node in sharing if not _is_apart(node)]
    if not open_:
        return passed(f"{len(sharing)} nodes share, each with a taint or under another name")
    shares = {name for node in open_ for name in node.resources}
    names = some((node.name for node in open_), 3)
    return failed(f"{len(open_)} nodes ({names}) share as {some(shares) or 'nothing yet'}, and have no taint")


def _is_apart(node: AcceleratorNode) -> bool:
    renamed = bool(node.resources) and all(name.endswith(".shared") for name in node.resources)
    return renamed or any(taint.effect in ("NoSchedule", "NoExecute") for taint in node.node.spec.taints)


def _time_slicing(config: ConfigMap, key: str) -> list[Mapping[str, Any]]:
    if "timeSlicing" not in config.data[key]:
        return []
    sharing = settings(config, key).get("sharing")
    slicing = sharing.get("timeSlicing") if isinstance(sharing, dict) else None
    return [slicing] if isinstance(slicing, dict) and slicing.get("resources") else []
