"""Names that are held alone by turns. They form a tree: who holds ``berths`` holds ``berths/3``, too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager


class Turns:
    """Whoever asks gets all names of a choice at once, so that nobody waits in a circle."""

    def __init__(self) -> None:
        self._held: list[Collection[str]] = []
        self._freed = asyncio.Event()

    @asynccontextmanager
    async def one_of(self, *choices: Collection[str]) -> AsyncIterator[int]:
        """Hold the names of the first choice that is free, as soon as one is; which, by its number."""
        while (number := self._first_free(choices)) is None:
            await self._freed.wait()
        mine = choices[number]
        self._held.append(mine)
        try:
            yield number
        finally:
            self._held = [held for held in self._held if held is not mine]
            self._freed.set()
            self._freed = asyncio.Event()

    def _first_free(self, choices: Collection[Collection[str]]) -> int | None:
        return next((number for number, names in enumerate(choices) if self._is_free(names)), None)

    def _is_free(self, names: Collection[str]) -> bool:
        return not any(_meet(one, other) for held in self._held for one in held for other in names)


def _meet(one: str, other: str) -> bool:
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")
