"""How the client speaks: trust, credentials, retries, limits, and the verbs."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

from seatrial.cluster.answer import NoSuchObject
from seatrial.cluster.credentials import Fixed, Identity, TokenFile
from seatrial.cluster.decode import page_of_objects
from seatrial.kit.clock import FakeClock
from seatrial.model.errors import Refused, Rejected, Unreachable, UsageError
from tests.unit.cluster.keys import Authority, Pair
from tests.unit.cluster.server import Server, json, serving, status

NODE = {"kind": "Node", "metadata": {"name": "a"}}
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "n"}}


async def test_get_sends_the_token_and_returns_the_object(api: Server) -> None:
    api.on("GET", "/api/v1/nodes/a", json(NODE))
    async with api.client() as client:
        assert await client.get("/api/v1/nodes/a") == NODE
        assert await client.get("/api/v1/nodes/b") is None
    assert api.requests[0].headers["Authorization"] == "Bearer t-0"
    assert api.requests[0].headers["User-Agent"].startswith("seatrial/")


async def test_a_server_of_another_authority_is_not_trusted(api: Server) -> None:
    async with api.client(authority=Authority("stranger").pem) as client:
        with pytest.raises(Unreachable, match="certificate is not trusted") as caught:
            await client.get("/version")
    assert "certificate-authority" in caught.value.way_out
    assert api.requests == []


async def test_the_expected_name_of_the_server_may_differ_from_its_address(api: Server) -> None:
    async with api.client(server_name="api.test") as client:
        assert await client.get("/version")
    async with api.client(server_name="other.test") as client:
        with pytest.raises(Unreachable, match=r"not trusted.*other\.test"):
            await client.get("/version")


async def test_verification_can_be_turned_off(api: Server) -> None:
    async with api.client(authority=None, verify=False) as client:
        assert await client.get("/version")


async def test_a_client_certificate_is_shown_and_its_key_stays_off_the_disk(
    authority: Authority, server_pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    pair = authority.pair("somebody")
    async with serving(Server(authority), server_pair, clients_of=authority) as api:
        async with api.client(Fixed(Identity("", pair.certificate, pair.key))) as client:
            assert await client.get("/version")
        async with api.client() as client:
            with pytest.raises(Unreachable):
                await client.get("/version")
    assert os.listdir(tmp_path) == []  # noqa: PTH208


async def test_a_certificate_without_its_key_is_named(api: Server, authority: Authority) -> None:
    identity = Identity("", authority.pair("a").certificate, authority.pair("b").key)
    async with api.client(Fixed(identity)) as client:
        with pytest.raises(UsageError, match="cannot be used"):
            await client.get("/version")


async def test_401_reads_a_rotated_token_once(api: Server, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("old")

    async def rotate(request: web.Request) -> web.StreamResponse:
        token.write_text("brand-new")
        return await status(401, "Unauthorized")(request)

    api.on("GET", "/version", rotate, json({"ok": True}))
    async with api.client(TokenFile(token, Identity())) as client:
        assert await client.get("/version") == {"ok": True}
    assert [r.headers["Authorization"] for r in api.requests] == ["Bearer old", "Bearer brand-new"]


async def test_401_with_nothing_newer_is_refused(api: Server) -> None:
    api.on("GET", "/version", status(401, "Unauthorized"))
    async with api.client() as client:
        with pytest.raises(Refused, match="does not know who we are: Unauthorized"):
            await client.get("/version")
    assert len(api.requests) == 1


async def test_403_of_the_authorizer_is_refused_and_of_admission_is_rejected(api: Server) -> None:
    rbac = 'pods is forbidden: User "joe" cannot create resource "pods" in API group "" in the namespace "n"'
    quota = 'pods "p" is forbidden: exceeded quota: cpu'
    api.on("POST", "/api/v1/namespaces/n/pods", status(403, rbac), status(403, quota), status(422, "no spec"))
    async with api.client() as client:
        with pytest.raises(Refused, match='User "joe" cannot create'):
            await client.create(POD)
        with pytest.raises(Rejected, match="exceeded quota"):
            await client.create(POD)
        with pytest.raises(Rejected, match="no spec"):
            await client.create(POD)


async def test_what_the_server_says_cannot_move_the_cursor(api: Server) -> None:
    api.on("GET", "/version", status(500, "\x1b[2Jgone\u202e"))
    async with api.client() as client:
        with pytest.raises(Unreachable) as caught:
            await client.get("/version")
    assert r"\x1b[2Jgone\u202e" in caught.value.what


@pytest.mark.parametrize("code", [429, 503])
async def test_a_server_that_asks_to_wait_is_asked_again_then(api: Server, code: int) -> None:
    clock = FakeClock()
    api.on("GET", "/version", status(code, "busy", Retry_After="7"), json({"ok": True}))
    async with api.client(clock=clock) as client:
        assert await client.get("/version") == {"ok": True}
    assert clock.monotonic() == 7


async def test_waiting_has_an_end(api: Server) -> None:
    clock = FakeClock()
    api.on("GET", "/version", status(429, "busy", Retry_After="1"))
    async with api.client(clock=clock) as client:
        with pytest.raises(Unreachable, match="429: busy"):
            await client.get("/version")
    assert clock.monotonic() == 4


async def test_a_wait_that_is_too_long_is_not_begun(api: Server) -> None:
    clock = FakeClock()
    api.on("GET", "/version", status(503, "down", Retry_After="3600"))
    async with api.client(clock=clock) as client:
        with pytest.raises(Unreachable, match="503: down"):
            await client.get("/version")
    assert clock.monotonic() == 0


async def test_a_slow_server_is_unreachable(api: Server) -> None:
    forever = asyncio.Event()

    async def never(request: web.Request) -> web.StreamResponse:
        await forever.wait()
        raise AssertionError

    api.on("GET", "/version", never)
    async with api.client(timeout=0.05) as client:
        with pytest.raises(Unreachable, match="no answer in time"):
            await client.get("/version")
    forever.set()


async def test_nobody_at_the_address(api: Server) -> None:
    async with api.client(server="https://127.0.0.1:1") as client:
        with pytest.raises(Unreachable, match=r"https://127.0.0.1:1: cannot connect") as caught:
            await client.get("/version")
    assert "cluster is up" in caught.value.way_out


async def test_an_answer_without_end_is_cut(api: Server) -> None:
    async def flood(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(64):
            await response.write(b"x" * 65536)
        return response

    api.on("GET", "/version", flood)
    async with api.client(largest=1 << 20) as client:
        with pytest.raises(Unreachable, match="more than 1 MiB"):
            await client.get("/version")


async def test_redirects_are_not_followed_with_our_token(api: Server) -> None:
    async def elsewhere(request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound("/stolen")

    api.on("GET", "/version", elsewhere)
    async with api.client() as client:
        with pytest.raises(Unreachable, match="sends us elsewhere"):
            await client.get("/version")
    assert api.asked("/stolen") == []


async def test_impersonation_goes_with_every_request(api: Server) -> None:
    headers = (("Impersonate-User", "bob"), ("Impersonate-Group", "a"), ("Impersonate-Group", "b"))
    async with api.client(impersonate=headers) as client:
        await client.get("/version")
    assert api.requests[0].headers.getall("Impersonate-Group") == ["a", "b"]
    assert api.requests[0].headers["Impersonate-User"] == "bob"


async def test_a_body_that_is_no_object(api: Server) -> None:
    async def html(request: web.Request) -> web.StreamResponse:
        return web.Response(text="<html>", content_type="text/html")

    api.on("GET", "/version", html)
    async with api.client() as client:
        with pytest.raises(Unreachable, match="no object"):
            await client.get("/version")


def page(names: list[str], more: str = "") -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    return json({"metadata": {"continue": more, "resourceVersion": "9"}, "items": [{"n": name} for name in names]})


OLD = json({"gitVersion": "v1.33.4"})  # such servers would hold a list as a whole, for each who asks for it


async def test_a_list_comes_at_once(api: Server) -> None:
    api.on("GET", "/api/v1/pods", page(["a", "b"]))
    async with api.client() as client:
        assert len((await client.list_all("/api/v1/pods", page_of_objects, {"labelSelector": "a=b"})).items) == 2
        await client.list_all("/api/v1/pods", page_of_objects)
    assert [dict(r.query) for r in api.asked("/api/v1/pods")] == [{"labelSelector": "a=b"}, {}]
    assert len(api.asked("/version")) == 1


async def test_a_list_that_breaks_off_comes_in_chunks(api: Server) -> None:
    async def breaks_off(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'{"metadata":{"resourceVersion":"9"},"items":[')
        for _ in range(24):  # more than fits in between, so that some of it has been read
            await response.write(b'{"metadata":{"name":"%s"}},' % (b"a" * 1_000_000))
        assert request.transport is not None
        request.transport.abort()
        return response

    api.on("GET", "/api/v1/pods", breaks_off, page(["a"], "next"), page(["b"]))
    async with api.client() as client:
        listing = await client.list_all("/api/v1/pods", page_of_objects)
    assert [item["n"] for item in listing.items] == ["a", "b"]
    assert [r.query.get("limit") for r in api.asked("/api/v1/pods")][:2] == [None, "500"]


async def test_a_list_that_never_begins_is_not_asked_for_again(api: Server) -> None:
    async def breaks_off(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    api.on("GET", "/api/v1/pods", breaks_off)
    async with api.client() as client:
        with pytest.raises(Unreachable):
            await client.list_all("/api/v1/pods", page_of_objects)
    asked = len(api.asked("/api/v1/pods"))
    assert asked <= 2  # a connection that was just opened is tried once more by the library


async def test_a_long_list_comes_in_chunks(api: Server) -> None:
    api.on("GET", "/version", OLD)
    api.on("GET", "/api/v1/pods", page(["a", "b"], "next"), page(["c"]))
    async with api.client() as client:
        listing = await client.list_all("/api/v1/pods", page_of_objects)
    assert [item["n"] for item in listing.items] == ["a", "b", "c"]
    assert [dict(r.query) for r in api.asked("/api/v1/pods")] == [
        {"limit": "500"},
        {"limit": "10000", "continue": "next"},  # these are small
    ]


async def test_chunks_that_take_long_to_come_are_smaller(api: Server) -> None:
    clock = FakeClock()

    def after(
        seconds: float, names: list[str], more: str = ""
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def late(request: web.Request) -> web.StreamResponse:
            clock.advance(seconds)
            return await page(names, more)(request)

        return late

    some, more = ["a"] * 500, ["b"] * 2500
    api.on("GET", "/version", OLD)
    api.on("GET", "/api/v1/pods", after(1.0, some, "b"), after(10.0, more, "c"), after(0.1, ["c"]))
    async with api.client(clock=clock) as client:
        await client.list_all("/api/v1/pods", page_of_objects)
    assert [r.query["limit"] for r in api.asked("/api/v1/pods")] == ["500", "2500", "1250"]


async def test_a_wrong_guess_at_how_a_list_goes_on_is_given_up(api: Server) -> None:
    """The next chunk is asked for before this one is decoded; only the decoder knows how the list really goes on."""

    async def lies(request: web.Request) -> web.StreamResponse:
        text = '{"metadata":{"continue":"wrong","continue":"next"},"items":[{"n":"a"}]}'
        return web.Response(text=text, content_type="application/json")

    async def rest(request: web.Request) -> web.StreamResponse:
        right = request.query["continue"] == "next"
        return await (page(["b"]) if right else page(["stranger"]))(request)

    api.on("GET", "/api/v1/pods", lies, rest)
    async with api.client() as client:
        listing = await client.list_all("/api/v1/pods", page_of_objects)
    assert [item["n"] for item in listing.items] == ["a", "b"]


async def test_an_item_cannot_say_how_a_list_goes_on(api: Server) -> None:
    async def last(request: web.Request) -> web.StreamResponse:
        return web.Response(text='{"items":[{"n":"a","continue":"x"}],"metadata":{}}', content_type="application/json")

    api.on("GET", "/api/v1/pods", last)
    async with api.client() as client:
        listing = await client.list_all("/api/v1/pods", page_of_objects)
    assert [item["n"] for item in listing.items] == ["a"]
    assert len(api.asked("/api/v1/pods")) == 1


async def test_a_list_whose_place_was_forgotten_begins_anew(api: Server) -> None:
    api.on("GET", "/api/v1/pods", page(["a"], "next"), status(410, "expired"), page(["a", "b"]))
    async with api.client() as client:
        listing = await client.list_all("/api/v1/pods", page_of_objects)
    assert [item["n"] for item in listing.items] == ["a", "b"]


async def test_a_list_that_is_always_forgotten_ends(api: Server) -> None:
    api.on("GET", "/api/v1/pods", status(410, "expired"))
    async with api.client() as client:
        with pytest.raises(Unreachable, match="expired"):
            await client.list_all("/api/v1/pods", page_of_objects)
    assert len(api.asked("/api/v1/pods")) == 3


async def test_apply_is_forced_and_under_our_name(api: Server) -> None:
    api.on("PATCH", "/apis/example.com/v2/namespaces/n/widgets/w/status", json({"kind": "Widget"}))
    widget = {"apiVersion": "example.com/v2", "kind": "Widget", "metadata": {"name": "w", "namespace": "n"}}
    async with api.client() as client:
        await client.apply(widget, subresource="status")
    sent = api.requests[-1]
    assert dict(sent.query) == {"fieldManager": "seatrial", "force": "true"}
    assert sent.content_type == "application/apply-patch+yaml"


async def test_ensure_leaves_what_is_there(api: Server) -> None:
    api.on("POST", "/apis/example.com/v2/namespaces/n/widgets", json({"kind": "Widget"}), status(409))
    widget = {"apiVersion": "example.com/v2", "kind": "Widget", "metadata": {"name": "w", "namespace": "n"}}
    async with api.client() as client:
        assert await client.ensure(widget) is True
        assert await client.ensure(widget) is False


async def test_delete_says_whether_it_was_there(api: Server) -> None:
    api.on("DELETE", "/api/v1/namespaces/n/pods/p", json({}), status(404))
    async with api.client() as client:
        assert await client.delete(POD) is True
        assert await client.delete(POD) is False
    assert b'"propagationPolicy":"Background"' in api.bodies[-1]


async def test_a_kind_that_appears_later_is_found(api: Server) -> None:
    api.on("GET", "/apis", json({"kind": "APIGroupDiscoveryList"}), json({"kind": "APIGroupDiscoveryList", "items": [
        {"metadata": {"name": "new.io"}, "versions": [{"version": "v1", "resources": [
            {"resource": "things", "responseKind": {"kind": "Thing"}, "scope": "Cluster", "verbs": ["create"]}]}]}]}))  # fmt: skip
    api.on("POST", "/apis/new.io/v1/things", json({"made": True}))
    async with api.client() as client:
        await client.discover()
        assert await client.create({"apiVersion": "new.io/v1", "kind": "Thing", "metadata": {"name": "x"}})
        with pytest.raises(Rejected, match="does not serve Nothing"):
            await client.create({"apiVersion": "new.io/v1", "kind": "Nothing", "metadata": {"name": "x"}})


async def test_logs_are_capped_by_the_server_too(api: Server) -> None:
    async def log(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"hello \xff")

    api.on("GET", "/api/v1/namespaces/n/pods/p/log", log)
    async with api.client() as client:
        assert await client.logs("n", "p", container="c") == "hello \ufffd"
        with pytest.raises(NoSuchObject):
            await client.logs("n", "q")
    assert dict(api.asked("/api/v1/namespaces/n/pods/p/log")[0].query) == {"limitBytes": "1048576", "container": "c"}


async def test_names_cannot_leave_their_place_in_the_path(api: Server) -> None:
    async with api.client() as client:
        role = await client.resource("rbac.authorization.k8s.io/clusterroles")
    assert role.path(name="system:a/../b?x") == "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:a%2F..%2Fb%3Fx"


async def test_through_an_http_proxy(api: Server) -> None:
    seen: list[str] = []

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append((await reader.readuntil(b"\r\n\r\n")).decode())
        host, port = seen[-1].split()[1].split(":")
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))

    proxy = await asyncio.start_server(tunnel, "127.0.0.1", 0)
    port = proxy.sockets[0].getsockname()[1]
    async with proxy, api.client(proxy=f"http://me:pw@127.0.0.1:{port}") as client:
        assert await client.get("/version")
    assert seen[0].startswith("CONNECT 127.0.0.1:")
    assert "Proxy-Authorization: Basic bWU6cHc=" in seen[0]


async def test_a_proxy_that_is_not_there_is_named(api: Server) -> None:
    async with api.client(proxy="http://me:pw@127.0.0.1:1") as client:
        with pytest.raises(Unreachable, match=r"through the proxy 127\.0\.0\.1: the proxy fails") as caught:
            await client.get("/version")
    assert "pw" not in caught.value.what


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
async def test_through_a_socks_proxy(api: Server, scheme: str) -> None:
    asked: list[bytes] = []

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly((await reader.readexactly(2))[1])
        writer.write(b"\x05\x00")
        asked.append(await reader.readexactly(10))
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", int.from_bytes(asked[-1][8:]))
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))

    proxy = await asyncio.start_server(tunnel, "127.0.0.1", 0)
    port = proxy.sockets[0].getsockname()[1]
    async with proxy, api.client(proxy=f"{scheme}://127.0.0.1:{port}") as client:
        assert await client.get("/version")
    assert asked[0][:8] == b"\x05\x01\x00\x01\x7f\x00\x00\x01"


async def test_a_socks_proxy_that_is_not_there(api: Server) -> None:
    async with api.client(proxy="socks5://127.0.0.1:1") as client:
        with pytest.raises(Unreachable, match=r"through the proxy 127\.0\.0\.1"):
            await client.get("/version")


async def test_a_socks_proxy_without_the_library_for_it(api: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp_socks", None)
    with pytest.raises(UsageError, match="SOCKS proxy") as caught:
        await api.client(proxy="socks5://127.0.0.1:1").__aenter__()
    assert caught.value.way_out == "pip install aiohttp-socks"


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()
