"""Whole lists, fetched in chunks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

import msgspec

from seatrial.cluster.answer import Expired, error_of
from seatrial.cluster.decode import Page
from seatrial.cluster.transport import Transport
from seatrial.kit import text
from seatrial.model.errors import CannotJudge

_CHUNK = 500
_FRESH_STARTS = 3

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


async def _once(
    transport: Transport, path: str, read_page: Callable[[bytes], Page[T]], params: dict[str, str]
) -> Listing[T]:
    items: list[T] = []
    left_out: list[str] = []
    params["limit"] = str(_CHUNK)
    while True:
        page = await _page(transport, path, read_page, params)
        items += page.items or ()
        left_out += page.left_out
        if not page.metadata.continue_:
            return Listing(items, page.metadata.resource_version, tuple(left_out))
        if page.metadata.continue_ == params.get("continue"):
            raise Unreadable(f"{transport.address}{path} answers with the same page again and again")
        params["continue"] = page.metadata.continue_


async def _page(
    transport: Transport, path: str, read_page: Callable[[bytes], Page[T]], params: Mapping[str, str]
) -> Page[T]:
    answer = await transport.send("GET", path, params=params)
    if answer.status != 200:
        raise error_of(answer, transport.address)
    try:
        return read_page(answer.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"{transport.address}{path} is not a list: {text.one_line(str(error))}") from error
