"""Answers of a monitoring system, good, bad and none, from a server on loopback."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from seatrial.cluster import prometheus
from seatrial.model.errors import UsageError
from seatrial.model.fact import Gap, GapReason, Series, Track


class Busy(Series, frozen=True):
    of: ClassVar[str] = "metrics/busy"
    query: ClassVar[str] = "busy > 0"


def vector(*samples: tuple[dict[str, str], str]) -> dict[str, Any]:
    result = [{"metric": labels, "value": [1767225600.5, value]} for labels, value in samples]
    return {"status": "success", "data": {"resultType": "vector", "result": result}}


class Server:
    def __init__(self) -> None:
        self.answer: Any = vector()
        self.status = 200
        self.asked: list[tuple[str, str | None]] = []

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append((request.query["query"], request.headers.get("Authorization")))
        body = self.answer if isinstance(self.answer, str) else json.dumps(self.answer)
        return web.Response(text=body, status=self.status)


@pytest.fixture
async def server() -> AsyncIterator[tuple[Server, str]]:
    handler = Server()
    app = web.Application()
    app.router.add_get("/prefix/api/v1/query", handler.handle)
    running = TestServer(app)
    await running.start_server()
    yield handler, f"http://{running.host}:{running.port}/prefix"
    await running.close()


async def test_series_carry_labels_and_values(server: tuple[Server, str], monkeypatch: pytest.MonkeyPatch) -> None:
    handler, address = server
    monkeypatch.setenv(prometheus.TOKEN, "t0ken")
    handler.answer = vector(({"Hostname": "a", "UUID": "u"}, "40"), ({"hostname": "b"}, "NaN"))
    facts, gaps = await prometheus.read([Busy], prometheus.by_address(address))
    (one,) = facts["metrics/busy"]
    assert (one.value, one.label("hostname", "Hostname"), one.at) == (40.0, "a", 1767225600.5)
    assert not gaps
    assert handler.asked == [("busy > 0", "Bearer t0ken")]


async def test_no_series_is_an_answer_and_no_gap(server: tuple[Server, str]) -> None:
    assert await prometheus.read([Busy], prometheus.by_address(server[1])) == ({"metrics/busy": ()}, {})


@pytest.mark.parametrize(
    ("status", "answer", "reason", "told"),
    [
        (400, {"status": "error", "error": "parse error at char 5"}, GapReason.UNREADABLE, "parse error"),
        (200, {"status": "success", "data": {"resultType": "matrix"}}, GapReason.UNREADABLE, "matrix"),
        (200, "<html>", GapReason.UNREADABLE, "none of Prometheus"),
        (200, {"data": {"result": 5}}, GapReason.UNREADABLE, "none of Prometheus"),
        (503, "try later", GapReason.UNREACHABLE, "503"),
        (302, "elsewhere", GapReason.UNREACHABLE, "302"),
    ],
)
async def test_what_is_no_answer_is_a_gap_with_the_reason(
    server: tuple[Server, str], status: int, answer: Any, reason: GapReason, told: str
) -> None:
    handler, address = server
    handler.status, handler.answer = status, answer
    facts, gaps = await prometheus.read([Busy], prometheus.by_address(address))
    assert not facts
    assert gaps["metrics/busy"].reason is reason
    assert told in gaps["metrics/busy"].detail


async def test_nobody_there_and_nobody_named() -> None:
    for ask in (None, prometheus.by_address("http://127.0.0.1:1")):
        _, gaps = await prometheus.read([Busy], ask)
        assert gaps["metrics/busy"].reason is GapReason.UNREACHABLE


@pytest.mark.parametrize("address", ["prometheus:9090", "ftp://a", "http://", "http://user:s3cret@host"])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(UsageError) as raised:
        prometheus.by_address(address)
    assert "s3cret" not in raised.value.what


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["status", "data", "result", "resultType", "metric", "value"]), inner, max_size=4
            )
        ),
        max_leaves=12,
    )
)
async def test_whatever_comes_is_series_or_a_gap(answer: Any) -> None:
    async def ask(path: str, query: Any) -> str:
        return json.dumps(answer)

    facts, gaps = await prometheus.read([Busy], ask)
    assert set(facts) | set(gaps) == {"metrics/busy"}
    assert all(isinstance(gap, Gap) for gap in gaps.values())


class BusyOverTime(Track, frozen=True):
    of: ClassVar[str] = "metrics/busy-over-time"
    query: ClassVar[str] = "(busy)[$window:$step]"


async def test_a_track_is_asked_for_a_window_and_has_its_points(server: tuple[Server, str]) -> None:
    handler, address = server
    values = [[1767225600, "1"], [1767225615, "NaN"], [1767225630, "0.5"]]
    result = [{"metric": {"UUID": "u"}, "values": values}, {"metric": {"UUID": "none"}, "values": [[1, "NaN"]]}]
    handler.answer = {"status": "success", "data": {"resultType": "matrix", "result": result}}
    facts, gaps = await prometheus.read([BusyOverTime], prometheus.by_address(address), prometheus.Window(600, 15))
    assert handler.asked == [("(busy)[600s:15s]", None)]
    (one,) = facts["metrics/busy-over-time"]
    assert (one.points, one.value, one.at) == (((1767225600.0, 1.0), (1767225630.0, 0.5)), 0.5, 1767225630.0)
    assert not gaps


async def test_a_track_that_is_answered_by_numbers_of_now_is_a_gap(server: tuple[Server, str]) -> None:
    _, gaps = await prometheus.read([BusyOverTime], prometheus.by_address(server[1]))
    assert gaps["metrics/busy-over-time"].reason is GapReason.UNREADABLE
