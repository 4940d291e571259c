"""What is served, however the server tells it."""

from __future__ import annotations

import pytest

from seatrial.model.errors import Refused, Unreachable
from tests.unit.cluster.server import Server, aggregated, json, status


def plain(api: Server) -> None:
    api.on("GET", "/api", json({"kind": "APIVersions", "versions": ["v1"]}))
    group = {"name": "example.com", "preferredVersion": {"groupVersion": "example.com/v2", "version": "v2"}}
    group["versions"] = [{"groupVersion": f"example.com/{v}", "version": v} for v in ("v1", "v2")]  # type: ignore[assignment]
    broken = {"name": "metrics.k8s.io", "versions": [{"groupVersion": "metrics.k8s.io/v1", "version": "v1"}]}
    api.on("GET", "/apis", json({"kind": "APIGroupList", "groups": [group, broken]}))
    pods = {"name": "pods", "kind": "Pod", "namespaced": True, "verbs": ["list"]}
    api.on("GET", "/api/v1", json({"resources": [pods, {"name": "pods/log", "kind": "Pod"}]}))
    for version in ("v1", "v2"):
        widgets = {"name": "widgets", "kind": "Widget", "namespaced": True, "verbs": ["list"]}
        api.on("GET", f"/apis/example.com/{version}", json({"resources": [widgets]}))
    api.on("GET", "/apis/metrics.k8s.io/v1", status(503, "service unavailable"))


async def test_aggregated(api: Server) -> None:
    async with api.client() as client:
        apis = await client.discover()
        directory = await client.directory()
    assert apis.versions("pods") == ("v1",)
    assert apis.versions("example.com/widgets") == ("v2", "v1")
    assert len(api.requests) == 2
    preferred = directory.named("example.com/widgets")
    older = directory.of_kind("example.com/v1", "Widget")
    assert preferred is not None
    assert older is not None
    assert (preferred.version, older.version) == ("v2", "v1")
    assert preferred.path(namespace="n", name="w") == "/apis/example.com/v2/namespaces/n/widgets/w"
    assert preferred.path() == "/apis/example.com/v2/widgets"


async def test_a_stale_group_leaves_the_rest(api: Server) -> None:
    api.on("GET", "/apis", json(aggregated("/apis", stale=("metrics.k8s.io",))))
    async with api.client() as client:
        apis = await client.discover()
        directory = await client.directory()
    assert apis.versions("example.com/widgets")
    assert "APIService" in directory.apis.why_broken("metrics.k8s.io/pods")
    assert not directory.apis.why_broken("example.com/widgets")


async def test_a_server_without_aggregated_discovery(api: Server) -> None:
    plain(api)
    async with api.client() as client:
        apis = await client.discover()
        directory = await client.directory()
    assert dict(apis.served) == {"pods": ("v1",), "example.com/widgets": ("v2", "v1")}
    assert "service unavailable" in directory.apis.why_broken("metrics.k8s.io/nodes")


async def test_discovery_that_is_forbidden(api: Server) -> None:
    api.on("GET", "/apis", status(403, 'forbidden: User "joe" cannot get path "/apis"'))
    async with api.client() as client:
        with pytest.raises(Refused):
            await client.discover()


async def test_something_else_at_the_address(api: Server) -> None:
    api.on("GET", "/api", json(["hello"]))
    async with api.client() as client:
        with pytest.raises(Unreachable, match="does not answer like an API server"):
            await client.discover()
