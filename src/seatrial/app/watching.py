"""check --watch: judge once, then whatever changes, until somebody says stop."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from seatrial.app.check import choose, run_of
from seatrial.app.reach import Ground, connect_to, reach
from seatrial.app.target import Target
from seatrial.catalog.views.fleet import Accelerators
from seatrial.cluster.client import Client
from seatrial.cluster.following import Inbox, following
from seatrial.engine import exceptions, systems
from seatrial.engine.catalog import Catalog
from seatrial.engine.plan import plan
from seatrial.engine.rejudging import Rejudging
from seatrial.kit.clock import Clock, SystemClock
from seatrial.model.errors import CannotJudge, UsageError
from seatrial.model.fact import Snapshot, sources
from seatrial.model.progress import Event, State, Tell, silent
from seatrial.model.run import Run
from seatrial.model.shift import Hearing, Rejudged, Shift

_SETTLE = 0.05  # seconds without a change, after which a burst of them is over
_AT_MOST = 1.0  # seconds for which changes wait for more
_EVERY, _SHARE = 60.0, 50  # seconds between two judgings of everything; or so many times as long as one takes
_NAMED = 20  # subjects that changed and are named

Step = Run | Rejudged | Hearing
Show = Callable[[Step], None]


async def watch(
    target: Target,
    *,
    show: Show,
    only: tuple[str, ...] = (),
    accept: Path | None = None,
    tell: Tell = silent,
    clock: Clock | None = None,
    command: str = "check --watch",
) -> Run:
    """Shows the first Run, then every change. Cancelled, it ends with the Run of what was known last."""
    if target.snapshot is not None or target.manifests is not None:
        raise UsageError("only a cluster can be watched", way_out="leave out --watch, or --snapshot and --manifests")
    clock, catalog = clock or SystemClock(), Catalog.installed()
    checks = choose(catalog, only)
    accepted = exceptions.read(accept, catalog) if accept else ()
    started = clock.now()
    tell(Event("read", State.BEGUN))
    async with reach(target, catalog, (*plan(catalog, checks).facts, *sources(Accelerators))) as ground:
        tell(Event("read", State.DONE, f"{sum(map(len, ground.snapshot.facts.values()))} objects"))
        rejudging = Rejudging(catalog, checks, ground.snapshot)

        def run() -> Run:
            known = rejudging.snapshot
            seen = systems.seen(catalog.systems.values(), known)
            return run_of(
                known.succeeded(known.facts, known.gaps, {}),  # what is only drawn for this need not be followed
                msgspec.structs.replace(ground.environment, systems=seen),
                exceptions.applied(accepted, rejudging.findings(), today=clock.now().date()),
                catalog=catalog,
                started=started,
                clock=clock,
                command=command,
                complete=True,
            )

        def show_step(step: Rejudged | Hearing) -> None:
            if isinstance(step, Rejudged):
                step = msgspec.structs.replace(step, shifts=tuple(_accepted(accepted, step.shifts, clock)))
            show(step)

        tell(Event("judge what was read", State.BEGUN))
        await rejudging.judge()
        tell(Event("judge what was read", State.DONE, f"{len(checks)} checks"))
        try:
            gc.freeze()  # what is known stays; looking through it for rubbish again and again takes longer than judging
            show(run())
            async with connect_to(target, at_once=0) as client:
                await client.directory()
                async with following(client, ground.kinds, ground.snapshot) as inbox:
                    watched = Watch(rejudging, ground, client=client, inbox=inbox, show=show_step, clock=clock)
                    await watched.run()
        except asyncio.CancelledError:
            pass  # this is how it ends
        return run()


def _accepted(accepted: tuple[exceptions.Acceptance, ...], shifts: tuple[Shift, ...], clock: Clock) -> list[Shift]:
    told = []
    for one in shifts:
        findings = exceptions.applied(accepted, filter(None, (one.finding,)), today=clock.now().date())
        told.append(msgspec.structs.replace(one, finding=next(iter(findings), None)))
    return told


class Watch:
    """The loop: it waits for changes or for time to pass, and shows what either shifts."""

    def __init__(
        self,
        rejudging: Rejudging,
        ground: Ground,
        *,
        client: Client,
        inbox: Inbox,
        show: Callable[[Rejudged | Hearing], None],
        clock: Clock,
    ) -> None:
        self._rejudging, self._ground, self._client, self._inbox = rejudging, ground, client, inbox
        self._show, self._clock = show, clock
        self._is_lost = False
        self._every = _EVERY
        self._last = clock.monotonic()

    async def run(self) -> None:
        while True:
            left = self._last + self._every - self._clock.monotonic()
            if left <= 0:
                await self._of_now()
                continue
            try:
                async with asyncio.timeout(left):
                    await self._inbox.arrived.wait()
            except TimeoutError:
                continue
            await self._settled()
            self._hearing()
            await self._take()

    async def _settled(self) -> None:
        """A burst is one change; one that does not end is taken in parts."""
        until = self._clock.monotonic() + _AT_MOST
        while (seen := self._inbox.count) and self._clock.monotonic() < until:
            await self._clock.sleep(_SETTLE)
            if self._inbox.count == seen:
                return

    def _hearing(self) -> None:
        lost = self._inbox.lost
        if bool(lost) is not self._is_lost:
            self._is_lost = bool(lost)
            self._show(Hearing(at=self._clock.now(), lost=next(iter(lost.values()), ""), kinds=len(lost)))

    async def _take(self) -> None:
        before = self._rejudging.snapshot
        changes, gaps = self._inbox.take(before)
        begun = self._clock.monotonic()
        taken = await self._rejudging.take(changes, gaps)
        if taken.changed or taken.shifts:
            self._show(
                Rejudged(
                    at=self._clock.now(),
                    changed=taken.changed[:_NAMED],
                    many=len(taken.changed),
                    seconds=self._clock.monotonic() - begun,
                    shifts=taken.shifts,
                )
            )

    async def _of_now(self) -> None:
        """Ages, metrics, what the cluster serves and what could not be read: nobody tells when these change."""
        begun = self._clock.monotonic()
        snapshot = await self._as_of_now()
        shifts = await self._rejudging.judge(snapshot)
        took = self._clock.monotonic() - begun
        self._last, self._every = self._clock.monotonic(), max(_EVERY, _SHARE * took)
        if shifts:
            self._show(Rejudged(at=self._clock.now(), by_time=True, seconds=took, shifts=shifts))

    async def _as_of_now(self) -> Snapshot:
        known = self._rejudging.snapshot
        apis = known.apis
        with suppress(CannotJudge):  # then it is as it was; that the cluster does not answer, the followers tell
            apis = await self._client.discover()
        self._inbox.look_again()
        now = msgspec.structs.replace(
            known.succeeded(known.facts, known.gaps, {}), taken_at=self._clock.now(), apis=apis
        )
        return await self._ground.measure(now) if self._ground.measure is not None else now
