"""How quick a diagnosis of a large cluster is, once its facts are there. The limit is one pass over the same pods."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Iterator

import msgspec

from benchmarks.figures import Figure
from seatrial.engine.catalog import Catalog
from seatrial.engine.waiting.diagnosis import diagnose
from seatrial.model.fact import Apis, ClusterIdentity, Fact, Obj, Snapshot

RUNS = 3
NODES, PODS, GANG, DEVICES = 5_000, 100_000, 20, 5
GPU = "nvidia.com/gpu"


def diagnosis() -> Iterator[Figure]:
    found, seen, limit = None, [], []
    sources = Catalog.installed().sources.values()
    raw = list(objects(NODES, PODS))
    for _ in range(RUNS):
        snapshot = snapshot_of(raw)
        begun = time.perf_counter()
        found = diagnose(sources, snapshot)
        seen.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        sum(len(one.subject) for one in snapshot.facts["pods"])
        limit.append(time.perf_counter() - begun)
    assert found is not None
    assert any(cause.deadlock for cause in found.causes)
    yield Figure(f"diagnose {NODES:,} nodes and {PODS:,} pods", seen, "s", limit, "the name of each pod")


def snapshot_of(raw: list[Obj]) -> Snapshot:
    """As it comes from a cluster: decoded by the facts that the sources read."""
    kinds = {kind.of: kind for one in Catalog.installed().sources.values() for kind in one.reads}
    facts: dict[str, tuple[Fact, ...]] = dict.fromkeys(kinds, ())
    for of in ("nodes", "pods", "scheduling.k8s.io/podgroups"):
        data = json.dumps([obj for obj in raw if obj["of"] == of]).encode()
        facts[of] = msgspec.json.decode(data, type=tuple[kinds[of], ...])  # type: ignore[valid-type]
    return Snapshot(
        taken_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        cluster=ClusterIdentity(),
        apis=Apis(),
        facts=facts,
        gaps={},
    )


def objects(nodes: int, pods: int) -> Iterator[Obj]:
    """Gangs that each hold half of what they need, services that fill the CPUs, and single pods that nobody takes."""
    for number in range(nodes):
        yield _node(number)
    gangs = pods // 2 // GANG
    for number in range(gangs):
        yield _gang(number)
    placed = 0
    for number in range(pods // 2):
        half = number % GANG < GANG // 2 and placed < nodes * DEVICES
        yield _pod(
            f"gang-{number // GANG}-{number % GANG}", 1, f"node-{placed % nodes}" if half else "", number // GANG
        )
        placed += half
    for number in range(pods - pods // 2):
        waits = number % 10 == 0
        yield _pod(
            f"plain-{number}", 0, "" if waits else f"node-{number % nodes}", None, kind=number % 200 if waits else -1
        )


def _node(number: int) -> Obj:
    amounts = {"cpu": "128", "memory": "2Ti", "pods": "110", GPU: str(DEVICES)}
    labels = {"kubernetes.io/hostname": f"node-{number}", "rack": f"rack-{number // 8}", "pool": f"pool-{number % 4}"}
    return {
        "of": "nodes",
        "metadata": {"name": f"node-{number}", "labels": labels},
        "status": {"allocatable": amounts, "conditions": [{"type": "Ready", "status": "True"}]},
    }


def _gang(number: int) -> Obj:
    return {
        "of": "scheduling.k8s.io/podgroups",
        "metadata": {"name": f"gang-{number}", "namespace": "team"},
        "spec": {"schedulingPolicy": {"gang": {"minCount": GANG}}},
    }


def _pod(name: str, devices: int, node: str, gang: int | None, *, kind: int = -1) -> Obj:
    amounts = {"cpu": "4", "memory": "16Gi", **({GPU: str(devices)} if devices else {})}
    spec: Obj = {
        "nodeName": node,
        "restartPolicy": "Never",
        "containers": [{"name": "work", "resources": {"requests": amounts}}],
    }
    if gang is not None:
        spec["schedulingGroup"] = {"podGroupName": f"gang-{gang}"}
    labels = {"app": name.partition("-")[0] if kind < 0 else f"app-{kind}"}
    if kind >= 0:
        spec |= _choosy(kind)
    scheduled = {
        "type": "PodScheduled",
        "status": "True" if node else "False",
        "reason": "" if node else "Unschedulable",
    }
    status = {"phase": "Running" if node else "Pending", "conditions": [scheduled]}
    metadata = {"name": name, "namespace": "team", "labels": labels}
    return {"of": "pods", "metadata": metadata, "spec": spec, "status": status}


def _choosy(kind: int) -> Obj:
    """Nobody takes them: a label that no node has, room beside no plain pod, an even spread of what is everywhere, one port."""
    others = {"matchLabels": {"app": "plain"}}
    match kind % 4:
        case 0:
            return {"nodeSelector": {"pool": f"pool-{kind + 4}"}}
        case 1:
            apart = {"topologyKey": "kubernetes.io/hostname", "labelSelector": others}
            return {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [apart]}}}
        case 2:
            spread = {"maxSkew": 1, "topologyKey": "rack", "whenUnsatisfiable": "DoNotSchedule"}
            own = {"matchLabels": {"app": f"app-{kind}"}}
            return {"topologySpreadConstraints": [spread | {"labelSelector": own}]}
        case _:
            ports = [{"containerPort": 8000 + kind, "hostPort": 8000 + kind}]
            requests = {"cpu": "4", "memory": "16Gi"}
            return {"containers": [{"name": "work", "ports": ports, "resources": {"requests": requests}}]}
