"""How long `check --watch` takes for one change, on generated fleets: no API server is in it, only the judging.

Each change is taken back afterwards, which is a change as well, and timed as one.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import resource
import statistics
import time
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from benchmarks.figures import Figure
from benchmarks.fleet_objects import PODS, objects
from seatrial.app.check import choose
from seatrial.cluster.decode import fact_from
from seatrial.cluster.likeness import Likeness
from seatrial.engine.catalog import Catalog
from seatrial.engine.plan import plan
from seatrial.engine.rejudging import Rejudging
from seatrial.model.fact import Apis, ClusterIdentity, Fact, Gap, GapReason, Series, Snapshot

SIZES = (500, 5_000)  # nodes
RUNS = 3
LIMIT = 200.0  # ms
BURST = 100  # pods
_BUILT_IN = ("k8s.io", "apps", "batch", "autoscaling", "policy")

Obj = dict[str, Any]


def watching() -> Iterator[Figure]:
    catalog = Catalog.installed()
    checks = choose(catalog, ())
    kinds = {kind.of: kind for kind in plan(catalog, checks).facts}
    for nodes in SIZES:
        rejudging = Rejudging(catalog, checks, _snapshot(nodes, kinds))
        begun = time.perf_counter()
        asyncio.run(rejudging.judge())
        whole = (time.perf_counter() - begun) * 1000
        gc.freeze()
        yield Figure(f"watch: {nodes:,} nodes, {nodes * PODS:,} pods, all of it", [whole], "ms")
        for what, changes in _changes(rejudging.snapshot, kinds).items():
            seen, spent = _timed(rejudging, changes)
            told = f"{LIMIT:g} ms; {statistics.median(spent):.0f} ms of the processor"
            yield Figure(f"  {what}", seen, "ms", [LIMIT], told)
        yield Figure("  memory at the peak", [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024], "MiB")


def _timed(rejudging: Rejudging, changes: Mapping[str, Mapping[str, Fact | None]]) -> tuple[list[float], list[float]]:
    """Milliseconds of the clock, and of the processor."""
    seen: list[float] = []
    spent: list[float] = []
    facts = rejudging.snapshot.facts
    before = {
        of: {fact.subject: fact for fact in facts[of] if fact.subject in changed} for of, changed in changes.items()
    }
    back = {of: {subject: before[of].get(subject) for subject in changed} for of, changed in changes.items()}
    for run in range(2 * RUNS):
        begun, worked = time.perf_counter(), time.process_time()
        asyncio.run(rejudging.take(back if run % 2 else changes))
        seen.append((time.perf_counter() - begun) * 1000)
        spent.append((time.process_time() - worked) * 1000)
    return seen, spent


def _changes(snapshot: Snapshot, kinds: Mapping[str, type[Fact]]) -> dict[str, dict[str, dict[str, Fact | None]]]:
    pods = snapshot.facts["pods"]
    server = next(one for one in pods if one.name.startswith("server-"))
    member = next(one for one in pods if one.name.startswith("train-"))
    daemon = next(one for one in pods if one.name.startswith("node-agent-"))
    burst = [one for one in pods if one.name.startswith("server-")][:BURST]
    node, claim = snapshot.facts["nodes"][0], snapshot.facts["resource.k8s.io/resourceclaims"][0]
    deployment, space = snapshot.facts["apps/deployments"][0], snapshot.facts["namespaces"][0]
    taint = {"spec": {"taints": [{"key": "broken", "effect": "NoSchedule"}]}}
    quota = {"metadata": {"name": "q", "namespace": "team-0"}, "spec": {"hard": {"requests.nvidia.com/gpu": "4"}}}
    return {
        "a server's pod becomes pending": _one(_with(server, {"status": {"phase": "Pending"}})),
        "a server's pod is gone": {"pods": {server.subject: None}},
        "a gang's pod fails": _one(_with(member, {"status": {"phase": "Failed"}})),
        f"one of {len(snapshot.facts['nodes']):,} daemons' pods fails": _one(_with(daemon, {"status": {"phase": "Failed"}})),
        f"a rollout of {BURST} pods": {"pods": {one.subject: _with(one, {"status": {"phase": "Pending"}}) for one in burst}},
        "a claim is released": _one(_with(claim, {"status": {"allocation": None}})),
        "a Deployment gets another image": _one(_with(deployment, {"spec": {"replicas": 3}})),
        "a node is tainted": _one(_with(node, taint)),
        "a namespace gets a label": _one(_with(space, {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "baseline"}}})),
        "a quota comes": _one(fact_from(kinds["resourcequotas"], quota)),
    }  # fmt: skip


def _one(fact: Fact) -> dict[str, dict[str, Fact | None]]:
    return {fact.of: {fact.subject: fact}}


def _with(fact: Fact, patch: Mapping[str, Any]) -> Fact:
    return fact_from(type(fact), _merged(msgspec.to_builtins(fact), patch))


def _merged(value: Any, patch: Mapping[str, Any]) -> Any:
    return {
        **value,
        **{key: _merged(value.get(key, {}), one) if isinstance(one, dict) else one for key, one in patch.items()},
    }


def _snapshot(nodes: int, kinds: Mapping[str, type[Fact]]) -> Snapshot:
    found: dict[str, list[Fact]] = {}
    likeness: dict[str, Likeness] = {}
    for of, obj in objects(nodes):
        if of in kinds:
            fact = fact_from(kinds[of], obj)
            likeness.setdefault(of, Likeness()).share((fact,))
            found.setdefault(of, []).append(fact)
    facts: dict[str, tuple[Fact, ...]] = {of: tuple(some) for of, some in found.items()}
    gaps: dict[str, Gap] = {}
    for of, kind in kinds.items():
        group = of.rpartition("/")[0]
        if of in facts or (not issubclass(kind, Series) and (not group or group.endswith(_BUILT_IN))):
            facts.setdefault(of, ())
        else:
            gaps[of] = Gap(of, GapReason.ABSENT, f"{of} is not served by this cluster")
    return Snapshot(taken_at=dt.datetime.now(dt.UTC), cluster=ClusterIdentity(), apis=Apis(), facts=facts, gaps=gaps)
