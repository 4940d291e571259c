"""A connection to one API server."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec

from seatrial.cluster import commands, watch
from seatrial.cluster.access import Access
from seatrial.cluster.answer import Conflict, NoSuchObject, error_of
from seatrial.cluster.decode import Page, part
from seatrial.cluster.discovery import Directory, Resource, discover
from seatrial.cluster.lists import Listing, list_all
from seatrial.cluster.transport import JSON, Parameters, Transport
from seatrial.kit import text
from seatrial.kit.clock import Clock
from seatrial.model.errors import CannotJudge, Rejected, Unreachable, UsageError
from seatrial.model.fact import Apis, Obj
from seatrial.model.workbench import Door, Ran

FIELD_MANAGER = "seatrial"
_RELEASE = re.compile(r"v(\d+)\.(\d+)")
_WRITES_LISTS = (1, 34)  # lists come out of the server's cache, object by object

T = TypeVar("T")


def connect(access: Access, *, timeout: float = 30.0, clock: Clock | None = None, at_once: int = 32) -> Client:
    """A client to enter with ``async with``. ``timeout`` is in seconds, for one request; watches go on longer.

    ``at_once`` is how many connections it may have; each watch keeps one. 0 is for as many as it takes.
    """
    return Client(Transport(access, timeout=timeout, clock=clock, at_once=at_once))


class Client:
    """What ``model.api.Api`` promises, and what snapshots and benches need beyond it."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._directory: Directory | None = None
        self._version: Obj | None = None

    async def __aenter__(self) -> Self:
        await self._transport.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.close()

    @property
    def access(self) -> Access:
        return self._transport.access

    async def version(self) -> Obj:
        """What the server says of itself, asked once; nothing where it does not tell."""
        if self._version is None:
            with suppress(CannotJudge):  # whether anything can be read is told by whoever reads it
                self._version = await self.get("/version")
        return self._version or {}

    async def discover(self) -> Apis:
        self._directory = await discover(self._transport)
        return self._directory.apis

    async def directory(self) -> Directory:
        """What the last discovery found."""
        if self._directory is None:
            self._directory = await discover(self._transport)
        return self._directory

    async def resource(self, key: str) -> Resource:
        """The resource ``group/plural``; one that is not known is looked for once more, for it may be new."""
        found = (await self.directory()).named(key)
        if found is None:
            await self.discover()
            found = (await self.directory()).named(key)
        if found is None:
            raise Rejected(f"{self._transport.address} does not serve {text.one_line(key)}")
        return found

    async def resource_of(self, obj: Obj) -> Resource:
        api_version, kind = str(obj.get("apiVersion", "")), str(obj.get("kind", ""))
        if not api_version or not kind:
            raise UsageError("an object without apiVersion or kind cannot be sent")
        found = (await self.directory()).of_kind(api_version, kind)
        if found is None:
            await self.discover()
            found = (await self.directory()).of_kind(api_version, kind)
        if found is None:
            what = f"{text.one_line(kind)} of {text.one_line(api_version)}"
            raise Rejected(f"{self._transport.address} does not serve {what}", way_out="install what defines it first")
        return found

    async def read(self, path: str, *, params: Parameters | None = None, accept: str = JSON) -> bytes | None:
        """The body of one GET as it came; ``None`` when there is no such thing."""
        answer = await self._transport.send("GET", path, params=params, accept=accept)
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise error_of(answer, self._transport.address)
        return answer.body

    async def get(self, path: str) -> Obj | None:
        body = await self.read(path)
        return None if body is None else self._object(body)

    async def list_all(
        self, path: str, read_page: Callable[[bytes], Page[T]], params: Mapping[str, str] | None = None
    ) -> Listing[T]:
        """All of them; at once from a server that does not have to hold them all for it."""
        at_once = _release(await self.version()) >= _WRITES_LISTS
        return await list_all(self._transport, path, read_page, params, at_once=at_once)

    def changes(self, path: str, params: dict[str, str]) -> AsyncGenerator[watch.Current, None]:
        return watch.changes(self._transport, path, params)

    def events(self, path: str, version: str) -> AsyncGenerator[watch.Heard, None]:
        return watch.events(self._transport, path, {}, version, seconds=watch.LONG)

    @property
    def clock(self) -> Clock:
        return self._transport.clock

    @property
    def address(self) -> str:
        return self._transport.address

    async def create(self, obj: Obj, *, dry_run: bool = False) -> Obj:
        resource = await self.resource_of(obj)
        params = {"fieldManager": FIELD_MANAGER} | ({"dryRun": "All"} if dry_run else {})
        return await self._write("POST", resource.path(namespace=_namespace(obj)), obj, params=params)

    async def ensure(self, obj: Obj) -> bool:
        try:
            await self.create(obj)
        except Conflict:
            return False
        return True

    async def apply(self, obj: Obj, *, subresource: str = "") -> Obj:
        resource = await self.resource_of(obj)
        path = resource.path(namespace=_namespace(obj), name=_name(obj), subresource=subresource)
        params = {"fieldManager": FIELD_MANAGER, "force": "true"}
        return await self._write("PATCH", path, obj, params=params, content_type="application/apply-patch+yaml")

    async def patch(self, path: str, merge: Obj) -> Obj:
        """A JSON merge patch of the object at this path."""
        params = {"fieldManager": FIELD_MANAGER}
        return await self._write("PATCH", path, merge, params=params, content_type="application/merge-patch+json")

    async def delete(self, obj: Obj) -> bool:
        resource = await self.resource_of(obj)
        return await self.delete_at(resource.path(namespace=_namespace(obj), name=_name(obj)))

    async def delete_at(self, path: str, *, uid: str = "", grace: int | None = None) -> bool:
        """Delete the object at this path; with ``uid``, only if it is still that very one. ``grace`` is for pods."""
        options: Obj = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        if grace is not None:
            options["gracePeriodSeconds"] = grace
        if uid:
            options["preconditions"] = {"uid": uid}
        answer = await self._transport.send("DELETE", path, body=options)
        if answer.status == 404 or (answer.status == 409 and uid):
            return False
        if answer.status not in (200, 202):
            raise error_of(answer, self._transport.address)
        return True

    async def logs(self, namespace: str, pod: str, *, container: str = "", largest: int = 1 << 20) -> str:
        path = (await self.resource("pods")).path(namespace=namespace, name=pod, subresource="log")
        params = {"limitBytes": str(largest)} | ({"container": container} if container else {})
        body = await self.read(path, params=params, accept="*/*")
        if body is None:
            raise NoSuchObject(f"there is no pod {namespace}/{text.one_line(pod)} to read logs of")
        return body.decode(errors="replace")

    async def log_lines(self, namespace: str, pod: str, *, idle: float) -> AsyncGenerator[bytes, None]:
        """From the first on, each as it comes, until the container has ended; ``idle`` is how long it may say nothing."""
        path = (await self.resource("pods")).path(namespace=namespace, name=pod, subresource="log")
        async with self._transport.stream(path, params={"follow": "true"}, idle=idle, accept="*/*") as lines:
            async for line in lines:
                yield line

    async def proxied(self, door: Door, path: str, query: Mapping[str, str]) -> str:
        """What something in the cluster answers to a GET through the API server."""
        resource = await self.resource(door.resource)
        name = f"{door.scheme}:{door.name}:{door.port}"
        proxy = resource.path(namespace=door.namespace, name=name, subresource="proxy") + path
        body = await self.read(proxy, params=dict(query), accept="*/*")
        if body is None:
            raise NoSuchObject(f"{door} has no {text.one_line(path)}")
        return body.decode(errors="replace")

    async def execute(self, namespace: str, pod: str, argv: Sequence[str], *, container: str = "") -> Ran:
        path = (await self.resource("pods")).path(namespace=namespace, name=pod)
        return await commands.execute(self._transport, path, argv, container=container)

    async def _write(self, method: str, path: str, body: Any, *, params: Parameters, content_type: str = JSON) -> Obj:
        answer = await self._transport.send(method, path, params=params, body=body, content_type=content_type)
        if answer.status not in (200, 201, 202):
            raise error_of(answer, self._transport.address)
        return self._object(answer.body)

    def _object(self, body: bytes) -> Obj:
        try:
            return msgspec.json.decode(body, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            what = text.one_line(str(error))
            raise Unreachable(f"{self._transport.address} answers with something that is no object: {what}") from error


def _name(obj: Obj) -> str:
    name = str(part(obj, "metadata").get("name", ""))
    if not name:
        raise UsageError(f"a {text.one_line(str(obj.get('kind')))} without metadata.name cannot be found in a cluster")
    return name


def _namespace(obj: Obj) -> str:
    return str(part(obj, "metadata").get("namespace") or "default")


def _release(version: Obj) -> tuple[int, int]:
    found = _RELEASE.match(str(version.get("gitVersion", "")))
    return (int(found[1]), int(found[2])) if found else (0, 0)
