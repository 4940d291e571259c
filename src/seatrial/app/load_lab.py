"""bench serve --lab: the simulated model server, as pods of a lab behind a Service, while load is sent to it.

The pods live on a bench of their own, which is taken away whatever happens.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager

import msgspec

from seatrial.app.leave import alone, bench_on
from seatrial.app.reach import reach
from seatrial.app.target import Target as Cluster
from seatrial.catalog.checks import models
from seatrial.engine.catalog import Catalog
from seatrial.kit.clock import SystemClock
from seatrial.lab import site as sites
from seatrial.lab import wait
from seatrial.lab.node.programs import IMAGE
from seatrial.model.errors import CannotJudge, UsageError
from seatrial.model.lab import LabLevel
from seatrial.model.progress import Event, State, Tell, silent
from seatrial.model.workbench import Workbench

SERVERS = ("model-server-0", "model-server-1")
OPTIONS = ("--mode=model", "--step=10ms", "--per-sequence=100us", "--parallel=64", "--quiet")
SIMULATED = (
    f"{len(SERVERS)} simulated model servers, started for this run: a step takes 10 ms and 0.1 ms for each sequence but "
    "the first, at most 64 at once. The times are of that arithmetic, of this network and of this client, and of no model"
)


class Served(msgspec.Struct, frozen=True):
    """Where the servers are, and the bench and the loop that keep them."""

    url: str  # of the Service itself: this machine has a way to the addresses of its labs
    bench: Workbench
    runner: asyncio.Runner


@contextmanager
def serving(lab: str, *, tell: Tell = silent) -> Iterator[Served]:
    """The servers, until the end of the block."""
    if sites.need(lab).spec.level is not LabLevel.NODE:
        raise UsageError(
            f"lab {lab!r} has no real node, and the model servers are real pods",
            way_out="start one that has: seatrial lab up --name NAME, then bench serve --lab NAME",
        )
    stack = AsyncExitStack()
    with asyncio.Runner() as runner, _ends_alike():
        try:
            bench = runner.run(_begun(stack, lab, tell))
            yield Served(runner.run(_address(lab, bench)), bench, runner)
        finally:
            runner.run(stack.aclose())


async def _begun(stack: AsyncExitStack, lab: str, tell: Tell) -> Workbench:
    """Two on one lab would share its processors, and neither would measure anything."""
    cluster, what = Cluster(lab=lab), f"model servers in lab {lab}"
    tell(Event(what, State.BEGUN))
    await stack.enter_async_context(alone(cluster))
    ground = await stack.enter_async_context(reach(cluster, Catalog.installed(), ()))
    open_bench, _ = await bench_on((what,), ground, lambda _: True, IMAGE, SystemClock())
    assert open_bench is not None  # a lab is a cluster, and the way to change it was granted
    bench = await stack.enter_async_context(open_bench(check="load.simulated-servers", subject=what))
    await models.serve(bench, SERVERS, *OPTIONS)
    tell(Event(what, State.DONE))
    return bench


async def _address(lab: str, bench: Workbench) -> str:
    service = await bench.read("services", models.SERVICE)
    if service is None:
        raise CannotJudge(f"Service {models.SERVICE} is gone", way_out="look who else removes things in this lab")
    url = f"http://{service['spec']['clusterIP']}:{models.PORT}"
    await wait.answers(sites.need(lab), f"{url}/health", within=bench.patience)
    return url


@contextmanager
def _ends_alike() -> Iterator[None]:
    """SIGTERM ends it as Ctrl-C does, so that it too cleans up."""
    before = signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
