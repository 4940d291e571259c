"""Builds systems beside a lab that is at work already, and hands them over in the order in which the lab starts them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from types import TracebackType

import msgspec

from seatrial.lab.forge.obtain import Forge, Programs
from seatrial.model.errors import BuildError
from seatrial.model.progress import Tell
from seatrial.model.system import Recipe


class Absent(msgspec.Struct, frozen=True):
    """Why a system is not there."""

    why: str
    broken: bool = False  # it was tried and failed; else there was no time for it


class Yard:
    """A system is ready when it is built and all before it are settled: one may learn at its start of those before it.

    ``within`` is how many seconds the builds get; what is not done then is left out. ``None`` waits for all of them.
    """

    def __init__(
        self,
        names: Sequence[str],
        recipes: Mapping[str, Recipe],
        *,
        kubernetes: str,
        within: float | None,
        tell: Tell,
    ) -> None:
        self.ready: tuple[str, ...] = ()
        self.left: dict[str, Absent] = {}
        self._rest, self._recipes, self._within = list(names), recipes, within
        self._forge = Forge(kubernetes, recipes, tell, aside=True)
        self._builds: dict[str, asyncio.Task[Programs]] = {}
        self._end = 0.0

    async def __aenter__(self) -> Yard:
        self._end = time.monotonic() + (self._within or 0.0)
        self._builds = {name: asyncio.create_task(self._forge.have(name)) for name in self._rest}
        await asyncio.sleep(0)  # each takes its first step: what an earlier run has built is there after it
        self._take()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._stop()

    async def more(self) -> bool:
        """Wait until more is ready than before. False when nothing more will be."""
        known = self.ready
        while self._rest and self.ready == known:
            front = self._builds[self._rest[0]]
            patience = None if self._within is None else max(0.0, self._end - time.monotonic())
            await asyncio.wait([front], timeout=patience)
            if not front.done():
                await self._stop()
            self._take()
        return self.ready != known

    def _take(self) -> None:
        """Sort what is settled into what is ready and what is left out."""
        while self._rest and self._builds[self._rest[0]].done():
            name = self._rest.pop(0)
            if absent := self._absent(name):
                self.left[name] = absent
            else:
                self.ready += (name,)

    def _absent(self, name: str) -> Absent | None:
        build = self._builds[name]
        if build.cancelled():
            return Absent(f"not built within {(self._within or 0.0) / 60:g} min; the next run goes on from there")
        if lacking := [need for need in self._recipes[name].needs if need in self.left]:
            return Absent(f"it needs {', '.join(lacking)}, which could not be started")
        try:
            build.result()
        except BuildError as error:
            return Absent(" ".join(part for part in (error.what, error.way_out) if part), broken=True)
        return None

    async def _stop(self) -> None:
        for build in self._builds.values():
            build.cancel()
        await asyncio.gather(*self._builds.values(), return_exceptions=True)
