"""One call of one check, made safe: it ends in a Verdict whatever the check does."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, Protocol, TypeVar

import msgspec

from seatrial.engine.docket import Trial
from seatrial.model.check import Want
from seatrial.model.errors import CannotJudge
from seatrial.model.evidence import Evidence
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
    except CannotJudge as error:
        return unknown(" ".join(part for part in (error.what, error.way_out) if part))
    except Exception as error:  # noqa: BLE001 - the code of a check is anybody's, and its crash is a finding, never silence
        return Verdict(Outcome.ERROR, f"crashed: {type(error).__name__}: {error}")


async def call(trial: Trial, **bench: Workbench) -> Verdict:
    """Call the check's function."""
    verdict: Any = trial.check.judge(**trial.arguments, **bench)
    if inspect.isawaitable(verdict):
        verdict = await verdict
    if not isinstance(verdict, Verdict):
        raise TypeError(f"it returned {type(verdict).__name__} instead of a Verdict")
    return verdict


class Session:
    """One active check, from waiting for its turn until the last thing that it created is gone."""

    def __init__(self, trial: Trial, open_bench: OpenBench, deadline: float) -> None:
        self.trial = trial
        self._open = open_bench
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

    async def run(self, turn: tuple[asyncio.Lock, ...]) -> None:
        """Hold all locks of the turn, and judge on a bench of its own."""
        broken = await survive(self._on_bench(turn))
        if broken is not None:
            self._verdict = _with_trouble(self._verdict, broken) if self._bench else broken

    async def _on_bench(self, turn: tuple[asyncio.Lock, ...]) -> None:
        async with self._open(check=self.trial.check.id, subject=self.trial.subject) as bench:
            self._bench = bench
            async with AsyncExitStack() as stack:
                for lock in turn:
                    await stack.enter_async_context(lock)
                self._verdict = await survive(self._in_time(bench))
                await bench.strip()

    async def _in_time(self, bench: Workbench) -> Verdict:
        name = next(p.name for p in self.trial.check.parameters if p.want is Want.BENCH)
        try:
            async with asyncio.timeout(self._deadline) as limit:
                return await call(self.trial, **{name: bench})
        except TimeoutError:
            if not limit.expired():
                raise
            return unknown(f"not done after {self._deadline:g} s, so it was stopped")


def _with_trouble(verdict: Verdict, trouble: Verdict) -> Verdict:
    """A bench that does not come clean spoils every verdict but a failure, which stays one."""
    outcome = verdict.outcome if verdict.outcome is Outcome.FAIL else Outcome.ERROR
    return msgspec.structs.replace(
        verdict,
        outcome=outcome,
        because=f"{verdict.because}; then its bench could not be cleaned up: {trouble.because}",
    )
