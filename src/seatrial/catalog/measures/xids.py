"""NVIDIA's errors: which of them devices have shown that nobody has dealt with since."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from seatrial.catalog.systems.device_metrics import XIDS_OF_PROGRAMS, ErrorTrack, device_of, nodes_of, xid_of
from seatrial.catalog.views.accelerator_nodes import AcceleratorNode
from seatrial.model.fact import All
from seatrial.model.measure import Measure, Row, Target, doubted
from seatrial.model.metric import OF_TALK, Means, metric
from seatrial.model.verdict import Verdict, not_applicable

_UNRESOLVED, _ASIDE, _OF_PROGRAMS = "XID", "XID of a node that takes no pods", "XID of a program"


class _Shown(msgspec.Struct, frozen=True):
    device: str
    node: str
    xid: int


@metric("xids.unresolved", unit="errors", target=Target(0, "errors", OF_TALK))
def unresolved(nodes: All[AcceleratorNode], errors: All[ErrorTrack], means: Means) -> list[Measure] | Verdict:
    """Errors (XIDs) of NVIDIA's devices that nobody has dealt with.

    How: each XID of each device counts once, where it was shown in the window, no later value of DCGM_FI_DEV_XID_ERRORS is zero, as it
    is after a reset, and the node still takes pods. 13, 31, 43, 45, 68 and 109 come from programs: they are counted apart, and so are
    those of nodes that take no pods any more. Where only the last XID is told, earlier ones are not known.
    Fix: drain the node, look the XID up in NVIDIA's list, reset the device or have it replaced.
    """
    if not any("nvidia.com" in name for one in nodes for name in (*one.resources, *one.drivers)):
        return not_applicable("no node has accelerators of NVIDIA")
    if not errors:
        return not_applicable("no series counts XIDs: the exporter leaves them out, or nobody collects from it")
    closed = {one.name for one in nodes if one.node.spec.unschedulable or _is_barred(one)}
    counts: dict[str, Counter[int]] = defaultdict(Counter)
    for one in set(_shown(errors)):
        counts[_kind(one, closed)][one.xid] += 1
    times = [at for one in errors for at, _ in one.points]
    found = float(counts[_UNRESOLVED].total())
    measure = Measure(
        id="xids.unresolved",
        value=found,
        unit="errors",
        low=found,
        high=found,
        source=", ".join(sorted({one.label("__name__") for one in errors})),
        samples=len(times),
        seconds=round(max(times) - min(times), 1),
        rows=tuple(_rows(counts)),
    )
    return [doubted(measure, "" if len(times) > 1 else "too few: one point of one device")]


def _is_barred(node: AcceleratorNode) -> bool:
    return any(
        taint.effect in ("NoSchedule", "NoExecute") and _is_of_trouble(taint.key) for taint in node.node.spec.taints
    )


def _is_of_trouble(key: str) -> bool:
    """A taint that keeps a pool for those who ask for it says nothing of trouble."""
    return key.startswith("node.kubernetes.io/") or any(
        word in key for word in ("unhealthy", "quarantine", "xid", "drain")
    )


def _shown(errors: All[ErrorTrack]) -> Iterator[_Shown]:
    for device, tracks in _by_device(errors).items():
        reset = max(
            (at for one in tracks if not one.label("xid") for at, value in one.points if value == 0), default=0.0
        )
        node = next((name for one in tracks for name in nodes_of(one)), "")
        for one in tracks:
            for at, value in one.points:
                if (xid := xid_of(one.labels, value)) and at > reset:
                    yield _Shown(device, node, xid)


def _by_device(errors: Iterable[ErrorTrack]) -> Mapping[str, list[ErrorTrack]]:
    found: dict[str, list[ErrorTrack]] = defaultdict(list)
    for one in errors:
        found[device_of(one) or one.subject].append(one)
    return found


def _kind(one: _Shown, closed: set[str]) -> str:
    if one.xid in XIDS_OF_PROGRAMS:
        return _OF_PROGRAMS
    return _ASIDE if one.node in closed else _UNRESOLVED


def _rows(counts: Mapping[str, Counter[int]]) -> Iterator[Row]:
    for kind in (_UNRESOLVED, _ASIDE, _OF_PROGRAMS):
        yield from (
            Row(by=kind, name=str(xid), value=float(many)) for xid, many in sorted(counts.get(kind, {}).items())
        )
