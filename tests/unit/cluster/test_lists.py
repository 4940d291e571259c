"""A list that is cut while it comes is the list that it is as a whole."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.cluster import lists
from seatrial.cluster.decode import Page, page_of_objects
from seatrial.cluster.lists import pieces


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "_HEAD", 120)
    monkeypatch.setattr(lists, "_PIECE", 150)


def cut(body: bytes, *sizes: int) -> list[Page[Any]]:
    """What comes of a body that arrives in parts of these sizes, by turns."""

    async def parts() -> AsyncIterator[bytes]:
        at = turn = 0
        while at < len(body):
            size = sizes[turn % len(sizes)]
            yield body[at : at + size]
            at, turn = at + size, turn + 1

    async def all_of_them() -> list[Page[Any]]:
        return [page async for _, page in pieces(parts(), page_of_objects, bear=lambda size: None)]

    return asyncio.run(all_of_them())


def body(items: list[Any], *, first: bool = True) -> bytes:
    metadata = {"metadata": {"resourceVersion": "9", "continue": "next"}}
    told = {"kind": "PodList", "apiVersion": "v1", **metadata} if first else {"kind": "PodList"}
    return json.dumps({**told, "items": items, **({} if first else metadata)}, separators=(",", ":")).encode()


def pod(name: str, **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, **more}


def test_each_piece_knows_how_the_list_goes_on() -> None:
    pods = [pod(f"trainer-{number}") for number in range(40)]
    pages = cut(body(pods), 64)
    assert len(pages) > 5
    assert {(page.metadata.resource_version, page.metadata.continue_) for page in pages} == {("9", "next")}
    assert [item for page in pages for item in page.items or ()] == pods


def test_what_tells_of_itself_after_its_items_is_not_cut() -> None:
    pods = [pod(f"trainer-{number}") for number in range(40)]
    (page,) = cut(body(pods, first=False), 64)
    assert (page.items, page.metadata.continue_) == (pods, "next")


def test_where_an_item_looks_like_the_place_between_two_nothing_is_cut_from_then_on() -> None:
    pods = [pod("first", spec={"claims": [pod(f"claim-{number}") for number in range(30)]}), pod("last")]
    (page,) = cut(body(pods), 100)
    assert page.items == pods


def test_what_breaks_off_is_no_list() -> None:
    with pytest.raises(msgspec.DecodeError):
        cut(body([pod(f"trainer-{number}") for number in range(40)])[:-20], 64)


INNER = st.recursive(
    st.sampled_from(['},{"metadata":{', "]}", '"items":[', "a"]) | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.lists(inner.map(lambda spec: pod("x", spec=spec)), max_size=3),
    max_leaves=12,
)


@given(st.lists(INNER.map(lambda spec: pod("p", spec=spec)), max_size=20), st.lists(st.integers(1, 300), min_size=1))
def test_however_it_is_cut_it_stays_the_same(items: list[Any], sizes: list[int]) -> None:
    assert [item for page in cut(body(items), *sizes) for item in page.items or ()] == items
