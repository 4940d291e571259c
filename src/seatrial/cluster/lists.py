"""Whole lists, fetched in chunks."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Generic, NamedTuple, TypeVar

import msgspec

from seatrial.cluster.answer import Expired, error_of
from seatrial.cluster.decode import Page
from seatrial.cluster.transport import Transport
from seatrial.kit import text
from seatrial.model.errors import CannotJudge

_CHUNK, _MOST = 500, 10_000  # objects: at first, and where they turn out to be small
_PAGE = 48 << 20  # bytes of a chunk: for each one the server goes through all that is still to come
_SECONDS = 5.0  # for a chunk, where the way is slow
_FRESH_STARTS = 3
_HEAD = 4096  # bytes in which what stands before the items has room
_TOKEN = re.compile(rb'"continue": ?"([A-Za-z0-9_=-]+)"')

T = TypeVar("T")


class Unreadable(CannotJudge):
    """A list came, and it is not one that we can read."""


class Listing(msgspec.Struct, Generic[T], frozen=True):
    items: list[T]
    resource_version: str = ""
    left_out: tuple[str, ...] = ()


async def list_all(
    transport: Transport, path: str, read_page: Callable[[bytes], Page[T]], params: Mapping[str, str] | None = None
) -> Listing[T]:
    """All items. Where the server forgets our place half-way, which it does in long lists, we begin anew."""
    for starts_left in reversed(range(_FRESH_STARTS)):
        try:
            return await _once(transport, path, read_page, dict(params or {}))
        except Expired:
            if not starts_left:
                raise
    raise AssertionError("the last start returns or raises")


class _Chunk(NamedTuple):
    body: bytes
    seconds: float  # until it was there


async def _once(
    transport: Transport, path: str, read_page: Callable[[bytes], Page[T]], params: dict[str, str]
) -> Listing[T]:
    """Chunk by chunk; the server works on the next one while we decode."""
    items: list[T] = []
    left_out: list[str] = []
    params["limit"] = str(_CHUNK)
    chunk = await _fetched(transport, path, params)
    while True:
        async with _ahead(transport, path, params, chunk) as ahead:
            page = _read(transport, path, read_page, chunk.body)
            items += page.items or ()
            left_out += page.left_out
            if not page.metadata.continue_:
                return Listing(items, page.metadata.resource_version, tuple(left_out))
            if page.metadata.continue_ == params.get("continue"):
                raise Unreadable(f"{transport.address}{path} answers with the same page again and again")
            params = _next(params, chunk, page.metadata.continue_)
            foreseen = ahead is not None and page.metadata.continue_ == _announced(chunk.body)
            chunk = await ahead if ahead and foreseen else await _fetched(transport, path, params)


@asynccontextmanager
async def _ahead(
    transport: Transport, path: str, params: Mapping[str, str], chunk: _Chunk
) -> AsyncIterator[asyncio.Task[_Chunk] | None]:
    """The request for the chunk after this one, sent; given up where nobody wanted it."""
    token = _announced(chunk.body)
    if not token or token == params.get("continue"):
        yield None
        return
    ahead = asyncio.create_task(_fetched(transport, path, _next(params, chunk, token)))
    try:
        await asyncio.sleep(0)  # it goes out before a decoder, which lets nobody else work, begins
        yield ahead
    finally:
        ahead.cancel()
        await asyncio.gather(ahead, return_exceptions=True)


def _next(params: Mapping[str, str], chunk: _Chunk, token: str) -> dict[str, str]:
    """As many as fit into a chunk, by their size and by how long they take to come."""
    times = min(_PAGE / max(len(chunk.body), 1), _SECONDS / max(chunk.seconds, 1e-3))
    return {**params, "limit": str(min(max(int(int(params["limit"]) * times), _CHUNK), _MOST)), "continue": token}


def _announced(body: bytes) -> str:
    """How the list goes on, as servers say before its items. Only a guess: the decoder tells whether it is right."""
    found = _TOKEN.search(body, 0, max(body.find(b'"items"', 0, _HEAD), 0))
    return found[1].decode() if found else ""


async def _fetched(transport: Transport, path: str, params: Mapping[str, str]) -> _Chunk:
    begun = transport.clock.monotonic()
    answer = await transport.send("GET", path, params=params)
    if answer.status != 200:
        raise error_of(answer, transport.address)
    return _Chunk(answer.body, transport.clock.monotonic() - begun)


def _read(transport: Transport, path: str, read_page: Callable[[bytes], Page[T]], body: bytes) -> Page[T]:
    try:
        return read_page(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"{transport.address}{path} is not a list: {text.one_line(str(error))}") from error
