"""Whole lists, decoded piece by piece while they come: at once, or in chunks where that is hard for a server."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Generic, TypeVar

import msgspec

from seatrial.cluster.answer import Expired
from seatrial.cluster.decode import Page, ReadPage
from seatrial.cluster.transport import Transport
from seatrial.kit import text
from seatrial.model.errors import CannotJudge, Unreachable

_CHUNK, _MOST = 500, 10_000  # objects: at first, and where they turn out to be small
_BYTES = 48 << 20  # of a chunk: for each one the server goes through all that is still to come
_SECONDS = 5.0  # for a chunk, where the way is slow
_FRESH_STARTS = 3
_PIECE = 1 << 20  # bytes that are decoded at once, so that what is still to come does not wait for us
_HEAD = 4096  # bytes in which what stands before the items has room
_ITEMS = re.compile(rb'\{[^[]*"metadata":[^[]*"items": ?\[')
_NEXT = b'},{"metadata":{'  # between two items of a list; inside of one it may look the same

T = TypeVar("T")

Parts = AsyncIterator[bytes]


class Unreadable(CannotJudge):
    """A list came, and it is not one that we can read."""


class Listing(msgspec.Struct, Generic[T], frozen=True):
    items: list[T]
    resource_version: str = ""
    left_out: tuple[str, ...] = ()


async def list_all(
    transport: Transport,
    path: str,
    read_page: ReadPage[T],
    params: Mapping[str, str] | None = None,
    *,
    at_once: bool = False,
) -> Listing[T]:
    """All items. Where the server forgets our place half-way, which it does in long lists, we begin anew.

    ``at_once`` is for servers that write a list while they go through it; others would hold all of it in memory. What breaks
    off is asked for in chunks.
    """
    for starts_left in reversed(range(_FRESH_STARTS)):
        reading = _Reading(transport, path, read_page, dict(params or {}), at_once=at_once)
        try:
            return await reading.whole()
        except Expired:
            if not starts_left:
                raise
        except Unreachable:
            if not (at_once and reading.has_begun):
                raise
            at_once = False
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Unreadable(f"{transport.address}{path} is not a list: {text.one_line(str(error))}") from error
    raise AssertionError("the last start returns or raises")


class _Reading(Generic[T]):
    """One list, chunk by chunk. The next one is asked for as soon as this one has told how the list goes on."""

    def __init__(
        self, transport: Transport, path: str, read_page: ReadPage[T], params: dict[str, str], *, at_once: bool
    ) -> None:
        self._transport, self._path, self._read_page = transport, path, read_page
        self._params = params if at_once else {**params, "limit": str(_CHUNK)}
        self._items: list[T] = []
        self._left_out: list[str] = []
        self._ahead: asyncio.Task[tuple[AsyncExitStack, Parts]] | None = None

    @property
    def has_begun(self) -> bool:
        return bool(self._items)

    async def whole(self) -> Listing[T]:
        try:
            version, more = await self._chunk()
            while more:
                version, more = await self._chunk()
        finally:
            await self._give_up()
        return Listing(self._items, version, tuple(self._left_out))

    async def _chunk(self) -> tuple[str, str]:
        """One of them. The resource version of the list, and how it goes on."""
        token = self._params.get("continue", "")
        begun, before, size = self._transport.clock.monotonic(), len(self._items), 0
        self._ask()
        held, parts = await self._asked()
        page: Page[T] = Page()
        async with held:
            async for piece, page in pieces(parts, self._read_page, bear=self._transport.bear):
                self._items += page.items or ()
                self._left_out += page.left_out
                size += piece
                more = page.metadata.continue_
                if more and more == token:
                    raise Unreadable(
                        f"{self._transport.address}{self._path} answers with the same page again and again"
                    )
                if more and more != self._params.get("continue"):
                    seconds = self._transport.clock.monotonic() - begun
                    limit = _fitting(len(self._items) - before, size, seconds)
                    self._params |= {"continue": more, "limit": str(limit)}
                    self._ask()
        return page.metadata.resource_version, page.metadata.continue_

    def _ask(self) -> None:
        """The request goes out now; its answer is read later."""
        if self._ahead is None:
            self._ahead = asyncio.create_task(_opened(self._transport, self._path, dict(self._params)))

    async def _asked(self) -> tuple[AsyncExitStack, Parts]:
        assert self._ahead is not None
        answer = await self._ahead
        self._ahead = None
        return answer

    async def _give_up(self) -> None:
        if self._ahead is None:
            return
        self._ahead.cancel()
        (answer,) = await asyncio.gather(self._ahead, return_exceptions=True)
        if not isinstance(answer, BaseException):
            await answer[0].aclose()


async def _opened(transport: Transport, path: str, params: Mapping[str, str]) -> tuple[AsyncExitStack, Parts]:
    async with AsyncExitStack() as stack:
        parts = await stack.enter_async_context(transport.parts(path, params=params))
        return stack.pop_all(), parts


def _fitting(items: int, size: int, seconds: float) -> int:
    """As many as fit into a chunk, by their size and by how long they take to come."""
    times = min(_BYTES / max(size, 1), _SECONDS / max(seconds, 1e-3))
    return min(max(int(items * times), _CHUNK), _MOST)


async def pieces(parts: Parts, read: ReadPage[T], *, bear: Callable[[int], None]) -> AsyncIterator[tuple[int, Page[T]]]:
    """A chunk as pages, each with its bytes: between two items it is cut, and each piece is a list with the same metadata.

    What does not tell before its items how it goes on is not cut, and neither is what cannot be read so. ``bear`` raises where
    more comes in one piece than anybody should have to hold.
    """
    kept, head, seen = bytearray(), b"", 0  # as far as ``seen`` no place to cut is in it
    may_be_cut: bool | None = None  # not known yet
    async for part in parts:
        kept += part
        bear(len(kept))
        if may_be_cut is None and len(kept) >= _HEAD:
            found = _ITEMS.match(kept, 0, _HEAD)
            may_be_cut, head = found is not None, found[0] if found else b""
        if not may_be_cut or len(kept) < _PIECE:
            continue
        end = kept.rfind(_NEXT, max(seen, len(head)))
        seen = len(kept) - len(_NEXT)
        if end < 0:
            continue
        rest = kept[end + 1 :]
        kept[end + 1 :] = b"]}"
        try:
            page = read(bytes(kept))
        except msgspec.DecodeError:
            may_be_cut = False
            kept[end + 1 :] = rest
            continue
        yield end, page
        kept, seen = bytearray(head) + rest[1:], 0
        await asyncio.sleep(0)  # decoding lets nobody else work
    yield len(kept), read(bytes(kept))
