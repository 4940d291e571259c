"""An API server of few words: it answers what a test tells it to, over TLS, and remembers what it was asked."""

from __future__ import annotations

import ssl
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from seatrial.cluster.access import Access
from seatrial.cluster.client import Client
from seatrial.cluster.credentials import Credential, Fixed, Identity
from seatrial.cluster.transport import Transport
from seatrial.kit.clock import Clock, FakeClock
from tests.unit.cluster.keys import Authority, Pair

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

RESOURCES = [  # group, version, plural, kind, scope
    ("", "v1", "pods", "Pod", "Namespaced"),
    ("", "v1", "namespaces", "Namespace", "Cluster"),
    ("", "v1", "serviceaccounts", "ServiceAccount", "Namespaced"),
    ("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", "Cluster"),
    ("example.com", "v2", "widgets", "Widget", "Namespaced"),
    ("example.com", "v1", "widgets", "Widget", "Namespaced"),
]
VERBS = ["get", "list", "watch", "create", "delete", "patch"]


def status(code: int, message: str = "", **headers: str) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code}
        return web.json_response(body, status=code, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return answer


def json(value: Any) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response(value)

    return answer


def aggregated(path: str, stale: tuple[str, ...] = ()) -> dict[str, Any]:
    groups: defaultdict[str, dict[str, list[Any]]] = defaultdict(dict)
    for group, version, plural, kind, scope in RESOURCES:
        if bool(group) is (path == "/apis"):
            item = {"resource": plural, "responseKind": {"kind": kind}, "scope": scope, "verbs": VERBS}
            groups[group].setdefault(version, []).append(item)
    items = [
        {"metadata": {"name": group}, "versions": [{"version": v, "resources": r} for v, r in versions.items()]}
        for group, versions in groups.items()
    ]
    items += [{"metadata": {"name": group}, "versions": [{"version": "v1", "freshness": "Stale"}]} for group in stale]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": items}


class Server:
    """``on`` says what it answers to one path: each handler once, the last one for ever."""

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self.url = ""
        self.requests: list[web.Request] = []
        self.bodies: list[bytes] = []
        self._handlers: dict[tuple[str, str], list[Handler]] = {}
        self.on("GET", "/api", json(aggregated("/api")))
        self.on("GET", "/apis", json(aggregated("/apis")))
        self.on("GET", "/version", json({"gitVersion": "v1.37.1", "platform": "linux/amd64"}))
        self.on("GET", "/api/v1/namespaces/kube-system", json({"metadata": {"uid": "u-1"}}))

    def on(self, method: str, path: str, *handlers: Handler) -> None:
        self._handlers[method, path] = list(handlers)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.bodies.append(await request.read())
        handlers = self._handlers.get((request.method, request.path))
        if handlers is None:
            return await status(404, f"{request.method} {request.path} is not known")(request)
        return await (handlers.pop(0) if len(handlers) > 1 else handlers[0])(request)

    def asked(self, path: str) -> list[web.Request]:
        return [request for request in self.requests if request.path == path]

    def access(self, credential: Credential | None = None, **more: Any) -> Access:
        given = {"server": self.url, "name": "test", "authority": self.authority.pem, **more}
        return Access(credential=credential or Fixed(Identity("Bearer t-0")), **given)

    def client(
        self,
        credential: Credential | None = None,
        *,
        clock: Clock | None = None,
        timeout: float = 5.0,
        largest: int = 1 << 24,
        **more: Any,
    ) -> Client:
        access = self.access(credential, **more)
        return Client(Transport(access, timeout=timeout, clock=clock or FakeClock(), largest=largest))


@asynccontextmanager
async def serving(server: Any, pair: Pair, *, clients_of: Authority | None = None) -> AsyncIterator[Any]:
    """``server`` is anything with ``handle`` and ``url``."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "crt").write_bytes(pair.certificate)
        (Path(folder) / "key").write_bytes(pair.key)
        context.load_cert_chain(Path(folder) / "crt", Path(folder) / "key")
    if clients_of is not None:
        context.load_verify_locations(cadata=clients_of.pem.decode())
        context.verify_mode = ssl.CERT_REQUIRED
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    listening = TestServer(app, scheme="https", host="127.0.0.1")
    await listening.start_server(ssl=context, shutdown_timeout=0.1)
    server.url = f"https://127.0.0.1:{listening.port}"
    try:
        yield server
    finally:
        await listening.close()
