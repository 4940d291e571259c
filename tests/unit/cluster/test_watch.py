"""Objects as they change, across bookmarks, lost connections and expired positions."""

from __future__ import annotations

import json as jsonlib
from contextlib import aclosing
from typing import Any

import pytest
from aiohttp import web

from seatrial.kit.clock import FakeClock
from seatrial.model.errors import Refused, Unreachable
from tests.unit.cluster.server import Handler, Server, json, status

PODS = "/api/v1/pods"


def pod(name: str, version: int) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "n", "resourceVersion": str(version)}}


def listing(version: int, *names: str) -> Handler:
    return json({"metadata": {"resourceVersion": str(version)}, "items": [pod(name, version) for name in names]})


def events(*said: tuple[str, Any], split: int = 10_000) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        text = b"".join(jsonlib.dumps({"type": type, "object": obj}).encode() + b"\n" for type, obj in said)
        for start in range(0, len(text), split):
            await response.write(text[start : start + split])
        return response

    return answer


async def seen(api: Server, many: int, clock: FakeClock | None = None) -> list[list[str]]:
    found: list[list[str]] = []
    async with api.client(clock=clock) as client, aclosing(client.changes(PODS, {"labelSelector": "a=b"})) as states:
        async for state in states:
            found.append([obj["metadata"]["name"] for obj in state.objects])
            if len(found) == many:
                return found
    raise AssertionError("a watch goes on until one stops to listen")


async def test_a_server_that_is_not_ready_to_be_watched_is_asked_again_when_it_says(api: Server) -> None:
    clock = FakeClock()
    busy = status(429, "storage is (re)initializing", Retry_After="3")
    api.on("GET", PODS, listing(1, "a"), busy, events(("ADDED", pod("b", 2))))
    assert await seen(api, 2, clock) == [["a"], ["a", "b"]]
    assert clock.monotonic() == 3


@pytest.mark.parametrize("split", [7, 10_000])
async def test_the_list_and_then_each_event(api: Server, split: int) -> None:
    said = events(("ADDED", pod("b", 2)), ("BOOKMARK", pod("", 3)), ("DELETED", pod("a", 4)), split=split)
    api.on("GET", PODS, listing(1, "a"), said)
    assert await seen(api, 3) == [["a"], ["a", "b"], ["b"]]
    assert dict(api.requests[1].query) == {
        "labelSelector": "a=b",
        "watch": "true",
        "allowWatchBookmarks": "true",
        "resourceVersion": "1",
        "timeoutSeconds": "60",
    }


async def test_a_lost_connection_goes_on_where_it_was(api: Server) -> None:
    api.on(
        "GET",
        PODS,
        listing(1),
        events(("ADDED", pod("a", 5)), ("BOOKMARK", pod("", 8))),
        events(("ADDED", pod("b", 9))),
    )
    assert await seen(api, 3) == [[], ["a"], ["a", "b"]]
    assert [r.query.get("resourceVersion") for r in api.requests] == [None, "1", "8"]


@pytest.mark.parametrize("how", [events(("ERROR", {"code": 410, "message": "too old"})), status(410, "too old")])
async def test_an_expired_position_lists_anew(api: Server, how: Handler) -> None:
    api.on("GET", PODS, listing(1, "a"), how, listing(7, "c"))
    assert await seen(api, 2) == [["a"], ["c"]]


async def test_a_watch_that_is_forbidden(api: Server) -> None:
    api.on("GET", PODS, listing(1), status(403, 'forbidden: User "joe" cannot watch resource "pods"'))
    with pytest.raises(Refused):
        await seen(api, 2)


async def test_a_server_that_hangs_up_is_asked_again_a_few_times(api: Server) -> None:
    clock = FakeClock()
    api.on("GET", PODS, listing(1), events())
    with pytest.raises(Unreachable, match="ends every watch"):
        await seen(api, 2, clock)
    assert len(api.requests) == 6
    assert clock.monotonic() > 1


async def test_events_that_make_no_sense(api: Server) -> None:
    api.on("GET", PODS, listing(1), json(["?"]))
    with pytest.raises(Unreachable, match="cannot be read"):
        await seen(api, 2)
