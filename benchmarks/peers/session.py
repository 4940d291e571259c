"""The runs of one call, kept for the tables. None is begun when the time is up: the tables say what was left out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

import msgspec

from benchmarks.peers.client import Client, Load
from benchmarks.peers.process import Failed
from benchmarks.peers.running import Means, Ran, run

P95 = 1
LEFT_OUT = "left out: the time is up"
_SERVER_WITHIN = 0.1  # seconds behind its schedule: beyond, it does not send the load that was asked for
_TOGETHER = 0.9  # of the streams that were asked for
_NEAR = 3.0  # times the limit: worth a second try on a machine where others work too


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    client: str
    load: Load
    ran: Ran | None = None
    why: str = ""  # it did not


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The highest step that held, and why the next one did not."""

    held: Ran | None = None
    beyond: str = ""


class Session:
    def __init__(
        self, clients: Mapping[Client, Path], means: Means, *, minutes: float, brief: bool, tell: Callable[[str], None]
    ) -> None:
        self.clients = clients
        self.brief = brief
        self.outcomes: list[Outcome] = []
        self._means = means
        self._tell = tell
        self._until = time.monotonic() + minutes * 60
        self._known: dict[tuple[str, Load], Outcome] = {}

    @property
    def measuring(self) -> tuple[Client, ...]:
        return tuple(client for client in self.clients if client.measures)

    async def known(self, client: Client, load: Load) -> Outcome:
        """As ``again``, unless it is known from before."""
        found = self._known.get((client.name, load))
        return found if found is not None else await self.again(client, load)

    async def again(self, client: Client, load: Load) -> Outcome:
        if time.monotonic() > self._until:
            return Outcome(client=client.name, load=load, why=LEFT_OUT)
        self._tell(f"{client.title}: {step(load)}")
        try:
            ran = await run(client, self.clients[client], load, self._means)
            outcome = Outcome(client=client.name, load=load, ran=ran)
        except Failed as failed:
            outcome = Outcome(client=client.name, load=load, why=str(failed))
        self.outcomes.append(outcome)
        self._known[client.name, load] = outcome
        return outcome

    async def highest(self, client: Client, steps: Sequence[Load], limit: float) -> Found:
        """By halves; a near miss has a second try."""
        low, high, found = 0, len(steps), Found()
        while low < high:
            middle = (low + high) // 2
            outcome = await self.again(client, steps[middle])
            if outcome.ran is not None and limit < _p95(outcome.ran) <= _NEAR * limit:
                outcome = await self.again(client, steps[middle])
            why = doubt(outcome, limit)
            if why == LEFT_OUT:
                return Found(held=found.held, beyond=why)
            if why:
                found, high = Found(held=found.held, beyond=f"at {step(steps[middle])} {why}"), middle
            else:
                found, low = Found(held=outcome.ran, beyond=found.beyond), middle + 1
        return found

    async def starts(self, client: Client) -> tuple[float, float] | None:
        """Seconds to the first request, and of CPU for a run with one request: the middle of some runs."""
        load = Load(tokens=1, streams=1, total=1)
        for _ in range(1 if self.brief else 3):
            await self.again(client, load)
        runs = [one.ran for one in self.outcomes if one.client == client.name and one.load == load and one.ran]
        return (median(ran.first_request for ran in runs), median(ran.cpu for ran in runs)) if runs else None

    def last_words(self, client: Client) -> str:
        """Why the latest of its runs that failed did."""
        return next((one.why for one in reversed(self.outcomes) if one.client == client.name and one.why), LEFT_OUT)


def doubt(outcome: Outcome, limit: float) -> str:
    """Why a run does not hold; nothing where it does."""
    ran = outcome.ran
    if ran is None:
        return outcome.why
    least = ran.load.rate * (1 - max(0.1, 3 / ran.served**0.5))  # by chance few requests come less evenly
    if ran.rate < least:
        return f"only {ran.rate:.0f} requests/s came"
    if ran.answers < 0.98 * ran.served:
        return f"it counts {ran.answers} of {ran.served} answers"
    if ran.at_once < _TOGETHER * ran.load.streams:
        return f"only {ran.at_once:,} were under way at once"
    if ran.load.rate and ran.server_late > _SERVER_WITHIN:
        return f"the server was {ran.server_late * 1e3:.0f} ms late: it is the limit"
    return f"p95 {_p95(ran) * 1e3:.1f} ms" if _p95(ran) > limit else ""


def _p95(ran: Ran) -> float:
    return ran.errors[P95] if ran.errors is not None else float("inf")


def step(load: Load) -> str:
    return f"{load.rate:g}/s" if load.rate else f"{load.streams:,} {'stream' if load.streams == 1 else 'streams'}"
