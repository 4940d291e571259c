"""Answers remembered by the very objects that were asked about, where these are shared by many and take long to compare."""

from __future__ import annotations

import functools
from collections.abc import Callable
from operator import attrgetter
from typing import Any, TypeVar

_MOST = 4096

T = TypeVar("T")


def remembered(*parts: str) -> Callable[[Callable[[Any], T]], Callable[[Any], T]]:
    """For a function of one thing whose answer depends on these of its parts alone; at least two, and none of them ever changes.

    Things that have the very same parts have the same answer. The parts are kept, so that no other takes their place.
    """
    parts_of = attrgetter(*parts)

    def decorated(ask: Callable[[Any], T]) -> Callable[[Any], T]:
        known: dict[tuple[int, ...], tuple[tuple[Any, ...], T]] = {}

        @functools.wraps(ask)
        def answer(one: Any) -> T:
            held = parts_of(one)
            key = tuple(map(id, held))
            found = known.get(key)
            if found is None:
                if len(known) >= _MOST:
                    known.clear()
                found = known[key] = (held, ask(one))
            return found[1]

        return answer

    return decorated
