"""One call of one check, made safe: it ends in a Verdict whatever the check does."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Collection
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, Protocol, TypeVar

import msgspec

from seatrial.engine.docket import Trial
from seatrial.kit.turns import Turns
from seatrial.model.check import Want
from seatrial.model.errors import CannotJudge
from seatrial.model.evidence import Evidence
from seatrial.model.role import Role
from seatrial.model.room import Room
from seatrial.model.verdict import Outcome, Verdict, unknown
from seatrial.model.workbench import Workbench

T = TypeVar("T")

STOPPED = unknown("stopped before it was finished")


class RecordingBench(Workbench, Protocol):
    """A Workbench that keeps a record, whole as soon as the bench is closed."""

    @property
    def evidence(self) -> Evidence: ...

    async def strip(self) -> None:
        """Take away what others may need next; what takes long may wait until the bench is closed."""
        ...

    @property
    def leftovers(self) -> tuple[str, ...]:
        """What could not be removed, each with the reason."""
        ...


class OpenBench(Protocol):
    def __call__(self, *, check: str, subject: str) -> AbstractAsyncContextManager[RecordingBench]: ...


async def survive(work: Awaitable[T]) -> T | Verdict:
    """What the work returns, or a Verdict on how it broke."""
    try:
        return await work
    except Exception as error:  # noqa: BLE001 - the code of a check is anybody's, and its crash is a finding, never silence
        return _broken(error)


def at_once(trial: Trial) -> Verdict | Awaitable[Verdict]:
    """What a check that only reads says, or breaks with; to be awaited only where the check itself waits for something."""
    try:
        said: Any = trial.check.judge(**trial.arguments)
    except Exception as error:  # noqa: BLE001 - as above
        return _broken(error)
    return said if isinstance(said, Verdict) else survive(_verdict(said))


async def call(trial: Trial, **more: Workbench | Room) -> Verdict:
    """Call the check's function."""
    return await _verdict(trial.check.judge(**trial.arguments, **more))


async def _verdict(said: Any) -> Verdict:
    verdict = await said if inspect.isawaitable(said) else said
    if not isinstance(verdict, Verdict):
        raise TypeError(f"it returned {type(verdict).__name__} instead of a Verdict")
    return verdict


def _broken(error: Exception) -> Verdict:
    if isinstance(error, CannotJudge):
        return unknown(" ".join(part for part in (error.what, error.way_out) if part))
    return Verdict(Outcome.ERROR, f"crashed: {type(error).__name__}: {error}")


class Session:
    """One active check, from waiting for its turn until the last thing that it created is gone."""

    def __init__(self, trial: Trial, open_bench: OpenBench, turns: Turns, deadline: float) -> None:
        self.trial = trial
        self._open, self._turns = open_bench, turns
        self._deadline = deadline
        self._bench: RecordingBench | None = None
        self._verdict = STOPPED

    @property
    def evidence(self) -> Evidence | None:
        return self._bench.evidence if self._bench else None

    @property
    def verdict(self) -> Verdict:
        left = self._bench.leftovers if self._bench else ()
        if not left:
            return self._verdict
        because = f"{self._verdict.because}; left behind: {', '.join(left)}"
        return msgspec.structs.replace(self._verdict, because=because)

    async def run(self) -> None:
        """Judge on a bench of its own, with what it has to have to itself."""
        broken = await survive(self._on_bench())
        if broken is not None:
            self._verdict = _with_trouble(self._verdict, broken) if self._bench else broken

    async def _on_bench(self) -> None:
        async with self._open(check=self.trial.check.id, subject=self.trial.subject) as bench:
            self._bench = bench
            async with AsyncExitStack() as stack:
                room = _Share(self._turns, stack)
                if Want.ROOM not in self._wanted:
                    await room.take(_exclusive(self.trial))
                self._verdict = await survive(self._in_time(bench, room))
                await bench.strip()

    @property
    def _wanted(self) -> dict[Want, str]:
        return {p.want: p.name for p in self.trial.check.parameters}

    async def _in_time(self, bench: Workbench, room: _Share) -> Verdict:
        lent: dict[Want, Workbench | Room] = {Want.BENCH: bench, Want.ROOM: room}
        try:
            async with asyncio.timeout(self._deadline) as limit:
                room.limit = limit
                return await call(
                    self.trial, **{name: lent[want] for want, name in self._wanted.items() if want in lent}
                )
        except TimeoutError:
            if not limit.expired():
                raise
            return unknown(f"not done after {self._deadline:g} s, so it was stopped")


class _Share:
    """The room of one session, until its bench is stripped."""

    def __init__(self, turns: Turns, stack: AsyncExitStack) -> None:
        self._turns, self._stack = turns, stack
        self.limit: asyncio.Timeout | None = None

    async def take(self, *choices: Collection[str]) -> int:
        left = self._pause()
        number = await self._stack.enter_async_context(self._turns.one_of(*choices))
        if self.limit is not None and left is not None:
            self.limit.reschedule(asyncio.get_running_loop().time() + left)
        return number

    def _pause(self) -> float | None:
        """Stop the clock of the check; how many seconds it has left."""
        ends = self.limit.when() if self.limit is not None else None
        if self.limit is None or ends is None:
            return None
        self.limit.reschedule(None)
        return ends - asyncio.get_running_loop().time()


def _exclusive(trial: Trial) -> tuple[str, ...]:
    """What the trial has to itself: where its role has devices of its own, only those."""
    held = [one.holds for one in trial.arguments.values() if isinstance(one, Role) and one.holds]
    return tuple(f"{name}/{part}" for name in trial.check.exclusive for part in held) or trial.check.exclusive


def _with_trouble(verdict: Verdict, trouble: Verdict) -> Verdict:
    """A bench that does not come clean spoils every verdict but a failure, which stays one."""
    outcome = verdict.outcome if verdict.outcome is Outcome.FAIL else Outcome.ERROR
    return msgspec.structs.replace(
        verdict,
        outcome=outcome,
        because=f"{verdict.because}; then its bench could not be cleaned up: {trouble.because}",
    )
