"""Driver skew: whether nodes that stand for one another run the same accelerator driver, and say so alike.

Severities: a gang over two drivers fails or hangs in its first collective, with an error that names neither, so that is high, as
are a pool whose nodes differ (the next gang meets both) and a mismatch that programs have already reported. What makes schedulers
and people believe a wrong version is medium; a label that is going out of use is low. None of it says anything about wrong
results: that takes a canary with a known answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from seatrial.catalog.checks.posture.naming import some
from seatrial.catalog.checks.versions import numbers, same
from seatrial.catalog.systems.nvidia_gpu_operator import DRIVER_VERSION, UPGRADE_STATE
from seatrial.catalog.views.accelerator_nodes import NOT_ALL_OF_A_POOL, AcceleratorNode, AcceleratorPool, Said
from seatrial.catalog.views.placed_gangs import PlacedGang
from seatrial.catalog.views.reported import AnyEvents, Mismatch
from seatrial.model.check import check
from seatrial.model.fact import All
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown

_OLD_LABELS = tuple(f"nvidia.com/cuda.driver.{part}" for part in ("major", "minor", "rev"))
_AT_REST = ("", "upgrade-done")
_BEGUN = "nvidia.com/gpu-driver-upgrade-validation-start-time"  # an annotation, in seconds since 1970
_VALIDATION = 1800.0  # proposal; the operator gives up after ten minutes


@check("driver-skew.a-pool-has-one-driver", severity=Severity.HIGH)
def a_pool_has_one_driver(pool: AcceleratorPool) -> Verdict:
    """All nodes of one pool with one product run one driver version.

    Why: whoever asks for one of these nodes may get any. A job that ran yesterday fails today, on another node; a gang that
    gets both fails in its first collective.
    Fix: finish or roll back the upgrade (`driver.version` of the ClusterPolicy or NVIDIADriver, the node image elsewhere);
    keep new nodes in a pool of their own until then. The versions are those of `nvidia.com/cuda.driver-version.full`,
    `amd.com/gpu.driver-version`, and `driverVersion` in ResourceSlices.
    """
    versions = _versions((node.name, node.said) for node in pool.nodes)
    silent = [node.name for node in pool.nodes if not node.said]
    if len(versions) > 1:
        return failed(f"{len(pool.nodes)} nodes run {len(versions)} drivers: {_told(versions)}")
    if silent or not versions:
        return unknown(f"{len(silent)} of {len(pool.nodes)} nodes do not say which driver they run: {some(silent)}")
    if not pool.whole:
        return unknown(NOT_ALL_OF_A_POOL)
    return passed(f"{len(pool.nodes)} nodes run {next(iter(versions))}")


@check("driver-skew.labels-and-slices-agree", severity=Severity.MEDIUM)
def labels_and_slices_agree(node: AcceleratorNode) -> Verdict:
    """What the labels of a node say of its driver is what its ResourceSlices say.

    Why: some choose nodes by the label and some by the attribute. Where the two differ, one of them was not restarted after the
    last upgrade, and its readers land on a driver that is not there.
    Fix: restart feature discovery and the DRA driver's kubelet plugin on that node.
    """
    by_vendor: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for said in node.said:
        by_vendor[said.vendor].append((said.where, said.version))
    pairs = [found for found in by_vendor.values() if len({where.partition(" ")[0] for where, _ in found}) > 1]
    if not pairs:
        return not_applicable("no two sources here say which driver it is")
    for found in pairs:
        first_where, first = found[0]
        for where, version in found[1:]:
            if not same(first, version):
                return failed(f"{first_where} says {first}, and {where} says {version}")
    return passed(f"{len(pairs[0])} sources say {pairs[0][0][1]}")


@check("driver-skew.a-gang-runs-on-one-driver", severity=Severity.HIGH)
def a_gang_runs_on_one_driver(placed: PlacedGang) -> Verdict:
    """The pods of a running gang are on nodes with the same driver version.

    Why: collectives between two drivers fail or hang, and the error names neither the node nor the version.
    Fix: give the gang a node selector for one pool, or for `nvidia.com/cuda.driver-version.full`, and restart it.
    """
    gang, places = placed.gang, {*placed.places, *placed.elsewhere}
    if not gang.uses_accelerators or len(places) < 2:
        return not_applicable("it does not run on several nodes with accelerators")
    versions = _versions(placed.places.items())
    if len(versions) > 1:
        return failed(f"its {len(gang.live)} pods meet {len(versions)} drivers: {_told(versions)}")
    silent = places - {name for names in versions.values() for name in names}
    if silent:
        return unknown(f"{some(silent)} do not say which driver they run")
    return passed(f"its nodes ({len(places)}) run {next(iter(versions))}")


@check("driver-skew.upgrades-come-to-an-end", severity=Severity.HIGH)
def upgrades_come_to_an_end(node: AcceleratorNode) -> Verdict:
    """No upgrade of a node's driver has failed or stands still.

    Why: such a node stays cordoned, or runs the old driver beside new ones, and nobody is told.
    Fix: read the log of the driver's pod on that node and `kubectl describe node`; then remove the cause and the label
    `nvidia.com/gpu-driver-upgrade-state`, so that the GPU operator begins again. Half an hour in validation is a proposal.
    """
    state = node.labels.get(UPGRADE_STATE)
    if state is None:
        return not_applicable(f"no operator upgrades its driver: it has no label {UPGRADE_STATE}")
    if state == "upgrade-failed":
        return failed(f"the upgrade has failed{_cordoned(node)}")
    if state in _AT_REST:
        return passed("its upgrade is done")
    begun = node.node.metadata.annotations.get(_BEGUN, "")
    since = node.seen_at.timestamp() - int(begun) if begun.isdecimal() and len(begun) < 12 else 0.0
    if since > _VALIDATION:
        return failed(f"{state} for {since / 60:.0f} minutes{_cordoned(node)}")
    return unknown(f"an upgrade is under way ({state}){_cordoned(node)}; look again when it should be over")


@check("driver-skew.versions-are-labelled-in-full", severity=Severity.LOW)
def versions_are_labelled_in_full(pool: AcceleratorPool) -> Verdict:
    """The driver's version is in the label that feature discovery keeps, not only in those that it gives up.

    Why: `nvidia.com/cuda.driver.major`, `.minor` and `.rev` are deprecated; selectors and checks that read the new label see nothing.
    Fix: update GPU feature discovery, which then writes `nvidia.com/cuda.driver-version.full`.
    """
    ours = [
        node for node in pool.nodes if any(one.startswith("nvidia.com/") for one in (*node.resources, *node.labels))
    ]
    if not ours:
        return not_applicable("it has no accelerators of NVIDIA")
    without = [node for node in ours if not node.labels.get(DRIVER_VERSION)]
    old = [node.name for node in without if any(key in node.labels for key in _OLD_LABELS)]
    if old:
        return failed(f"{len(old)} of {len(ours)} nodes have the old labels alone: {some(old)}")
    if without:
        names = some(node.name for node in without)
        return unknown(f"no label says which driver {names} have; feature discovery may be missing")
    if not pool.whole:
        return unknown(NOT_ALL_OF_A_POOL)
    return passed(f"{len(ours)} nodes have {DRIVER_VERSION}")


@check("driver-skew.no-mismatch-is-reported", severity=Severity.HIGH)
def no_mismatch_is_reported(found: All[Mismatch], events: All[AnyEvents]) -> Verdict:
    """No event says that a program has met a driver that it does not fit.

    Why: after an upgrade in place the kernel has one version and the libraries another, until the node is started again; every
    pod that lands there fails.
    Fix: drain and reboot the node; then look why the upgrade did not.
    """
    if not events:
        return unknown("there is no event to read; a cluster keeps them for an hour, unless it is told otherwise")
    if found:
        return failed(f"{len(found)} events say so ({found[0].said}): {some(one.about for one in found)}")
    return passed("no event says so")


def _versions(nodes: Iterable[tuple[str, Iterable[Said]]]) -> dict[str, list[str]]:
    """Where each version runs. Those that agree as far as both go are one: 595.91.07 and 595.91.7."""
    found: dict[str, list[str]] = {}
    for name, said in sorted(nodes, key=lambda node: node[0]):
        for version in (one.version for one in said if numbers(one.version)):
            found.setdefault(next((other for other in found if same(other, version)), version), []).append(name)
    return found


def _told(versions: Mapping[str, list[str]]) -> str:
    return "; ".join(f"{one} on {len(set(names))} ({some(names, 3)})" for one, names in sorted(versions.items()))


def _cordoned(node: AcceleratorNode) -> str:
    return ", and the node is cordoned" if node.node.spec.unschedulable else ""
