"""A live cluster becomes a Snapshot, with a Gap for whatever could not be read."""

from __future__ import annotations

import datetime as dt

from seatrial.cluster.collect import collect
from seatrial.kit.clock import FakeClock
from seatrial.model.fact import ClusterIdentity, Fact, GapReason, Shape, Snapshot
from tests.unit.cluster.server import Server, aggregated, json, status


class PodSpec(Shape, frozen=True):
    node_name: str = ""
    priority: int = 0
    args: list[str] = []


class Pod(Fact, frozen=True):
    of = "pods"

    spec: PodSpec = PodSpec()


class Widget(Fact, frozen=True):
    of = "example.com/widgets"


class Namespace(Fact, frozen=True):
    of = "namespaces"


class Few(Fact, frozen=True):
    of = "pods"
    most = 2


class Stranger(Fact, frozen=True):
    of = "metrics.k8s.io/nodes"


class Absent(Fact, frozen=True):
    of = "absent.io/things"


def pod(name: str, **spec: object) -> dict[str, object]:
    return {"metadata": {"name": name, "namespace": "n", "creationTimestamp": None}, "spec": spec, "status": {"x": [1]}}


async def taken(api: Server, *kinds: type[Fact]) -> Snapshot:
    async with api.client() as client:
        return await collect(client, kinds, clock=FakeClock())


async def test_everything_that_is_there(api: Server) -> None:
    api.on("GET", "/api/v1/pods", json({"metadata": {"continue": "x"}, "items": [pod("a", nodeName="m")]}),
           json({"items": [pod("b")], "metadata": {}}))  # fmt: skip
    api.on("GET", "/apis/example.com/v2/widgets", json({"items": None, "metadata": {}}))
    snapshot = await taken(api, Pod, Widget, Pod)
    assert [fact.subject for fact in snapshot.all(Pod)] == ["pods/n/a", "pods/n/b"]
    assert snapshot.all(Pod)[0].spec.node_name == "m"
    assert snapshot.all(Widget) == ()
    assert snapshot.gap(Pod) is None
    assert snapshot.gap(Widget) is None
    assert snapshot.cluster == ClusterIdentity("u-1", "v1.37.1", "linux/amd64")
    assert snapshot.taken_at == dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


async def test_each_gap_has_its_reason(api: Server) -> None:
    api.on("GET", "/apis", json(aggregated("/apis", stale=("metrics.k8s.io",))))
    api.on("GET", "/api/v1/pods", status(403, 'pods is forbidden: User "joe" cannot list resource "pods"'))
    api.on("GET", "/apis/example.com/v2/widgets", json({"items": "many"}))
    api.on("GET", "/api/v1/namespaces", status(500, "etcd is gone"))
    snapshot = await taken(api, Pod, Widget, Namespace, Stranger, Absent)
    assert snapshot.facts == {}
    assert {of: gap.reason for of, gap in snapshot.gaps.items()} == {
        "pods": GapReason.FORBIDDEN,
        "example.com/widgets": GapReason.UNREADABLE,
        "namespaces": GapReason.UNREACHABLE,
        "metrics.k8s.io/nodes": GapReason.UNREACHABLE,
        "absent.io/things": GapReason.ABSENT,
    }
    assert 'User "joe"' in snapshot.gaps["pods"].detail
    assert "etcd is gone" in snapshot.gaps["namespaces"].detail


async def test_objects_that_do_not_fit_are_left_out_one_by_one(api: Server) -> None:
    items = [pod("a"), pod("b", priority="high"), pod("c", args=None), pod("d", priority=[])]
    api.on("GET", "/api/v1/pods", json({"items": items, "metadata": {}}))
    snapshot = await taken(api, Pod)
    assert [fact.name for fact in snapshot.all(Pod)] == ["a", "c"]
    gap = snapshot.gap(Pod)
    assert gap is not None
    assert gap.reason is GapReason.UNREADABLE
    assert gap.detail.startswith("2 objects of pods do not have the expected shape; the first is n/b: Expected `int`")


async def test_an_identity_that_we_may_not_see_stays_empty(api: Server) -> None:
    api.on("GET", "/api/v1/namespaces/kube-system", status(403, 'User "joe" cannot get resource "namespaces"'))
    snapshot = await taken(api)
    assert snapshot.cluster == ClusterIdentity("", "v1.37.1", "linux/amd64")


async def test_of_a_kind_without_bounds_no_more_is_read_than_has_room(api: Server) -> None:
    page = json({"metadata": {"continue": "x"}, "items": [pod("a"), pod("b")]})
    api.on(
        "GET", "/api/v1/pods", page, json({"items": [pod("c")], "metadata": {}}), json({"items": [pod("d")] * 10**4})
    )
    snapshot = await taken(api, Few)
    gap = snapshot.gap(Few)
    assert gap is not None
    assert gap.reason is GapReason.UNREADABLE
    assert gap.detail == "there are more than 2 objects of pods, and so many are not read"
    assert snapshot.all(Few) == ()


async def test_as_many_as_have_room_are_read(api: Server) -> None:
    api.on("GET", "/api/v1/pods", json({"items": [pod("a"), pod("b")]}))
    assert len((await taken(api, Few)).all(Few)) == 2
