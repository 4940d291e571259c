"""A cluster as it goes on: across bookmarks, lost connections and expired positions, and without what may not be read."""

from __future__ import annotations

import asyncio
import json as jsonlib
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from seatrial.catalog.systems.kubernetes.core import Namespace
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.cluster.collect import collect
from seatrial.cluster.following import Changes, Gaps, Inbox, following
from seatrial.kit.clock import FakeClock
from seatrial.model.fact import Apis, ClusterIdentity, Fact, GapReason, Snapshot
from tests.unit.cluster.server import Handler, Server, json, status

PODS, NAMESPACES = "/api/v1/pods", "/api/v1/namespaces"
KINDS = (Pod, Namespace)
NOTHING = Snapshot(FakeClock().now(), ClusterIdentity(), Apis(), {}, {})


def pod(name: str, version: int, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "n", "resourceVersion": str(version)}, "spec": spec}


def listing(version: int, *items: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"resourceVersion": str(version)}, "items": list(items)}


class Kind:
    """Lists, and then says what each watch is to hear; after the last one it is silent."""

    def __init__(
        self, *lists: dict[str, Any] | Handler, watches: list[list[tuple[str, Any]] | Handler] | None = None
    ) -> None:
        self.lists, self.watches = list(lists), list(watches or [])
        self.asked: list[str] = []  # the versions from which it was watched; "list" for a list

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if "watch" not in request.query:
            self.asked.append("list")
            answer = self.lists.pop(0) if len(self.lists) > 1 else self.lists[0]
            return await (answer if callable(answer) else json(answer))(request)
        self.asked.append(request.query["resourceVersion"])
        said = self.watches.pop(0) if self.watches else []
        if callable(said):
            return await said(request)
        response = web.StreamResponse()
        await response.prepare(request)
        for type, obj in said:
            await response.write(jsonlib.dumps({"type": type, "object": obj}).encode() + b"\n")
        if not self.watches:
            while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
        return response


async def followed(
    api: Server, pods: Kind, wanted: Callable[[Changes, Gaps, Inbox], bool], *, look: bool = False
) -> tuple[Snapshot, Changes, Gaps]:
    """What is in the inbox as soon as that is wanted."""
    api.on("GET", PODS, pods)
    api.on("GET", NAMESPACES, Kind(listing(1)))
    changes: Changes = {}
    gaps: Gaps = {}
    async with api.client() as client:
        first = await collect(client, KINDS)
        async with following(client, KINDS, first) as inbox, asyncio.timeout(30):
            while not wanted(changes, gaps, inbox):
                if look:
                    inbox.look_again()
                    await asyncio.sleep(0.01)
                    if not inbox.arrived.is_set():
                        continue
                await inbox.arrived.wait()
                more, other = inbox.take(first)
                for of, changed in more.items():
                    changes.setdefault(of, {}).update(changed)
                gaps |= other
    return first, changes, gaps


def names(changed: dict[str, Fact | None]) -> dict[str, bool]:
    return {subject.rpartition("/")[2]: fact is not None for subject, fact in changed.items()}


async def test_it_goes_on_where_the_list_ended_and_lists_nothing_again(api: Server) -> None:
    said = [
        ("ADDED", pod("b", 6)),
        ("MODIFIED", pod("a", 7, nodeName="n1")),
        ("DELETED", pod("b", 8)),
        ("BOOKMARK", pod("", 9)),
    ]
    pods = Kind(listing(5, pod("a", 1)), watches=[said, [("ADDED", pod("c", 10))]])
    first, changes, _ = await followed(api, pods, lambda changes, *_: "pods/n/c" in changes.get("pods", {}))
    assert [fact.name for fact in first.facts["pods"]] == ["a"]
    assert names(changes["pods"]) == {"a": True, "b": False, "c": True}
    assert pods.asked == ["list", "5", "9"]


async def test_an_expired_position_lists_that_kind_alone_and_tells_what_went_unseen(api: Server) -> None:
    gone: list[tuple[str, Any]] = [("ERROR", {"kind": "Status", "code": 410, "message": "too old"})]
    pods = Kind(listing(5, pod("a", 1), pod("b", 1)), listing(20, pod("b", 1), pod("c", 2)), watches=[gone])
    _, changes, _ = await followed(api, pods, lambda changes, *_: "pods/n/c" in changes.get("pods", {}))
    assert names(changes["pods"]) == {"a": False, "b": True, "c": True}
    assert pods.asked[:2] == ["list", "5"]
    assert pods.asked[2] == "list"
    assert "namespaces" not in changes


async def test_a_server_of_another_past_is_listed_anew(api: Server) -> None:
    future = status(504, "Timeout: Too large resource version: 5, current: 3")
    pods = Kind(listing(5, pod("a", 1)), listing(3), watches=[future])
    _, changes, _ = await followed(api, pods, lambda changes, *_: bool(changes))
    assert names(changes["pods"]) == {"a": False}


async def test_lost_and_heard_again_are_told_and_nothing_is_listed(api: Server) -> None:
    pods = Kind(listing(5), watches=[status(500, "etcd is away"), [("ADDED", pod("a", 6))]])
    lost: list[str] = []

    def wanted(changes: Changes, gaps: Gaps, inbox: Inbox) -> bool:
        lost.extend(inbox.lost.values())
        return bool(changes) and not inbox.lost

    await followed(api, pods, wanted)
    assert "etcd is away" in lost[0]
    assert pods.asked == ["list", "5", "5"]


async def test_what_may_not_be_read_stays_a_gap_until_it_may(api: Server) -> None:
    denied = status(403, 'User "u" cannot list resource "pods"')
    pods = Kind(denied, denied, listing(7, pod("a", 1)))
    first, changes, gaps = await followed(
        api, pods, lambda changes, *_: "pods/n/a" in changes.get("pods", {}), look=True
    )
    assert first.gaps["pods"].reason is GapReason.FORBIDDEN
    assert gaps == {"pods": None}
    assert names(changes["pods"]) == {"a": True}


async def test_what_may_be_listed_and_not_watched_is_listed_when_one_looks_again(api: Server) -> None:
    denied = status(403, 'User "u" cannot watch resource "pods"')
    pods = Kind(listing(5), listing(5), listing(8, pod("a", 1)), watches=[denied] * 9)
    _, changes, _ = await followed(api, pods, lambda changes, *_: "pods/n/a" in changes.get("pods", {}), look=True)
    assert names(changes["pods"]) == {"a": True}


async def test_a_kind_that_is_no_longer_served_becomes_a_gap(api: Server) -> None:
    pods = Kind(listing(5, pod("a", 1)), status(404, "not found"), watches=[status(404, "not found")])
    _, changes, gaps = await followed(api, pods, lambda changes, gaps, _: bool(gaps))
    assert names(changes["pods"]) == {"a": False}
    found = gaps["pods"]
    assert found is not None
    assert found.reason is GapReason.ABSENT


async def test_an_object_of_another_shape_is_left_out_and_counted_until_it_fits(api: Server) -> None:
    odd = {"metadata": {"name": "a", "namespace": "n", "resourceVersion": "6"}, "spec": "none"}
    pods = Kind(listing(5, pod("a", 1)), watches=[[("MODIFIED", odd)]])
    _, changes, gaps = await followed(api, pods, lambda changes, gaps, _: bool(gaps))
    assert names(changes["pods"]) == {"a": False}
    found = gaps["pods"]
    assert found is not None
    assert found.reason is GapReason.UNREADABLE
    assert "n/a: Expected `object`, got `str`" in found.detail


async def test_however_much_happens_the_inbox_has_the_last_word_alone() -> None:
    inbox = Inbox()
    for number in range(100_000):
        inbox.put("pods", f"pods/n/{number % 10}", Pod() if number % 3 else None)
    assert inbox.count == 100_000
    changes, _ = inbox.take(NOTHING)
    assert len(changes["pods"]) == 10


async def test_a_follower_that_breaks_is_heard_of(api: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seatrial.cluster.following.Follower.take", lambda *_: 1 / 0)
    pods = Kind(listing(5), watches=[[("ADDED", pod("a", 6))]])
    with pytest.raises(ZeroDivisionError):
        await followed(api, pods, lambda *_: False)
