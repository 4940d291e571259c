"""An API server with a memory: objects can be created, listed, watched, changed and deleted. Enough for a bench."""

from __future__ import annotations

import asyncio
import itertools
import json as jsonlib
from typing import Any

from aiohttp import web

from tests.unit.cluster.keys import Authority
from tests.unit.cluster.server import RESOURCES, Server, status

Obj = dict[str, Any]


class Store(Server):
    def __init__(self, authority: Authority) -> None:
        super().__init__(authority)
        self.objects: dict[tuple[str, str, str], Obj] = {}  # by plural, namespace, name
        self.refused: dict[tuple[str, str], Any] = {}  # by method and plural
        self.gives_accounts = True
        self._versions = itertools.count(1)
        self._watchers: list[tuple[str, str, Any, asyncio.Queue[Obj]]] = []

    def names(self, plural: str) -> list[str]:
        return [name for (kind, _, name) in self.objects if kind == plural]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        plural, namespace, name, _ = _parse(request.path)
        if plural is None or (request.method, request.path) in self._handlers:
            return await super().handle(request)
        self.requests.append(request)
        if (refusal := self.refused.get((request.method, plural))) is not None:
            return await refusal(request)
        body = await request.json() if request.can_read_body else {}
        if request.method == "POST":
            return await self._create(request, plural, namespace, body)
        if request.method == "GET" and name:
            found = self.objects.get((plural, namespace, name))
            return web.json_response(found) if found else await status(404)(request)
        if request.method == "GET":
            return await (self._watch if "watch" in request.query else self._list)(request, plural, namespace)
        found = self.objects.get((plural, namespace, name))
        if found is None:
            return await status(404)(request)
        if request.method == "PATCH":
            found["metadata"].setdefault("labels", {}).update(body["metadata"]["labels"])
            self.changed("MODIFIED", plural, namespace, found)
            return web.json_response(found)
        return await self._delete(request, plural, namespace, found, body)

    def put(self, plural: str, namespace: str, obj: Obj) -> Obj:
        metadata = obj["metadata"]
        if "generateName" in metadata:
            metadata["name"] = f"{metadata['generateName']}{next(self._versions)}"
        metadata.setdefault("uid", f"uid-{next(self._versions)}")
        if namespace:
            metadata["namespace"] = namespace
        known = (plural, namespace, metadata["name"]) in self.objects
        self.objects[plural, namespace, metadata["name"]] = obj
        self.changed("MODIFIED" if known else "ADDED", plural, namespace, obj)
        if plural == "namespaces" and not known and self.gives_accounts:
            self.put("serviceaccounts", metadata["name"], {"metadata": {"name": "default"}})
        return obj

    def drop(self, plural: str, namespace: str, name: str) -> None:
        obj = self.objects.pop((plural, namespace, name))
        self.changed("DELETED", plural, namespace, obj)
        if plural == "namespaces":
            for kind, inside, inner in list(self.objects):
                if inside == name:
                    self.drop(kind, inside, inner)

    def changed(self, type: str, plural: str, namespace: str, obj: Obj) -> None:
        obj["metadata"]["resourceVersion"] = str(next(self._versions))
        for kind, inside, query, queue in self._watchers:
            if kind == plural and inside in ("", namespace) and _selected(obj, query):
                queue.put_nowait(jsonlib.loads(jsonlib.dumps({"type": type, "object": obj})))

    async def _create(self, request: web.Request, plural: str, namespace: str, obj: Obj) -> web.StreamResponse:
        if (plural, namespace, obj["metadata"].get("name")) in self.objects:
            return await status(409, "already exists")(request)
        if "dryRun" in request.query:
            return web.json_response(obj, status=201)
        return web.json_response(self.put(plural, namespace, obj), status=201)

    async def _delete(
        self, request: web.Request, plural: str, namespace: str, found: Obj, options: Obj
    ) -> web.StreamResponse:
        if options.get("preconditions", {}).get("uid", found["metadata"]["uid"]) != found["metadata"]["uid"]:
            return await status(409, "the UID in the precondition does not match")(request)
        if found["metadata"].get("finalizers"):
            found["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
            self.changed("MODIFIED", plural, namespace, found)
        else:
            self.drop(plural, namespace, found["metadata"]["name"])
        return web.json_response(found)

    async def _list(self, request: web.Request, plural: str, namespace: str) -> web.StreamResponse:
        items = [
            obj
            for (kind, inside, _), obj in self.objects.items()
            if kind == plural and namespace in ("", inside) and _selected(obj, request.query)
        ]
        return web.json_response({"metadata": {"resourceVersion": str(next(self._versions))}, "items": items})

    async def _watch(self, request: web.Request, plural: str, namespace: str) -> web.StreamResponse:
        response = web.StreamResponse()
        queue: asyncio.Queue[Obj] = asyncio.Queue()
        since = int(request.query["resourceVersion"])
        for (kind, inside, _), obj in self.objects.items():  # what changed between the list and now
            newer = int(obj["metadata"]["resourceVersion"]) > since
            if kind == plural and namespace in ("", inside) and newer and _selected(obj, request.query):
                queue.put_nowait({"type": "MODIFIED", "object": obj})
        self._watchers.append((plural, namespace, dict(request.query), queue))
        await response.prepare(request)
        while True:
            await response.write(jsonlib.dumps(await queue.get()).encode() + b"\n")


def _parse(path: str) -> tuple[str | None, str, str, str]:
    parts = path.strip("/").split("/")
    rest = parts[2:] if parts[0] == "api" else parts[3:]
    namespace = ""
    if rest[:1] == ["namespaces"] and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    known = {plural for _, _, plural, _, _ in RESOURCES}
    if not rest or rest[0] not in known:
        return None, "", "", ""
    return rest[0], namespace, rest[1] if len(rest) > 1 else "", rest[2] if len(rest) > 2 else ""


def _selected(obj: Obj, query: Any) -> bool:
    metadata = obj["metadata"]
    labels = metadata.get("labels", {})
    for term in filter(None, query.get("labelSelector", "").split(",")):
        key, equals, value = term.partition("=")
        if key not in labels or (equals and labels[key] != value):
            return False
    name = query.get("fieldSelector", "").removeprefix("metadata.name=")
    return not name or metadata["name"] == name
