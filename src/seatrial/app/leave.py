"""Leave to change a cluster: asked for once, one at a time on a lab, and after the remains of a killed run are cleared away."""

from __future__ import annotations

import functools
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from seatrial.app.reach import Ground
from seatrial.app.target import Target
from seatrial.cluster.bench import open_bench, sweep
from seatrial.engine.hearing import OpenBench
from seatrial.kit import files
from seatrial.kit.clock import Clock
from seatrial.lab import site as sites
from seatrial.model.errors import CannotJudge, ConsentRefused
from seatrial.model.run import EnvironmentKind

Consent = Callable[[Sequence[str]], bool]
_OLD = 3600.0  # seconds after which a bench in somebody's cluster cannot be at work any more
# How long something must hold before it counts, and how long to wait for what will happen: a lab decides in milliseconds.
_PACE = {EnvironmentKind.LAB: (2.0, 30.0), EnvironmentKind.LIVE: (30.0, 300.0)}
_MOST = 2.0  # times the patience, for a lab on a machine that has much else to do


@asynccontextmanager
async def alone(target: Target) -> AsyncIterator[None]:
    """One proof at a time on one lab: two would take each other's accelerators, and neither verdict would mean anything."""
    if target.lab is None:
        yield
        return
    try:
        with files.locked(sites.need(target.lab).path("prove.lock"), wait=False):
            yield
    except BlockingIOError as error:
        raise CannotJudge(f"another proof is at work on lab {target.lab!r}", way_out="wait until it is done") from error


async def bench_on(
    intended: tuple[str, ...], ground: Ground, consent: Consent, image: str, clock: Clock
) -> tuple[OpenBench | None, bool]:
    """Leave to create things: none where nothing would be created or there is no cluster; asked for elsewhere.

    And whether there was something to clear away first.
    """
    if ground.client is None or not intended:
        return None, False
    if not consent(intended):
        raise ConsentRefused("nothing was created, because there was no leave to", way_out="give it with --yes")
    swept = await sweep(
        ground.client, older_than=0 if ground.environment.kind is EnvironmentKind.LAB else _OLD, clock=clock
    )
    window, patience = pace(ground.environment.kind, busy=os.getloadavg()[0] / (os.cpu_count() or 1))
    bench = functools.partial(
        open_bench,
        ground.client,
        image=image,
        window=window,
        patience=patience,
        simulated=ground.environment.simulated,
        clock=clock,
    )
    return bench, bool(swept.removed)


def pace(kind: EnvironmentKind, *, busy: float) -> tuple[float, float]:
    """The window and the patience. A lab shares its processors with this machine's other work: ``busy`` is how many
    want each of them."""
    window, patience = _PACE[kind]
    return window, patience * min(_MOST, max(1.0, busy / 2)) if kind is EnvironmentKind.LAB else patience
