"""More than anybody can take in: what a follower holds does not grow with what happens. ``make fuzz`` plays a million events."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
from benchmarks.fleet_objects import objects
from hypothesis import settings

from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.cluster.client import Client
from seatrial.cluster.following import Follower, Inbox
from seatrial.cluster.watch import Heard
from seatrial.kit.clock import FakeClock
from seatrial.model.fact import Apis, ClusterIdentity, Snapshot

EVENTS = (settings.default.max_examples if settings.default else 100) * 50
WARM = EVENTS // 5  # until then it may grow: the first of everything
ROOM = 32.0  # MiB
PAGE = 4096
NOTHING = Snapshot(FakeClock().now(), ClusterIdentity(), Apis(), {}, {}, {"pods": "1"})


def held() -> float:
    """MiB of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / (1 << 20)


def event(type: str, obj: dict[str, Any]) -> Heard:
    return Heard(type, msgspec.Raw(msgspec.json.encode(obj)))


async def test_a_flood_of_events_takes_no_more_room_than_the_objects() -> None:
    pods = [obj for of, obj in objects(50) if of == "pods"]
    inbox = Inbox()
    follower = Follower(cast(Client, SimpleNamespace(address="test")), Pod, NOTHING, inbox, asyncio.Semaphore(1))
    warm = 0.0
    for number in range(EVENTS):
        pod = pods[number % len(pods)]
        pod["metadata"] |= {"resourceVersion": str(number + 2), "labels": {"app": "x", "step": str(number)}}
        if number % 5:
            follower.take(event("MODIFIED", pod))
        else:
            brief = {**pod, "metadata": {**pod["metadata"], "name": f"brief-{number}"}}
            follower.take(event("ADDED", brief))
            follower.take(event("DELETED", brief))
        if number % 2_000 == 0:
            changes, _ = inbox.take(NOTHING)
            assert len(changes.get("pods", ())) <= 2_000
        if number == WARM:
            warm = held()
    assert held() - warm < ROOM
    assert inbox.count > EVENTS
