"""What a bench asks through the API server's proxy: once, or until the answer is as it should be."""

from __future__ import annotations

import pytest
from aiohttp import web

from seatrial.kit.clock import FakeClock
from seatrial.model.errors import Refused, Rejected, Unreachable
from seatrial.model.evidence import Step
from seatrial.model.workbench import Door
from tests.unit.cluster.server import Handler, status
from tests.unit.cluster.store import Store
from tests.unit.cluster.test_bench import lent

DOOR = Door("pods", "telemetry", "exporter", 9400)
PROXY = "/api/v1/namespaces/telemetry/pods/http:exporter:9400/proxy"


def says(text: str) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text=text)

    return answer


async def test_one_answer_with_its_query(store: Store) -> None:
    store.on("GET", f"{PROXY}/api", says("42"))
    async with store.client() as client, lent(client, clock=FakeClock()) as bench:
        heard = await bench.ask(DOOR, "/api", query={"query": 'sum(a{b="c"})'})
    assert (heard.met, heard.text) == (True, "42")
    (request,) = store.asked(f"{PROXY}/api")
    assert request.query == {"query": 'sum(a{b="c"})'}
    (entry,) = [one for one in bench.evidence.entries if one.step is Step.SAW and "exporter" in one.what]
    assert entry.detail["characters"] == 2


async def test_it_asks_until_the_answer_fits_and_no_answer_is_none_yet(store: Store) -> None:
    store.on("GET", f"{PROXY}/m", status(503), status(404), says("0"), says("1"))
    async with store.client() as client, lent(client, clock=FakeClock()) as bench:
        heard = await bench.ask(DOOR, "/m", until=lambda text: text == "1", within=30)
    assert (heard.met, heard.text) == (True, "1")
    assert len(store.asked(f"{PROXY}/m")) == 4


async def test_when_the_time_is_up_the_last_answer_counts(store: Store) -> None:
    store.on("GET", f"{PROXY}/m", says("0"))
    async with store.client() as client, lent(client, clock=FakeClock()) as bench:
        heard = await bench.ask(DOOR, "/m", until=lambda text: text == "1", within=3)
    assert (heard.met, heard.text) == (False, "0")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (status(503, "no endpoints"), Unreachable),
        (status(404, "no such pod"), Rejected),
        (status(403, 'User "joe" cannot get resource "pods/proxy"'), Refused),
    ],
)
async def test_what_never_answers_is_an_error(store: Store, answer: Handler, error: type[Exception]) -> None:
    store.on("GET", f"{PROXY}/m", answer)
    async with store.client() as client, lent(client, clock=FakeClock()) as bench:
        with pytest.raises(error):
            await bench.ask(DOOR, "/m", until=bool, within=1)
