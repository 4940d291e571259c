"""How late the simulated model server is against its own schedule on one core: it says so itself, a client only takes what comes.

The limit of what a token costs is a bare send of as many bytes on loopback.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import select
import socket
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.figures import Figure
from seatrial.lab import forge
from seatrial.lab.model_server import Lateness, ModelServer, running

OPTIONS = {"mode": "fixed", "ttft": "50ms", "gap": "20ms", "port": "0"}
RATES, TOKENS, SECONDS = (320, 640, 960), 100, 8.0
STREAMS, FEW = 8_000, 12
EVENT = 190  # bytes, about
SENDS, CONNECTIONS = 100_000, 256
END = b"0\r\n\r\n"


class Load(NamedTuple):
    what: str
    rate: float = 0.0
    streams: int = 0  # held, each asking anew when its answer is there
    tokens: int = TOKENS


LOADS = (
    *(Load(f"{rate} req/s x {TOKENS} tokens", rate=rate) for rate in RATES),
    Load(f"{STREAMS} streams, {FEW} tokens each", streams=STREAMS, tokens=FEW),
)


def model_server() -> Iterator[Figure]:
    program = asyncio.run(forge.obtain(["workload"]))["workload"]
    bare = _bare_send()
    for load in LOADS:
        late, cost, rate = asyncio.run(_measured(program, load))
        what = f"server, {load.what}"
        yield Figure(f"{what}: tokens", [rate / 1e3], "k/s")
        for share, value in (("p50", late.p50_ns), ("p95", late.p95_ns), ("p99", late.p99_ns)):
            yield Figure(f"{what}: late {share}", [value / 1e6], "ms")
        yield Figure(f"{what}: CPU per 1M tokens", [cost], "s", [bare], "bare sends")


async def _measured(program: Path, load: Load) -> tuple[Lateness, float, float]:
    """Its lateness, its CPU seconds per million tokens, and the tokens in a second. The server has the first core, we the last."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[:1])
    try:
        async with running(program, OPTIONS) as server:
            taken, spent = await asyncio.to_thread(_drained, server, load, cores[-1:])
            late = (await server.stop()).lateness
    finally:
        os.sched_setaffinity(0, cores)
    return late, 1e6 * spent / late.count, late.count / taken


def _drained(server: ModelServer, load: Load, cores: list[int]) -> tuple[float, float]:
    """Seconds that it took, and those of the server's CPU."""
    os.sched_setaffinity(0, cores)
    begun, spent = time.monotonic(), _cpu(server.pid)
    _Client(server.url, load).run()
    return time.monotonic() - begun, _cpu(server.pid) - spent


def _cpu(pid: int) -> float:
    used = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, used)) / os.sysconf("SC_CLK_TCK")


class _Client:
    """Sends requests and throws away what comes."""

    def __init__(self, url: str, load: Load) -> None:
        host, _, port = url.removeprefix("http://").partition(":")
        self.where, self.load = (host, int(port)), load
        body = json.dumps({"prompt": "hello", "max_tokens": load.tokens, "stream": True}).encode()
        self.request = b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        self.epoll = select.epoll()
        self.open: dict[int, socket.socket] = {}
        self.idle: deque[socket.socket] = deque()
        self.going = 0

    def run(self) -> None:
        begun, sent = time.monotonic(), 0
        while (now := time.monotonic() - begun) < SECONDS or self.going:
            wanted = self.load.streams or int(now * self.load.rate)
            done = self.going if self.load.streams else sent
            for _ in range(min(wanted - done, 50) if now < SECONDS else 0):
                self._send()
                sent += 1
            self._take(0.001)
        for connection in self.open.values():
            connection.close()

    def _send(self) -> None:
        if self.idle:
            connection = self.idle.popleft()
        else:
            connection = socket.create_connection(self.where)
            self.open[connection.fileno()] = connection
            self.epoll.register(connection.fileno(), select.EPOLLIN)
        connection.sendall(self.request)
        self.going += 1

    def _take(self, within: float) -> None:
        for number, _ in self.epoll.poll(within):
            connection = self.open[number]
            came = connection.recv(1 << 16)
            if not came:
                raise ConnectionError("the server closed a connection")
            if came.endswith(END):
                self.idle.append(connection)
                self.going -= 1


def _bare_send() -> float:
    """CPU seconds of a million sends of one event each, by turns over many connections, which another process takes."""
    with socket.create_server(("127.0.0.1", 0), backlog=CONNECTIONS) as listener:
        taker = multiprocessing.get_context("spawn").Process(target=_taken, args=(listener.getsockname(),))
        taker.start()
        ours = [listener.accept()[0] for _ in range(CONNECTIONS)]
    for one in ours:
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    event, begun = b"x" * EVENT, time.process_time()
    for place in range(SENDS):
        ours[place % CONNECTIONS].send(event)
    spent = time.process_time() - begun
    for one in ours:
        one.close()
    taker.join()
    return 1e6 * spent / SENDS


def _taken(where: tuple[str, int]) -> None:
    epoll, left = select.epoll(), {}
    for _ in range(CONNECTIONS):
        one = socket.create_connection(where)
        left[one.fileno()] = one
        epoll.register(one.fileno(), select.EPOLLIN)
    while left:
        for number, _ in epoll.poll():
            if not left[number].recv(1 << 16):
                left.pop(number).close()
