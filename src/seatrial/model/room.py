"""Room is what a check has to itself for a while, where it needs only a part of what its ``exclusive`` names."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol


class Room(Protocol):
    """In a check's signature it means: until this check has said which part it needs, it holds nothing."""

    async def take(self, *choices: Collection[str]) -> int:
        """Have all parts of one choice to itself, the first that is free; which, by its number.

        A part is named like a path, ``accelerators/nvidia.com/gpu/node-1``. Others may hold what is beside it, and neither what
        it is in nor what is in it. The check's deadline stands still while it waits; its room goes back with its bench.
        """
        ...
