"""Which systems a lab gets, and in which order."""

from __future__ import annotations

import pytest

from seatrial.app.lab import _chosen
from seatrial.model.lab import LabLevel
from seatrial.model.system import Recipe


def recipe(*, needs: tuple[str, ...] = (), after: tuple[str, ...] = (), by_default: bool = True) -> Recipe:
    return Recipe(
        module="", version="", programs={}, manifests=(), processes=(), needs=needs, after=after, by_default=by_default
    )


KNOWN = {
    "cargo": recipe(needs=("ship",)),
    "queue": recipe(after=("ship", "cargo")),
    "rare": recipe(by_default=False),
    "ship": recipe(),
}


@pytest.mark.parametrize(
    ("asked", "order"),
    [
        (("default",), ("ship", "cargo", "queue")),
        (("all",), ("ship", "cargo", "queue", "rare")),
        (("queue",), ("queue",)),  # what it comes after is not brought by that
        (("queue", "cargo"), ("ship", "cargo", "queue")),
        (("queue", "ship"), ("ship", "queue")),
        (("unheard-of",), ("unheard-of",)),  # refused later, where the lab's own are known
    ],
)
def test_needs_come_along_and_what_learns_of_kinds_at_its_start_comes_last(
    asked: tuple[str, ...], order: tuple[str, ...]
) -> None:
    assert _chosen(KNOWN, asked, LabLevel.NODE) == order
