"""An amount that is none: its object is left out, named with field and value, and all else is judged as if it were not there."""

from __future__ import annotations

import asyncio
import json as jsonlib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from seatrial.app.check import choose
from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.catalog.systems.kubernetes.dra import ResourceSlice
from seatrial.catalog.systems.kubernetes.governance import ResourceQuota
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.systems.kueue_objects import ClusterQueue
from seatrial.cluster import manifests, snapshots
from seatrial.cluster.amounts import Sieve, is_vouched_for
from seatrial.cluster.collect import collect
from seatrial.engine.catalog import Catalog
from seatrial.engine.judge import judge
from seatrial.engine.plan import plan
from seatrial.kit.clock import FakeClock
from seatrial.model.fact import Apis, ClusterIdentity, Fact, GapReason, Shape, Snapshot
from seatrial.model.verdict import Outcome
from tests.unit.cluster.server import Server, json

NODES = [
    {"metadata": {"name": "good"}, "status": {"allocatable": {"nvidia.com/gpu": "8", "cpu": "1500m"}}},
    {"metadata": {"name": "bad"}, "status": {"allocatable": {"cpu": "4", "nvidia.com/gpu": "eight"}}},
]
SAID = "bad: 'eight' is not a quantity - at `$.status.allocatable.nvidia.com/gpu`"


def facts(kind: type[Fact], objects: list[dict[str, Any]]) -> tuple[Fact, ...]:
    return tuple(msgspec.convert(one, kind) for one in objects)


def stored(tmp_path: Path, *kinds: type[Fact]) -> Snapshot:
    known: dict[str, tuple[Fact, ...]] = {kind.of: () for kind in kinds}
    path = tmp_path / "snapshot"
    whole = Snapshot(FakeClock().now(), ClusterIdentity(), Apis(), {**known, Node.of: facts(Node, NODES)}, {})
    snapshots.save(whole, path)
    return snapshots.load(path, {Node, *kinds})


def test_in_a_snapshot(tmp_path: Path) -> None:
    seen = stored(tmp_path)
    assert [one.name for one in seen.all(Node)] == ["good"]
    gap = seen.gap(Node)
    assert gap is not None
    assert gap.reason is GapReason.UNREADABLE
    assert SAID in gap.detail


def test_in_files(tmp_path: Path) -> None:
    for one in NODES:
        (tmp_path / f"{one['metadata']['name']}.json").write_text(
            jsonlib.dumps({"apiVersion": "v1", "kind": "Node", **one})
        )
    seen = manifests.load([str(tmp_path)], [Node], clock=FakeClock())
    gap = seen.gap(Node)
    assert gap is not None
    assert f"{tmp_path}/bad.json:1: 'eight' is not a quantity" in gap.detail
    assert [one.name for one in seen.all(Node)] == ["good"]


class WidgetSpec(Shape, frozen=True):
    nominal_quota: str | int | float = 0


class Widget(Fact, frozen=True):
    of = "example.com/widgets"

    spec: WidgetSpec = WidgetSpec()


async def test_in_custom_resources_of_a_cluster(api: Server) -> None:
    items = [{"metadata": {"name": name}, "spec": {"nominalQuota": much}} for name, much in (("a", 4), ("b", "4x"))]
    api.on("GET", "/apis/example.com/v2/widgets", json({"items": items, "metadata": {}}))
    async with api.client() as client:
        seen = await collect(client, [Widget], clock=FakeClock())
    assert [one.name for one in seen.all(Widget)] == ["a"]
    gap = seen.gap(Widget)
    assert gap is not None
    assert "b: '4x' is not a quantity - at `$.spec.nominalQuota`" in gap.detail


def test_what_the_api_server_has_parsed_is_not_looked_at_again() -> None:
    assert all(map(is_vouched_for, (Node, Pod, ResourceQuota, ResourceSlice)))
    assert not is_vouched_for(ClusterQueue)


@pytest.mark.parametrize(
    ("kind", "obj", "where"),
    [
        (Pod, {"spec": {"containers": [{}, {"resources": {"limits": {"cpu": "1 core"}}}]}}, "spec.containers[1].resources.limits.cpu"),
        (Pod, {"spec": {"overhead": {"memory": "-"}}}, "spec.overhead.memory"),
        (ResourceQuota, {"spec": {"hard": {"pods": "many"}}}, "spec.hard.pods"),
        (ClusterQueue, {"spec": {"resourceGroups": [{"flavors": [{"resources": [{"borrowingLimit": "1O"}]}]}]}}, "spec.resourceGroups[0].flavors[0].resources[0].borrowingLimit"),
        (ResourceSlice, {"spec": {"sharedCounters": [{"counters": {"memory": {"value": "40 Gi"}}}]}}, "spec.sharedCounters[0].counters.memory.value"),
        (ResourceSlice, {"spec": {"devices": [{"capacity": {"memory": {"value": "x"}}}]}}, "spec.devices[0].capacity.memory.value"),
    ],
)  # fmt: skip
def test_wherever_it_stands(kind: type[Fact], obj: dict[str, Any], where: str) -> None:
    (fact,) = facts(kind, [{"metadata": {"name": "a"}, **obj}])
    assert Sieve(kind).why(fact).endswith(f"is not a quantity - at `$.{where}`")


def test_no_check_breaks_and_those_that_want_it_say_what_is_wrong(tmp_path: Path) -> None:
    catalog = Catalog.installed()
    checks = choose(catalog, ())
    seen = stored(tmp_path, *plan(catalog, checks).facts)
    judged = asyncio.run(judge(catalog, checks, seen, open_bench=None, clock=FakeClock()))
    assert [one for one in judged.findings if one.outcome is Outcome.ERROR] == []
    told = [one for one in judged.findings if SAID in one.because]
    assert told
    assert {one.outcome for one in told} == {Outcome.UNKNOWN}
