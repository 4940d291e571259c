"""bench serve --lab: the simulated model server, as pods of a lab behind a Service, while load is sent to it; and what sends
load from pods there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from seatrial.app.load_bench import Lent, lent
from seatrial.app.load_job import Yard
from seatrial.app.target import Target as Cluster
from seatrial.catalog.checks import models
from seatrial.lab import site as sites
from seatrial.lab import wait
from seatrial.lab.node import python
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
_SENDS = ("seatrial.measure.pod", "seatrial.measure.worker", "seatrial.measure.secure")


class Served(msgspec.Struct, frozen=True):
    """Where the servers are, and the bench that they are on."""

    url: str  # of the Service itself: this machine has a way to the addresses of its labs
    lent: Lent


@contextmanager
def serving(lab: str, *, tell: Tell = silent) -> Iterator[Served]:
    """The servers, until the end of the block."""
    _with_node(lab)
    what = f"model servers in lab {lab}"
    tell(Event(what, State.BEGUN))
    with lent(Cluster(lab=lab), what, lambda _: True, tell) as it:
        url = it.runner.run(served(lab, it.bench))
        tell(Event(what, State.DONE))
        yield Served(url, it)


def yard(lab: str, it: Lent, *, tell: Tell = silent) -> Yard:
    """For pods that send load, with the image that is made for them."""
    _with_node(lab)
    what = "an image of this machine's Python"
    tell(Event(what, State.BEGUN))
    python.load(sites.need(lab), _SENDS)
    tell(Event(what, State.DONE))
    return Yard(it.bench, it.client, it.runner, python.IMAGE, python.ENVIRONMENT)


def _with_node(lab: str) -> None:
    if sites.need(lab).spec.level is not LabLevel.NODE:
        raise UsageError(
            f"lab {lab!r} has no real node, and what a load takes are real pods",
            way_out="start one that has: seatrial lab up --name NAME, then bench serve --lab NAME",
        )


async def served(lab: str, bench: Workbench) -> str:
    """Start them on this bench; the address of their Service."""
    await models.serve(bench, SERVERS, *OPTIONS)
    service = await bench.read("services", models.SERVICE)
    if service is None:
        raise CannotJudge(f"Service {models.SERVICE} is gone", way_out="look who else removes things in this lab")
    url = f"http://{service['spec']['clusterIP']}:{models.PORT}"
    await wait.answers(sites.need(lab), f"{url}/health", within=bench.patience)
    return url
