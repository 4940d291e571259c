"""A short load on simulated model servers in a lab, for the measures of what clients see. Nobody serves anything there otherwise."""

from __future__ import annotations

import asyncio

from seatrial.app import load, load_lab
from seatrial.app.leave import bench_on
from seatrial.app.reach import Ground
from seatrial.kit.clock import Clock
from seatrial.lab import site as sites
from seatrial.lab.node.programs import IMAGE
from seatrial.measure.crew import Crew
from seatrial.model.errors import CannotJudge
from seatrial.model.evidence import Evidence
from seatrial.model.lab import LabLevel
from seatrial.model.load import Open, Phase, Plan, Target
from seatrial.model.load_result import LoadResult
from seatrial.model.progress import Event, State, Tell

_RATE, _SECONDS, _WARM_UP, _TOKENS = 20.0, 6.0, 1.0, 20
_WHAT = "send load to simulated model servers"


class SampleLoad:
    """Sent when it is first asked for; what came of it, a failure too, is for everybody who asks."""

    def __init__(self, lab: str, ground: Ground, clock: Clock, tell: Tell) -> None:
        self._lab, self._ground, self._clock, self._tell = lab, ground, clock, tell
        self._found: LoadResult | CannotJudge | None = None
        self.evidence: tuple[Evidence, ...] = ()

    async def __call__(self) -> LoadResult:
        if self._found is None:
            try:
                self._found = await self._sent()
            except CannotJudge as error:
                self._found = error
        if isinstance(self._found, CannotJudge):
            raise self._found
        return self._found

    async def _sent(self) -> LoadResult:
        bench = None
        self._tell(Event(_WHAT, State.BEGUN))
        open_bench, _ = await bench_on((_WHAT,), self._ground, lambda _: True, IMAGE, self._clock)
        assert open_bench is not None, "a lab is a cluster, and something is intended"
        try:
            async with open_bench(check="load", subject=_WHAT) as bench:
                found = await sent(_plan(await load_lab.served(self._lab, bench)))
        finally:
            if bench is not None:
                self.evidence = (bench.evidence,)
        self._tell(Event(_WHAT, State.DONE, f"{found.requests} requests"))
        return found


def of_lab(lab: str | None, ground: Ground, clock: Clock, tell: Tell) -> SampleLoad | None:
    """None where there is no real node of a lab for the servers."""
    if lab is None or sites.need(lab).spec.level is not LabLevel.NODE:
        return None
    return SampleLoad(lab, ground, clock, tell)


async def sent(plan: Plan) -> LoadResult:
    """``load.send`` beside a loop that goes on. Cancelled, its processes end before anything else does."""
    crew = Crew(plan, cores=load.cores())
    work = asyncio.create_task(asyncio.to_thread(load.send, plan, load.How(hire=lambda *_, **__: crew)))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        crew.stop()
        crew.stop()  # nothing that is under way counts any more
        await asyncio.wait((work,))
        work.exception()
        raise


def _plan(url: str) -> Plan:
    """One process, so that a core is left for the servers."""
    return Plan(
        target=Target(url=url, simulated=load_lab.SIMULATED),
        arrivals=Open(phases=(Phase(seconds=_WARM_UP + _SECONDS, rate=_RATE),)),
        tokens_out=_TOKENS,
        warm_up=_WARM_UP,
    )
