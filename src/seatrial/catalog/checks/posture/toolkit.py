"""The container toolkit: what brings a driver's files and devices into containers, with the rights of the node.

Its known escapes need no more than an image, so an old one is critical. What it lets a pod ask for by environment variable
is medium: it takes a node whose default runtime is the toolkit's.
"""

from __future__ import annotations

import re

from seatrial.catalog.checks.posture.naming import some
from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.catalog.views.workloads import Workload
from seatrial.kit.quantity import whole
from seatrial.model.check import check
from seatrial.model.fact import All
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown

_NAME = "container-toolkit"
_RESOURCES = ("nvidia.com/gpu", "nvidia.com/mig-")
_PATCHED = (1, 17, 8)
_VERSION = re.compile(r":v?(\d{1,4})\.(\d{1,4})\.(\d{1,4})")
_REFUSE = "ACCEPT_NVIDIA_VISIBLE_DEVICES_ENVVAR_WHEN_UNPRIVILEGED"


@check("toolkit.known-escapes-are-closed", severity=Severity.CRITICAL)
def known_escapes_are_closed(workloads: All[Workload], nodes: All[Node]) -> Verdict:
    """NVIDIA's container toolkit is 1.17.8 or newer.

    Why: in older ones an image of three lines gets root on the node (CVE-2025-23266), or the node's files (CVE-2024-0132,
    fixed in 1.16.2), as NVIDIA's own bulletins say. Newer bulletins may ask for more.
    Fix: update the GPU operator, or `toolkit.version` in its ClusterPolicy. Where the toolkit is a package of the nodes' own,
    update their image.
    """
    images = {image for one in workloads for image in one.spec.images if _is_toolkit(image)}
    if not images:
        if any(_has_nvidia(node) for node in nodes):
            return unknown("nodes have NVIDIA accelerators, and the toolkit is no pod: its version was not read")
        return not_applicable(
            "no node has accelerators of NVIDIA that a device plugin offers, and no pod is the toolkit"
        )
    versions = {image: _version(image) for image in images}
    old = [image for image, version in versions.items() if version and version < _PATCHED]
    if old:
        return failed(f"older than 1.17.8: {some(old)}", images=sorted(old))
    untold = [image for image, version in versions.items() if version is None]
    if untold:
        return unknown(f"the image does not tell its version: {some(untold)}")
    return passed(f"every toolkit is new enough: {some(images)}")


@check("toolkit.requests-by-environment-are-refused", severity=Severity.MEDIUM)
def requests_by_environment_are_refused(workloads: All[Workload]) -> Verdict:
    """NVIDIA's container toolkit gives no devices to an unprivileged container that names them in its environment.

    Why: it does unless it is told not to. A pod, or a base image of CUDA that sets `NVIDIA_VISIBLE_DEVICES=all`, then gets
    devices that nobody allocated to it.
    Fix: give the toolkit `ACCEPT_NVIDIA_VISIBLE_DEVICES_ENVVAR_WHEN_UNPRIVILEGED=false`, and the device plugin another way
    to hand over what it allocates: `DEVICE_LIST_STRATEGY=volume-mounts`, or CDI.
    """
    settings = {
        f"{one.subject} {container.name}": container.setting(_REFUSE)
        for one in workloads
        for container in one.spec.containers
        if _is_toolkit(container.image)
    }
    if not settings:
        return not_applicable("no pod here is the toolkit; that of a node's own packages is not seen")
    taking = [name for name, value in settings.items() if (value or "true").lower() not in ("false", "0")]
    if taking:
        return failed(f"it takes them: {some(taking)}", containers=sorted(taking))
    return passed(f"{some(settings)} refuses them")


def _is_toolkit(image: str) -> bool:
    path = image.partition("@")[0]
    return path.rpartition("/")[2].partition(":")[0] == _NAME


def _version(image: str) -> tuple[int, ...] | None:
    match = _VERSION.search(image.rpartition("/")[2])
    return tuple(map(int, match.groups())) if match else None


def _has_nvidia(node: Node) -> bool:
    return any(name.startswith(_RESOURCES) and whole(count) for name, count in node.status.allocatable.items())
