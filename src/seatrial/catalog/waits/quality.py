"""What runs, and runs badly: drivers that differ within a gang, devices that tenants share, metrics that nobody gets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from seatrial.catalog.systems.kubernetes.autoscaling import HorizontalPodAutoscaler
from seatrial.catalog.systems.kubernetes.controllers import DaemonSet
from seatrial.catalog.systems.kubernetes.core import Node, is_accelerator
from seatrial.catalog.systems.kubernetes.dra import ResourceClaim
from seatrial.catalog.systems.kubernetes.requests import asked
from seatrial.catalog.waits.amounts import many
from seatrial.catalog.waits.groups import Group, devices
from seatrial.model.fact import All
from seatrial.model.wait import Action, Certainty, Found, Wait, source

# The labels in which nodes say which driver they have, and which product.
DRIVERS = (
    ("nvidia.com/cuda.driver-version.full", "nvidia.com/gpu.product"),
    ("amd.com/gpu.driver-version", "amd.com/gpu.product-name"),
)
_SHARED = "nvidia.com/gpu.sharing-strategy"
_ALONE = ("", "none", "None")
EXPORTERS = (
    "dcgm-exporter",
    "nvidia-dcgm-exporter",
    "device-metrics-exporter",
    "amd-device-metrics-exporter",
    "xpumanager",
)


@source("quality.drivers-differ-within-a-gang")
def drivers_differ_within_a_gang(groups: All[Group], nodes: All[Node]) -> Iterator[Found]:
    """Pods of one gang, or of one workload with accelerators, run on different driver versions of the same product.

    Why: collective libraries hang, crash or give wrong results between driver versions that do not match.
    Prevent: upgrade a pool of nodes as a whole, and let gangs select the driver version that they were tried with.
    """
    said = {node.name: one for node in nodes if (one := _driver(node))}
    for group in groups:
        versions: dict[str, dict[str, set[str]]] = {}
        for pod in group.placed:
            driver = said.get(pod.spec.node_name)
            if driver is not None and devices(pod):
                versions.setdefault(driver[0], {}).setdefault(driver[1], set()).add(pod.spec.node_name)
        for product, found in sorted(versions.items()):
            if len(found) > 1:
                yield _mixed(group, product, found)


def _driver(node: Node) -> tuple[str, str] | None:
    """The product, and the version of its driver, as the node's labels say them."""
    for version, product in DRIVERS:
        if version in node.metadata.labels:
            return node.metadata.labels.get(product, "accelerators"), node.metadata.labels[version]
    return None


def _mixed(group: Group, product: str, found: dict[str, set[str]]) -> Wait:
    few, names = min(found.items(), key=lambda one: (len(one[1]), one[0]))
    stand = "; ".join(f"{version} on {many(len(on), 'node')} ({min(on)})" for version, on in sorted(found.items()))
    return Wait(
        waiter=group.subject,
        holder=f"drivers of {product}",
        what="one driver version",
        because=f"its pods run on {stand}",
        missing=len(names),
        stops=False,
        actions=(
            Action(
                f"bring the {many(len(names), 'node')} with {few} to the version of the others, and start the gang again"
            ),
        ),
    )


@source("quality.tenants-share-a-device")
def tenants_share_a_device(groups: All[Group], nodes: All[Node], claims: All[ResourceClaim]) -> Iterator[Found]:
    """Pods of different namespaces share one physical device.

    Why: time slices and MPS do not keep their memory and faults apart, and each slows the others.
    Prevent: share devices within one namespace only; between tenants use MIG or another partition that the hardware keeps.
    """
    sliced = {node.name for node in nodes if node.metadata.labels.get(_SHARED, "") not in _ALONE}
    looked = sliced | {node.name for node in nodes if any(one.endswith(".shared") for one in node.status.allocatable)}
    on_node: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for group in groups:
        for pod in group.placed:
            for name in asked(pod.spec) if pod.spec.node_name in looked else ():
                if name.endswith(".shared") or (pod.spec.node_name in sliced and is_accelerator(name)):
                    on_node[pod.spec.node_name, name][pod.metadata.namespace].add(group.subject)
    for (node, name), tenants in sorted(on_node.items()):
        if len(tenants) > 1:
            yield from _shared(f"nodes/{node}", name, tenants, Certainty.LIKELY)  # one may have got another device
    yield from _shared_by_claims(claims)


def _shared_by_claims(claims: All[ResourceClaim]) -> Iterator[Wait]:
    users: dict[tuple[str, str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for claim in claims:
        for one in claim.status.allocation.devices.results if claim.status.allocation else ():
            if not one.admin_access:
                users[one.driver, one.pool, one.device][claim.metadata.namespace].add(claim.subject)
    for (driver, pool, device), tenants in sorted(users.items()):
        if len(tenants) > 1:
            yield from _shared(f"device {device} of {pool}", driver, tenants, Certainty.COMPUTED)


def _shared(holder: str, name: str, tenants: dict[str, set[str]], certainty: Certainty) -> Iterator[Wait]:
    spaces = ", ".join(sorted(tenants)[:6])
    for subject in sorted(one for some in tenants.values() for one in some):
        yield Wait(
            waiter=subject,
            holder=f"{name} shared on {holder}",
            what="a device of its own",
            because=f"pods of the namespaces {spaces} share {name} on {holder}",
            certainty=certainty,
            stops=False,
            actions=(
                Action(f"keep the namespaces apart on {holder}: taint it for one of them, or offer partitions instead"),
            ),
        )


@source("quality.autoscaler-gets-no-metric")
def autoscaler_gets_no_metric(autoscalers: All[HorizontalPodAutoscaler], groups: All[Group]) -> Iterator[Found]:
    """A HorizontalPodAutoscaler gets no metric, so that the number of replicas stays when a burst comes.

    Why: the metrics API is not there or does not know the metric, or the workload does not exist.
    Prevent: alert on ScalingActive=False, and try each autoscaler with a burst before it is needed.
    """
    known = {group.subject for group in groups}
    for one in autoscalers:
        off = one.status.condition("ScalingActive")
        if off is None or off.status != "False" or off.reason == "ScalingDisabled":
            continue
        yield Wait(
            waiter=one.target if one.target in known else one.subject,
            holder=f"metric {', '.join(one.spec.follows)} of {one.subject}",
            what="a metric",
            because=f"{one.subject} does not scale: {off.reason}: {off.message}",
            certainty=Certainty.CERTAIN,
            stops=False,
            actions=(Action(f"see that the metrics API knows {', '.join(one.spec.follows)}: {off.reason}"),),
        )


@source("quality.exporter-misses-nodes")
def exporter_misses_nodes(daemons: All[DaemonSet], groups: All[Group], nodes: All[Node]) -> Iterator[Found]:
    """An exporter of accelerator metrics runs on some accelerator nodes and not on others.

    Why: a taint that it does not tolerate, or a selector that new nodes do not match; what happens there nobody sees.
    Prevent: tolerate every taint of accelerator pools in exporters, and alert on nodes without metrics.
    """
    by_subject = {group.subject: group for group in groups}
    offers = {node.name: {name for name in node.status.allocatable if is_accelerator(name)} for node in nodes}
    for daemon in daemons:
        group = by_subject.get(daemon.subject)
        if not _is_exporter(daemon) or group is None:
            continue
        there = {pod.spec.node_name for pod in group.placed}
        vendors = {name.partition("/")[0] for node in there for name in offers.get(node, ())}
        blind = sorted(
            node
            for node, names in offers.items()
            if node not in there and vendors & {one.partition("/")[0] for one in names}
        )
        for waiter in _unseen(groups, set(blind)) or ([f"nodes/{blind[0]}"] if blind else []):
            yield Wait(
                waiter=waiter,
                holder=daemon.subject,
                what="an exporter on its node",
                because=f"{daemon.subject} runs on {many(len(there), 'node')} and not on {len(blind)} others with such accelerators: {', '.join(blind[:5])}",
                missing=len(blind),
                stops=False,
                actions=(Action(f"let {daemon.subject} tolerate and select {', '.join(blind[:5])}"),),
            )


def _is_exporter(daemon: DaemonSet) -> bool:
    labels = {**daemon.metadata.labels, **daemon.spec.template.metadata.labels}
    names = {daemon.name, labels.get("app.kubernetes.io/name", ""), labels.get("app", "")}
    return bool(names & set(EXPORTERS))


def _unseen(groups: All[Group], blind: set[str]) -> list[str]:
    """Who runs there with accelerators."""
    return sorted(
        {group.subject for group in groups for pod in group.placed if pod.spec.node_name in blind and devices(pod)}
    )
