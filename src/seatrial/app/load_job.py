"""bench serve --in-cluster: a load from pods, as an indexed Job on a bench of its own; of several loads, one after the other.

Kubernetes is the engine: a pod is a shard by its index, is told through ``exec`` when all begin, and hands in its parts by
its log. A pod that is lost is not started again, for its requests were due meanwhile; the result is then no measurement.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing, suppress

import msgspec

from seatrial.app.load_keys import handed
from seatrial.app.load_objects import MODULE, NAME, objects
from seatrial.app.load_shares import Shares
from seatrial.cluster.client import Client
from seatrial.kit.text import one_line
from seatrial.kit.together import together
from seatrial.measure.arrivals import length
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import Obj
from seatrial.model.load import Plan, Shard
from seatrial.model.load_result import Doubt, Part
from seatrial.model.workbench import Workbench

INDEX = "batch.kubernetes.io/job-completion-index"
_HEAD_START = 2.0  # seconds in which all pods are told when to begin, and
_TIMES = 3  # as long as they took to say what their clocks say
_CLOCKS = 0.05  # seconds by which the clocks of pods may be apart
_SILENCE = 30.0  # without a part, of which there is one each second: its log is asked for anew
_TURN = 0.5


class Yard(msgspec.Struct, frozen=True):
    """Where the pods run, and what of."""

    bench: Workbench
    client: Client
    runner: asyncio.Runner
    image: str
    environment: Mapping[str, str] = {}


class Gang:
    """``app.load.Hire``: pods, anew for each load, so that none hangs on another."""

    def __init__(self, yard: Yard) -> None:
        self._yard, self._loads = yard, 0

    def __call__(self, plan: Plan, *, skip_before: float = 0.0, first_index: int = 0) -> JobCrew:
        self._loads += 1
        shard = Shard(plan=plan, skip_before=skip_before, first_index=first_index)
        return JobCrew(shard, self._yard, f"{NAME}-{self._loads}")


class JobCrew:
    """``app.load.Senders``, as pods."""

    def __init__(self, shard: Shard, yard: Yard, name: str) -> None:
        self._shard, self._plan, self._yard, self._name = shard, shard.plan, yard, name
        self._shares = Shares(shard.plan.shards)
        self.skipped, self.cores = shard.skip_before, shard.plan.shards
        self.begun_at: float | None = None
        self.stopped = False
        self.doubts: tuple[Doubt, ...] = ()

    def run(self, take: Callable[[Part], None], turn: Callable[[], None]) -> None:
        self._yard.runner.run(self._run(take, turn))
        self.doubts += self._shares.doubts()

    async def _run(self, take: Callable[[Part], None], turn: Callable[[], None]) -> None:
        bench, yard = self._yard.bench, self._yard
        keys = handed(self._plan.target, os.environ)
        for obj in objects(self._name, self._shard, keys, image=yard.image, environment=yard.environment):
            await bench.create(obj)
        try:
            await self._listened(await self._pods(), take, turn)
        finally:
            with suppress(CannotJudge):  # it goes with its namespace at the latest
                await bench.remove("jobs", self._name)

    async def _listened(self, pods: Mapping[int, str], take: Callable[[Part], None], turn: Callable[[], None]) -> None:
        listening = [asyncio.create_task(self._listen(index, pod, take)) for index, pod in pods.items()]
        try:
            await self._all_wait(listening)
            await self._begin(tuple(pods.values()))
            await self._until(listening, turn)
        except asyncio.CancelledError:  # Ctrl-C: what has ended is still handed in
            self.stopped = self._shares.stopping = True
            await together(*(self._stop(pod) for pod in pods.values()))
            await asyncio.wait(listening, timeout=_SILENCE)
        finally:
            for task in listening:
                task.cancel()
            await asyncio.gather(*listening, return_exceptions=True)

    async def _pods(self) -> dict[int, str]:
        """All of them run, or it cannot be judged."""
        bench, wanted = self._yard.bench, self._plan.shards
        seen = await bench.until(
            "pods",
            lambda pods: len(_by_index(pods, "Running")) >= wanted or bool(_by_index(pods, "Failed")),
            within=bench.patience,
            what=f"{wanted} pods that send load run",
            selector=f"batch.kubernetes.io/job-name={self._name}",
        )
        running = _by_index(seen.objects, "Running")
        if len(running) < wanted:
            why = next((_why(one) for one in seen.objects if _why(one)), "no reason is told")
            raise CannotJudge(
                f"{len(running)} of {wanted} pods that send load run: {why}",
                way_out="ask for fewer with --in-cluster, or make room; look at --image",
            )
        return running

    async def _listen(self, index: int, pod: str, take: Callable[[Part], None]) -> None:
        """To its last part, or until nothing more can come of it. A connection that breaks is made anew."""
        shares = self._shares
        until = time.monotonic() + self._longest()
        while not shares.is_whole(index) and time.monotonic() < until:
            try:
                lines = self._yard.client.log_lines(self._yard.bench.namespace, pod, idle=_SILENCE)
                async with aclosing(lines):
                    async for line in lines:
                        part = shares.part(index, line)
                        if part is not None:
                            take(part)
            except CannotJudge as error:
                shares.trouble(index, error.what)
            if not shares.is_whole(index) and await self._is_over(pod):
                return
            await asyncio.sleep(_TURN)

    async def _is_over(self, pod: str) -> bool:
        try:
            seen = await self._yard.bench.read("pods", pod)
        except CannotJudge:
            return False  # the API server does not answer now: that says nothing of the pod
        return seen is None or seen.get("status", {}).get("phase") in ("Failed", "Succeeded")

    def _longest(self) -> float:
        planned = length(self._plan.arrivals)
        return (planned if planned is not None else float("inf")) + self._plan.limits.whole + self._yard.bench.patience

    async def _all_wait(self, listening: Sequence[asyncio.Task[None]]) -> None:
        """Until each pod has said that it can begin. One that has ended by then never will."""
        ready = asyncio.create_task(self._shares.all_wait())
        patience = self._yard.bench.patience
        await asyncio.wait({ready, *listening}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            why = "; ".join(one.what for one in self._shares.doubts(waiting=False)[:3])
            raise CannotJudge(
                f"not every pod could begin to send: {why}",
                way_out="look at --image: it needs Python 3.11 or later, and seatrial",
            )

    async def _begin(self, pods: Sequence[str]) -> None:
        asked = time.time()
        apart = await together(*(self._clock(pod) for pod in pods))
        begin = time.time() + _HEAD_START + _TIMES * (time.time() - asked)
        await together(*(self._ask(pod, "begin", repr(begin)) for pod in pods))
        if time.time() >= begin:
            raise CannotJudge(
                "the pods could not be told in time when to begin", way_out="look at how busy the nodes are"
            )
        self.begun_at = begin
        if (most := max(apart)) > _CLOCKS:
            what = f"the clock of a pod is at least {most * 1000:.0f} ms from this machine's; {_CLOCKS * 1000:.0f} ms are allowed"
            self.doubts = (Doubt("clocks", what),)

    async def _clock(self, pod: str) -> float:
        """By how much its clock differs from ours at least: what it says lies between our asking and its answer, or does not."""
        asked = time.time()
        said = await self._ask(pod, "clock")
        answered = time.time()
        try:
            there = float(said)
        except ValueError as error:
            raise CannotJudge(f"{pod} was asked for its clock and said {one_line(said)!r}") from error
        return max(asked - there, there - answered, 0.0)

    async def _ask(self, pod: str, *words: str) -> str:
        ran = await self._yard.bench.run(pod, (*MODULE, *words), within=self._yard.bench.patience)
        if ran.code:
            raise CannotJudge(
                f"{pod} was told to {words[0]}, and failed: {one_line(ran.stderr)}", way_out="look at --image"
            )
        return ran.stdout

    async def _stop(self, pod: str) -> None:
        try:
            await self._ask(pod, "stop")
        except CannotJudge:
            return  # it has ended, or will be missed as a lost one

    async def _until(self, listening: Sequence[asyncio.Task[None]], turn: Callable[[], None]) -> None:
        waiting = set(listening)
        while waiting:
            done, waiting = await asyncio.wait(waiting, timeout=_TURN)
            for task in done:
                task.result()
            turn()


def _by_index(pods: Sequence[Obj], phase: str) -> dict[int, str]:
    found = {}
    for pod in pods:
        index = pod["metadata"].get("labels", {}).get(INDEX, "")
        if pod.get("status", {}).get("phase") == phase and index.isdecimal():
            found[int(index)] = pod["metadata"]["name"]
    return found


def _why(pod: Obj) -> str:
    """What a pod that does not run waits for, in the cluster's words."""
    status = pod.get("status", {})
    states = [state for one in status.get("containerStatuses", ()) for state in one.get("state", {}).values()]
    said = [*states, *status.get("conditions", ())]
    return next((one_line(f"{one.get('reason')}: {one['message']}") for one in said if one.get("message")), "")
