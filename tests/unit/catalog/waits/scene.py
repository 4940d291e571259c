"""Small clusters as plain objects, read as the real ones are."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable

import msgspec

from seatrial.engine.catalog import Catalog
from seatrial.engine.waiting.diagnosis import Found, diagnose
from seatrial.model.fact import Apis, ClusterIdentity, Fact, Gap, GapReason, Obj, Snapshot
from seatrial.model.wait import Cause

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
GPU = "nvidia.com/gpu"
CATALOG = Catalog.load("seatrial.catalog")
KINDS = {kind.of: kind for one in CATALOG.sources.values() for kind in one.reads}


def snapshot(*objects: tuple[str, Obj], gaps: tuple[Gap, ...] = ()) -> Snapshot:
    found: dict[str, list[Fact]] = defaultdict(list)
    for of, obj in objects:
        found[of].append(msgspec.convert(obj, KINDS[of]))
    missing = {gap.resource for gap in gaps}
    facts = {of: tuple(found[of]) for of in KINDS if of not in missing}
    return Snapshot(
        taken_at=NOW,
        cluster=ClusterIdentity(),
        apis=Apis(),
        facts=facts,
        gaps={gap.resource: gap for gap in gaps},
    )


def seen(*objects: tuple[str, Obj], gaps: tuple[Gap, ...] = (), about: tuple[str, ...] = ()) -> Found:
    return diagnose(CATALOG.sources.values(), snapshot(*objects, gaps=gaps), about)


def named(given: Iterable[tuple[str, Obj]], source: str, holder: str) -> Cause:
    """What this source says of it: with everything read, it names that holder."""
    found = seen(*given)
    assert found.blind == ()
    causes = [one for one in found.causes if one.source == source and holder in one.holder]
    assert causes, [(one.source, one.holder, one.because) for one in found.causes]
    return causes[0]


def forbidden(of: str) -> Gap:
    return Gap(of, GapReason.FORBIDDEN, "we may not")


def node(name: str, devices: int = 8, **more: object) -> tuple[str, Obj]:
    amounts = {"cpu": "64", "memory": "1Ti", "pods": "110", **({GPU: str(devices)} if devices else {})}
    labels = {"kubernetes.io/hostname": name, **more.pop("labels", {})}  # type: ignore[dict-item]
    status = {"allocatable": amounts, "conditions": more.pop("conditions", [{"type": "Ready", "status": "True"}])}
    return "nodes", {"metadata": {"name": name, "labels": labels}, "spec": more, "status": status}


def pod(
    name: str, devices: int = 0, on: str = "", *, meta: Obj | None = None, status: Obj | None = None, **spec: object
) -> tuple[str, Obj]:
    requests = {"cpu": "1", **({GPU: str(devices)} if devices else {})}
    work = {"name": "work", "image": "reg/work:1", "resources": {"requests": requests}}
    scheduled = {"type": "PodScheduled", "status": "True" if on else "False", "reason": "" if on else "Unschedulable"}
    return "pods", {
        "metadata": {"name": name, "namespace": "team", **(meta or {})},
        "spec": {"nodeName": on, "restartPolicy": "Never", "containers": [work], **spec},
        "status": {"phase": "Running" if on else "Pending", "conditions": [scheduled], **(status or {})},
    }


def group(name: str, size: int) -> tuple[str, Obj]:
    return "scheduling.k8s.io/podgroups", {
        "metadata": {"name": name, "namespace": "team"},
        "spec": {"schedulingPolicy": {"gang": {"minCount": size}}},
    }


def gang(name: str, size: int, on: list[str]) -> list[tuple[str, Obj]]:
    member = {"schedulingGroup": {"podGroupName": name}}
    placed = [pod(f"{name}-{number}", 1, node, **member) for number, node in enumerate(on)]
    waiting = [pod(f"{name}-{number}", 1, **member) for number in range(len(on), size)]
    return [group(name, size), *placed, *waiting]
