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
        self._spent: list[tuple[Collection[str], float]] = []  # who held what, for how many seconds

    @property
    def in_a_row(self) -> float:
        """Seconds that all would have taken one after the other."""
        return sum(seconds for _, seconds in self._spent)

    @property
    def at_least(self) -> tuple[float, str]:
        """Seconds below which nothing gets, with whatever beside it: the longest turn, or all turns at one name."""
        names = {name for held, _ in self._spent for name in held}
        turn = max(((seconds, ", ".join(held)) for held, seconds in self._spent), default=(0.0, ""))
        return max([turn, *((self._at(name), name) for name in names)])

    def _at(self, name: str) -> float:
        return sum(seconds for held, seconds in self._spent if any(_is_in(name, one) for one in held))

    @asynccontextmanager
    async def one_of(self, *choices: Collection[str]) -> AsyncIterator[int]:
        """Hold the names of the first choice that is free, as soon as one is; which, by its number."""
        while (number := self._first_free(choices)) is None:
            await self._freed.wait()
        mine = choices[number]
        self._held.append(mine)
        begun = asyncio.get_running_loop().time()
        try:
            yield number
        finally:
            self._spent.append((mine, asyncio.get_running_loop().time() - begun))
            self._held = [held for held in self._held if held is not mine]
            self._freed.set()
            self._freed = asyncio.Event()

    def _first_free(self, choices: Collection[Collection[str]]) -> int | None:
        return next((number for number, names in enumerate(choices) if self._is_free(names)), None)

    def _is_free(self, names: Collection[str]) -> bool:
        return not any(_meet(one, other) for held in self._held for one in held for other in names)


def _meet(one: str, other: str) -> bool:
    return _is_in(one, other) or _is_in(other, one)


def _is_in(name: str, whole: str) -> bool:
    return f"{name}/".startswith(f"{whole}/")
