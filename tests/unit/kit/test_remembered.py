from __future__ import annotations

from typing import Any

import msgspec

from seatrial.kit.remembered import remembered


class Box(msgspec.Struct, frozen=True):
    inner: tuple[Any, ...]
    other: str = ""
    mark: str = ""


def test_the_very_same_parts_are_asked_once() -> None:
    asked: list[Box] = []

    @remembered("inner", "other")
    def size(box: Box) -> int:
        asked.append(box)
        return len(box.inner)

    held = (1, 2)
    assert size(Box(held, mark="a")) == size(Box(held, mark="b")) == 2
    assert len(asked) == 1
    assert size(Box((1, 2, 3))) == 3
    assert len(asked) == 2


def test_what_is_gone_is_not_taken_for_what_came_in_its_place() -> None:
    @remembered("inner", "other")
    def first(box: Box) -> object:
        return box.inner[0]

    assert [first(Box((number, object()))) for number in range(10_000)] == list(range(10_000))
