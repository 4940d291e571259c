"""The objects of one kind as they change: a list, then every event, across lost connections and expired positions."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

import msgspec

from seatrial.cluster.answer import Answer, Expired, error_of
from seatrial.cluster.decode import page_of_objects, part
from seatrial.cluster.lists import list_all
from seatrial.cluster.transport import Transport
from seatrial.kit import text
from seatrial.model.errors import Refused, Rejected, Unreachable
from seatrial.model.fact import Obj

T = TypeVar("T")

_FAILURES_IN_A_ROW = 5
_FIRST_PAUSE = 0.2
_SECONDS = 60  # then the server ends a watch, and we go on with the next; a silence twice as long is a fault

LONG = 290  # for a watch that goes on all day: API servers themselves end one after five to ten minutes


class Current(msgspec.Struct, frozen=True):
    """What there is right now. Between one listing and the next, changes may have gone unseen."""

    objects: tuple[Obj, ...]
    listings: int


class Heard(msgspec.Struct, frozen=True):
    """One event as it came: of what type, and of an object that nobody has looked at yet."""

    type: str
    object: msgspec.Raw


OPENED = Heard("OPENED", msgspec.Raw(b"{}"))


class _Event(msgspec.Struct, frozen=True):
    type: str
    object: Obj


class _Position:
    """The objects by identity, and the resource version up to which we have seen them change."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], Obj] = {}
        self.version = ""
        self.listings = 0

    @property
    def current(self) -> Current:
        return Current(tuple(self.objects.values()), self.listings)

    def take(self, event: _Event) -> bool:
        """Whether the objects are now other ones."""
        metadata = part(event.object, "metadata")
        self.version = str(metadata.get("resourceVersion") or self.version)
        identity = (str(metadata.get("namespace", "")), str(metadata.get("name", "")))
        if event.type in ("ADDED", "MODIFIED"):
            self.objects[identity] = event.object
        elif event.type == "DELETED":
            self.objects.pop(identity, None)
        return event.type != "BOOKMARK"


async def changes(transport: Transport, path: str, params: dict[str, str]) -> AsyncGenerator[Current, None]:
    """Yields after the list and after each event, for as long as one listens. Wrap it in ``aclosing``."""
    position, failures = _Position(), 0
    while True:
        try:
            if not position.version:
                await _list(transport, path, params, position)
                yield position.current
            async with aclosing(_events(transport, path, params, position)) as events:
                async for event in events:
                    failures = 0
                    if position.take(event):
                        yield position.current
        except Expired:
            position.version = ""
        except (Refused, Rejected):
            raise
        except Unreachable:
            failures += 1
            if failures >= _FAILURES_IN_A_ROW:
                raise
            await transport.clock.sleep(_FIRST_PAUSE * 2**failures)


async def _list(transport: Transport, path: str, params: dict[str, str], position: _Position) -> None:
    listing = await list_all(transport, path, page_of_objects, params)
    position.objects.clear()
    position.listings += 1
    for item in listing.items:
        position.take(_Event("ADDED", item))
    position.version = listing.resource_version


async def _events(
    transport: Transport, path: str, params: dict[str, str], position: _Position
) -> AsyncGenerator[_Event, None]:
    async with aclosing(events(transport, path, params, position.version)) as heard:
        async for one in heard:
            if one is not OPENED:
                yield _Event(one.type, read(one.object, Obj, transport.address))


async def events(
    transport: Transport, path: str, params: dict[str, str], version: str, *, seconds: int = _SECONDS
) -> AsyncGenerator[Heard, None]:
    """That it is open, and then what happens after this version, until the server ends the connection, which it does now and then."""
    asked = {
        **params,
        "watch": "true",
        "allowWatchBookmarks": "true",
        "resourceVersion": version,
        "timeoutSeconds": str(seconds),
    }
    heard, begun = False, transport.clock.monotonic()
    async with transport.stream(path, params=asked, idle=2 * seconds) as lines, aclosing(lines):
        yield OPENED
        async for line in lines:
            heard = True
            yield _event(line, transport.address)
    if not heard and transport.clock.monotonic() - begun < 1:
        raise Unreachable(f"{transport.address} ends every watch of {path} at once", way_out="try again")


def _event(line: bytes, address: str) -> Heard:
    event = read(line, Heard, address)
    if event.type == "ERROR":
        status = read(event.object, Obj, address)
        code = status.get("code")
        raise error_of(Answer(code if isinstance(code, int) else 500, msgspec.json.encode(status)), address)
    return event


def read(data: bytes | msgspec.Raw, shape: type[T], address: str) -> T:
    """What an event says. Raises Unreachable: on a line that cannot be read, all after it is lost."""
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Unreachable(f"{address} sent an event that cannot be read: {text.one_line(str(error))}") from error
