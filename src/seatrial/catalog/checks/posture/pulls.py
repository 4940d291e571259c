"""Pulls: whether images of many gigabytes are on nodes when pods start, or everybody waits for one registry.

Severities: images that come late only delay a start, so nothing here is more than medium; where a node throws out images because its
disk is full, it throws out pods as well, and that is medium, too. Thresholds that name no source are proposals.
"""

from __future__ import annotations

from collections import defaultdict

from seatrial.catalog.checks.posture.naming import some
from seatrial.catalog.systems.kubernetes.controllers import DaemonSet
from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.catalog.systems.kubernetes.events import Pull
from seatrial.catalog.views.accelerator_nodes import AcceleratorNode
from seatrial.catalog.views.reported import Pulled
from seatrial.catalog.views.workloads import Workload
from seatrial.model.check import check
from seatrial.model.fact import All
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown

_LARGE = 5_000_000_000  # bytes; a proposal
_MANY = 5  # nodes; a proposal
_SLOW = 10.0  # seconds: of shorter pulls nobody cares how they were spent; a proposal
_CARRIERS = (
    "dragonfly",
    "dfdaemon",
    "spegel",
    "kraken",
    "kube-fledged",
    "warm-image",
    "stargz",
    "nydus",
    "image-puller",
)


@check("pulls.large-images-are-spread-otherwise", severity=Severity.MEDIUM)
def large_images_are_spread_otherwise(nodes: All[Node], workloads: All[Workload]) -> Verdict:
    """Images of 5 GB or more that many nodes need are spread among nodes, or brought before they are needed.

    Why: when a job or a burst starts on all nodes at once, each pulls the same gigabytes from one registry, and all wait for it.
    Fix: spread them from node to node (Dragonfly with `client.dfinit.enable`, Spegel), pull them before by a DaemonSet,
    stream them, or bake them into the node image. 5 GB and five nodes are proposals.
    """
    where: dict[str, set[str]] = defaultdict(set)
    size: dict[str, int] = {}
    for node in nodes:
        for image in (one for one in node.status.images if one.size_bytes >= _LARGE and one.names):
            name = max(image.names, key=lambda name: ("@" not in name, name))
            where[name].add(node.name)
            size[name] = max(size.get(name, 0), image.size_bytes)
    if not any(node.status.images for node in nodes):
        return unknown("no node tells which images it has")
    many = {name: len(places) for name, places in where.items() if len(places) >= _MANY}
    if not many:
        return passed(f"no image of 5 GB or more is on {_MANY} of {len(nodes)} nodes")
    carriers = {one.subject for one in workloads if any(_carries(image) for image in one.spec.images)}
    if carriers:
        return passed(f"{len(many)} large images are on many nodes, and {some(carriers)} spreads images")
    brought = {image for one in workloads if one.made_by.startswith(DaemonSet.of) for image in one.spec.images}
    late = [name for name in many if name not in brought]
    if not late:
        return passed(f"a DaemonSet brings each of the {len(many)} large images to the nodes")
    told = "; ".join(f"{name} ({size[name] / 1e9:.1f} GB) on {many[name]} nodes" for name in sorted(late)[:5])
    return failed(f"nothing that is known here spreads {len(late)} large images: {told}")


@check("pulls.images-do-not-queue", severity=Severity.MEDIUM)
def images_do_not_queue(pulled: All[Pulled]) -> Verdict:
    """Pulling takes most of the time until an image is there, not waiting for other images of the same node.

    Why: a kubelet pulls one image after the other unless it is told otherwise, so that a small image waits for a large one.
    Fix: set `serializeImagePulls: false` and `maxParallelImagePulls` in the kubelet's configuration.
    """
    pulls = [one.pull for one in pulled if one.pull.with_waiting >= _SLOW]
    if not pulled:
        return unknown("no event tells of a pull; a cluster keeps them for an hour, unless it is told otherwise")
    if not pulls:
        return passed("no image took ten seconds")
    total = sum(one.with_waiting for one in pulls)
    waited = sum(max(one.with_waiting - one.seconds, 0.0) for one in pulls)
    share = waited / total
    told = f"{waited:.0f} of {total:.0f} s in {len(pulls)} pulls were spent waiting for others ({share:.0%})"
    return failed(f"{told}; worst: {_worst(pulls)}") if share > 0.5 else passed(told)


@check("pulls.restarts-do-not-need-the-registry", severity=Severity.LOW)
def restarts_do_not_need_the_registry(workload: Workload) -> Verdict:
    """A container with accelerators starts again from the image that its node has.

    Why: with `imagePullPolicy: Always` each start asks the registry. Layers are not loaded again, but a registry that is away or
    throttles keeps every pod from starting, in the middle of a burst.
    Fix: name images by digest or by a version, and set `imagePullPolicy: IfNotPresent`.
    """
    if not workload.uses_accelerators:
        return not_applicable("it has no accelerators")
    asking = [one.name for one in workload.spec.every_container if _asks(one.image, one.image_pull_policy)]
    return failed(f"{some(asking)} asks at each start") if asking else passed("images that are there are taken")


@check("pulls.images-are-of-one-version", severity=Severity.MEDIUM)
def images_are_of_one_version(workload: Workload) -> Verdict:
    """All pods of a workload with accelerators get the same image, on whatever node and day.

    Why: `:latest`, or no tag at all, is what was pushed last. Two ranks of a gang, or two replicas, then run different programs.
    Fix: name the image by its digest, or by a tag that is never moved.
    """
    if not workload.uses_accelerators:
        return not_applicable("it has no accelerators")
    moving = sorted({image for image in workload.spec.images if _moves(image)})
    return failed(f"{some(moving)} may be another tomorrow") if moving else passed("every image has a tag or a digest")


@check("pulls.accelerator-nodes-keep-their-images", severity=Severity.MEDIUM)
def accelerator_nodes_keep_their_images(node: AcceleratorNode) -> Verdict:
    """A node with accelerators has room on its disk.

    Why: when it has not, the kubelet removes images and then pods, and pulls the same gigabytes again a little later.
    Fix: give the node a larger disk for images, and keep models and checkpoints off its root disk.
    """
    condition = next((one for one in node.node.status.conditions if one.type == "DiskPressure"), None)
    if condition is None or condition.status == "Unknown":
        return unknown("its kubelet does not say")
    if condition.status == "True":
        return failed(f"it has too little: {condition.message[:200] or condition.reason}")
    return passed("it has enough")


def _carries(image: str) -> bool:
    return any(name in image.lower() for name in _CARRIERS)


def _worst(pulls: list[Pull]) -> str:
    one = max(pulls, key=lambda one: one.with_waiting - one.seconds)
    return f"{one.image[:200]} was there after {one.with_waiting:.0f} s, {one.seconds:.0f} s of which were its own"


def _moves(image: str) -> bool:
    if "@" in image:
        return False
    tag = image.rpartition("/")[2].partition(":")[2]
    return tag in ("", "latest")


def _asks(image: str, policy: str) -> bool:
    return policy == "Always" or (not policy and _moves(image))
