from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from seatrial.cluster.links import TRIES, Caller
from seatrial.kit.clock import FakeClock

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def answering(status: int, **headers: str) -> Handler:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers=headers)

    return answer


async def only_get(request: web.Request) -> web.StreamResponse:
    return web.Response(status=200 if request.method == "GET" else 405)


@pytest.fixture
async def site() -> AsyncIterator[tuple[str, list[str]]]:
    asked: list[str] = []

    @web.middleware
    async def remember(request: web.Request, handler: Handler) -> web.StreamResponse:
        asked.append(f"{request.method} {request.path}")
        return await handler(request)

    app = web.Application(middlewares=[remember])
    routes = {
        "/fine": answering(200), "/gone": answering(404), "/refused": answering(403), "/slower": answering(429), "/broken": answering(503),
        "/moved": answering(302, Location="/fine"), "/round": answering(302, Location="/round"), "/get": only_get,
        "/metadata": answering(302, Location="http://169.254.169.254/latest"), "/file": answering(302, Location="file:///etc/passwd"),
    }  # fmt: skip
    for path, handler in routes.items():
        app.router.add_route("*", path, handler)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/"), asked


@pytest.mark.parametrize(
    ("path", "because"),
    [
        ("/fine", ""), ("/moved", ""), ("/get", ""), ("/gone", "status 404"), ("/refused", "status 403: programs"), ("/slower", "status 429"),
        ("/broken", "status 503"), ("/round", "redirects"), ("/file", "no address"),
    ],
)  # fmt: skip
async def test_what_a_link_answers(site: tuple[str, list[str]], path: str, because: str) -> None:
    url = site[0] + path
    dead = await Caller(clock=FakeClock(), private=True).call([url, url])
    assert (url in dead) is bool(because)
    assert because in dead.get(url, "")


async def test_head_comes_first_and_what_may_pass_is_tried_again(site: tuple[str, list[str]]) -> None:
    url, asked = site
    await Caller(clock=FakeClock(), private=True).call([url + "/fine", url + "/broken", url + "/gone"])
    assert asked.count("HEAD /fine") == 1
    assert "GET /fine" not in asked
    assert asked.count("GET /broken") == TRIES
    assert asked.count("GET /gone") == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "10.0.0.1"])
async def test_nothing_inside_is_called(site: tuple[str, list[str]], host: str) -> None:
    url, asked = site
    dead = await Caller(clock=FakeClock()).call([f"http://{host}:{url.rpartition(':')[2]}/fine"])
    assert list(dead.values()) == ["its address is not public"]
    assert asked == []


async def test_nobody_there() -> None:
    dead = await Caller(clock=FakeClock(), private=True).call(["http://127.0.0.1:9/x"])
    assert dead["http://127.0.0.1:9/x"]
