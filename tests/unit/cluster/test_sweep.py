"""What killed runs left behind goes; what is young, or not ours, stays."""

from __future__ import annotations

import datetime as dt

from seatrial.cluster.bench import sweep
from seatrial.kit.clock import FakeClock
from tests.unit.cluster.server import status
from tests.unit.cluster.store import Store

OLD, YOUNG = "2025-12-31T20:00:00Z", "2025-12-31T23:59:00Z"
CLOCK = FakeClock(dt.datetime(2026, 1, 1, tzinfo=dt.UTC))


def put(store: Store, plural: str, name: str, born: str = OLD, *, namespace: str = "", ours: bool = True) -> None:
    labels = {"seatrial.dev/bench": "b"} if ours else {"app": "x"}
    store.put(plural, namespace, {"metadata": {"name": name, "labels": labels, "creationTimestamp": born}})


async def test_only_what_is_ours_and_old(store: Store) -> None:
    put(store, "namespaces", "seatrial-old")
    put(store, "pods", "inside", namespace="seatrial-old")
    put(store, "namespaces", "seatrial-young", YOUNG)
    put(store, "namespaces", "team", ours=False)
    put(store, "clusterroles", "old")
    put(store, "clusterroles", "young", YOUNG)
    put(store, "pods", "astray", namespace="team")
    async with store.client() as client:
        swept = await sweep(client, clock=CLOCK)
    assert set(swept.removed) == {
        "namespaces/seatrial-old",
        "rbac.authorization.k8s.io/clusterroles/old",
        "pods/team/astray",
    }
    assert (swept.left, swept.unseen) == ((), ())
    assert sorted(store.names("namespaces")) == ["seatrial-young", "team"]
    assert store.names("clusterroles") == ["young"]
    assert store.names("pods") == []


async def test_what_cannot_be_seen_or_removed_is_said(store: Store) -> None:
    put(store, "namespaces", "seatrial-a")
    put(store, "namespaces", "seatrial-b")
    store.objects["namespaces", "", "seatrial-b"]["metadata"]["finalizers"] = ["x"]
    store.refused["GET", "pods"] = status(403, 'User "joe" cannot list resource "pods"')
    async with store.client() as client:
        swept = await sweep(client, within=0.1, clock=CLOCK)
    assert swept.removed == ("namespaces/seatrial-a",)
    assert swept.left[0].startswith("namespaces/seatrial-b: still there")
    assert swept.unseen[0].startswith("pods: ")


async def test_what_the_cluster_made_for_a_bench_goes_first_and_nothing_outside_of_it(store: Store) -> None:
    put(store, "namespaces", "seatrial-old")
    said = "pods/made-for-it,pods/never-made,rbac.authorization.k8s.io/clusterroles/team,nonsense"
    store.objects["namespaces", "", "seatrial-old"]["metadata"]["annotations"] = {"seatrial.dev/adopted": said}
    put(store, "pods", "made-for-it", namespace="seatrial-old", ours=False)
    put(store, "clusterroles", "team", ours=False)
    async with store.client() as client:
        swept = await sweep(client, clock=CLOCK)
    deleted = [request.path for request in store.requests if request.method == "DELETE"]
    assert deleted[0] == "/api/v1/namespaces/seatrial-old/pods/made-for-it"
    assert deleted[-1] == "/api/v1/namespaces/seatrial-old"
    assert store.names("clusterroles") == ["team"]
    assert "namespaces/seatrial-old" in swept.removed
