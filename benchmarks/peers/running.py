"""One run: the server on one core, the client on the other, and what both say of the same requests.

What the client reports is read from its own files; the truth is the server's. The two meet in the identification of each request.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import math
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import msgspec

from benchmarks.peers.client import Client, Load, Place, Saw
from benchmarks.peers.process import Failed, Used, finish
from seatrial.lab.model_server import running
from seatrial.measure.truth import Did, Truth

SHARES = (0.5, 0.95, 0.99)
_GRACE = 120.0  # to start, and to write down what was seen
_STRANGE = 0.01  # of the answers may be ones that the server knows nothing of


class Means(msgspec.Struct, frozen=True):
    """What all runs have in common."""

    program: Path  # the model server
    tokenizer: Path


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds, memory in bytes."""

    client: str
    load: Load
    answers: int  # that the client counts as successes
    served: int
    tokens: int
    rate: float  # at which requests came to the server
    at_once: int  # requests that the server had, at most
    errors: tuple[float, ...] | None  # of the first token, at SHARES
    server_late: float  # behind its own schedule, at 95 %
    first_request: float  # since the command was given
    cpu: float
    memory: int

    @property
    def cpu_per_million(self) -> float:
        return self.cpu / self.tokens * 1e6


async def run(client: Client, home: Path, load: Load, means: Means) -> Ran:
    """The client has as many cores as it is to have processes, the server the others. Where there are none left, both share all."""
    cores = sorted(os.sched_getaffinity(0))
    apart = len(cores) > load.processes
    first, last = (cores[: -load.processes], cores[-load.processes :]) if apart else (cores, cores)
    options = {"mode": "fixed", "port": "0", "ttft": "50ms", "gap": "20ms", "tokens": str(load.tokens)}
    with tempfile.TemporaryDirectory(prefix="seatrial-peers-") as folder, _on(first):
        place = Place(home=home, folder=Path(folder), tokenizer=means.tokenizer, url="")
        async with running(means.program, options) as server:
            place = msgspec.structs.replace(place, url=server.url)
            truth = Truth(server.url)
            stop = Event()
            try:
                used = await asyncio.to_thread(_finish, client, load, place, last, stop)
            finally:
                stop.set()  # Ctrl-C is not for the client, which has a session of its own
            return _told(client, load, _answers(truth.take()), _saw(client, load, place), used)


def _finish(client: Client, load: Load, place: Place, cores: Sequence[int], stop: Event) -> Used:
    """In a thread of its own, whose cores are those of what it starts."""
    with _on(cores):
        command = client.command(place, load)
        home = place.home if client.needs is not None else None
        return finish(command, home=home, folder=place.folder, within=load.seconds + _GRACE, stop=stop)


@contextmanager
def _on(cores: Sequence[int]) -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _saw(client: Client, load: Load, place: Place) -> list[Saw]:
    if not (client.measures and load.each):
        return []
    try:
        return list(client.read(place, load))
    except (OSError, ValueError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise Failed(f"what it wrote cannot be read: {type(error).__name__}: {error}") from error


def _answers(did: Mapping[str, Did]) -> dict[str, Did]:
    return {id: one for id, one in did.items() if one.completion_tokens}


def _told(client: Client, load: Load, did: Mapping[str, Did], saw: Iterable[Saw], used: Used) -> Ran:
    if not did:
        raise Failed("no request of its came to the server")
    seen = list(saw)
    known = [(one, did[one.id]) for one in seen if one.id in did]
    if client.measures and load.each and (not seen or len(known) < (1 - _STRANGE) * len(seen)):
        raise Failed(f"of the {len(seen)} answers that it tells of the server knows {len(known)}")
    errors = sorted(abs(one.ttft - (truth.first_ns - truth.arrived_ns) / 1e9) for one, truth in known)
    arrived = sorted(one.arrived_ns for one in did.values())
    lasted = (arrived[-1] - arrived[0]) / 1e9
    return Ran(
        client=client.name,
        load=load,
        answers=len(seen),
        served=len(did),
        tokens=sum(one.completion_tokens for one in did.values()),
        rate=(len(arrived) - 1) / lasted if lasted else 0.0,
        at_once=_at_once(did.values()),
        errors=tuple(_at(errors, share) for share in SHARES) if errors else None,
        server_late=_at(sorted(one.late_max_ns for one in did.values()), 0.95) / 1e9,
        first_request=(arrived[0] - used.begun_ns) / 1e9,
        cpu=used.cpu,
        memory=used.memory,
    )


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _at_once(did: Iterable[Did]) -> int:
    """From the arrival of each to its last token."""
    moments = sorted(moment for one in did for moment in ((one.arrived_ns, 1), (one.last_ns, -1)))
    return max(itertools.accumulate(step for _, step in moments), default=0)
