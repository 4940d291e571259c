"""A bench for as long as a load goes on. What sends load does not wait inside a loop, so the bench's own loop is entered for each
thing that is asked of it, and the end is waited for there."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager

import msgspec

from seatrial.app.leave import Consent, alone, bench_on
from seatrial.app.reach import reach
from seatrial.app.target import Target as Cluster
from seatrial.cluster.client import Client
from seatrial.engine.catalog import Catalog
from seatrial.engine.hearing import RecordingBench
from seatrial.kit.clock import SystemClock
from seatrial.lab.node.programs import IMAGE
from seatrial.model.errors import UsageError
from seatrial.model.progress import Event, State, Tell, silent
from seatrial.model.workbench import Workbench


class Lent(msgspec.Struct, frozen=True):
    bench: Workbench
    client: Client
    runner: asyncio.Runner


@contextmanager
def lent(cluster: Cluster, what: str, consent: Consent, tell: Tell = silent) -> Iterator[Lent]:
    """Taken away with all that is on it at the end of the block, and where its beginning fails."""
    stack, bench = AsyncExitStack(), None
    with asyncio.Runner() as runner, _ends_alike():
        try:
            bench, client = runner.run(_begun(stack, cluster, what, consent))
            yield Lent(bench, client, runner)
        finally:
            runner.run(stack.aclose())
            if bench is not None and bench.leftovers:
                tell(Event(what, State.FAILED, f"could not be taken away: {'; '.join(bench.leftovers)}"))


async def _begun(stack: AsyncExitStack, cluster: Cluster, what: str, consent: Consent) -> tuple[RecordingBench, Client]:
    """Two on one lab would share its processors, and neither would measure anything."""
    await stack.enter_async_context(alone(cluster))
    ground = await stack.enter_async_context(reach(cluster, Catalog.installed(), ()))
    open_bench, _ = await bench_on((what,), ground, consent, IMAGE, SystemClock())
    if open_bench is None or ground.client is None:
        raise UsageError("pods need a cluster", way_out="name one with --lab or --context")
    return await stack.enter_async_context(open_bench(check="load", subject=what)), ground.client


@contextmanager
def _ends_alike() -> Iterator[None]:
    """SIGTERM ends it as Ctrl-C does, so that it too cleans up."""
    before = signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
