"""When a watch judges: a burst once, a stream without end all the same, and everything again as time goes by."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

from seatrial.app.check import choose
from seatrial.app.reach import Ground
from seatrial.app.watching import Watch
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.cluster.client import Client
from seatrial.cluster.following import Inbox
from seatrial.engine.catalog import Catalog
from seatrial.engine.plan import plan
from seatrial.engine.rejudging import Rejudging
from seatrial.kit.clock import FakeClock
from seatrial.model.errors import Unreachable
from seatrial.model.fact import Apis, ClusterIdentity, Meta, Series, Snapshot
from seatrial.model.shift import Hearing, Rejudged

CATALOG = Catalog.installed()
CHECKS = choose(CATALOG, ("workloads", "pod-security"))
KINDS = [kind for kind in plan(CATALOG, CHECKS).facts if not issubclass(kind, Series)]


async def shown(
    happens: Callable[[Inbox, FakeClock, list[Rejudged | Hearing]], Awaitable[None]], *, answers: bool = True
) -> list[Rejudged | Hearing]:
    """What is shown while that happens."""
    clock, inbox, steps = FakeClock(), Inbox(), list[Rejudged | Hearing]()
    snapshot = Snapshot(clock.now(), ClusterIdentity(), Apis(), {kind.of: () for kind in KINDS}, {})
    rejudging = Rejudging(CATALOG, CHECKS, snapshot)
    await rejudging.judge()

    async def discover() -> Apis:
        if not answers:
            raise Unreachable("nobody is there")
        return Apis()

    client = cast(Client, SimpleNamespace(discover=discover))
    ground = Ground(snapshot, cast(Any, None), client)
    watch = Watch(rejudging, ground, client=client, inbox=inbox, show=steps.append, clock=clock)
    task = asyncio.create_task(watch.run())
    try:
        async with asyncio.timeout(60):
            await happens(inbox, clock, steps)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return steps


def put(inbox: Inbox, number: int) -> None:
    pod = Pod(metadata=Meta(name=f"p{number}", namespace="a"))
    inbox.put("pods", pod.subject, pod)


async def until(wanted: Callable[[], bool]) -> None:
    while not wanted():  # noqa: ASYNC110 - what it waits for tells nobody
        await asyncio.sleep(0)


async def test_a_rollout_of_a_hundred_pods_is_judged_once() -> None:
    async def rollout(inbox: Inbox, clock: FakeClock, steps: list[Rejudged | Hearing]) -> None:
        for number in range(100):
            put(inbox, number)
            if number % 10 == 0:
                await asyncio.sleep(0)
        await until(lambda: bool(steps))

    steps = await shown(rollout)
    assert [(step.many, len(step.changed)) for step in steps if isinstance(step, Rejudged)] == [(100, 20)]


async def test_changes_without_end_are_judged_in_parts() -> None:
    async def stream(inbox: Inbox, clock: FakeClock, steps: list[Rejudged | Hearing]) -> None:
        number = 0
        while len(steps) < 3:
            put(inbox, number := number + 1)
            await asyncio.sleep(0)

    steps = [step for step in await shown(stream) if isinstance(step, Rejudged)]
    assert all(step.many > 1 for step in steps)
    assert len({step.at for step in steps}) == len(steps)


async def test_what_did_not_change_is_not_shown() -> None:
    async def nothing(inbox: Inbox, clock: FakeClock, steps: list[Rejudged | Hearing]) -> None:
        put(inbox, 1)
        await until(lambda: bool(steps))
        put(inbox, 1)
        await until(lambda: not inbox.arrived.is_set())
        put(inbox, 2)
        await until(lambda: len(steps) > 1)

    steps = [step for step in await shown(nothing) if isinstance(step, Rejudged)]
    assert [step.changed for step in steps] == [("pods/a/p1",), ("pods/a/p2",)]


async def test_time_alone_judges_everything_again_and_lets_others_look_again() -> None:
    looked = asyncio.Event()

    async def wait(inbox: Inbox, clock: FakeClock, steps: list[Rejudged | Hearing]) -> None:
        look = asyncio.create_task(inbox.next_look())
        look.add_done_callback(lambda _: looked.set())
        await asyncio.sleep(0)
        clock.advance(61)
        put(inbox, 1)
        await until(looked.is_set)

    await shown(wait, answers=False)
    assert looked.is_set()


async def test_lost_and_heard_again_are_shown_once_each() -> None:
    async def lose(inbox: Inbox, clock: FakeClock, steps: list[Rejudged | Hearing]) -> None:
        inbox.is_heard("pods", "cannot connect")
        inbox.is_heard("nodes", "cannot connect")
        await until(lambda: len(steps) == 1)
        inbox.is_heard("pods")
        inbox.is_heard("nodes")
        await until(lambda: len(steps) == 2)

    steps = await shown(lose)
    assert [(step.lost, step.kinds) for step in steps if isinstance(step, Hearing)] == [("cannot connect", 2), ("", 0)]
