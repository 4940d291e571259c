"""The simulated model server as a process of its own, beside no lab: clients are calibrated with it, by the truth that it tells."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NoReturn, TypeVar

import msgspec

from seatrial.lab.keys import Authority
from seatrial.model.errors import LabError, UsageError

PROGRAM = "workload"  # what the forge calls it
HOST, PORT = "127.0.0.1", "8000"
_KEYS = "MODEL_SERVER_API_KEYS"
_MISUSED = 2
_GRACE = 10.0

Said = TypeVar("Said")


class Lateness(msgspec.Struct, frozen=True):
    """How late the server was against its own schedule, in nanoseconds."""

    count: int
    p50_ns: int
    p95_ns: int
    p99_ns: int
    max_ns: int


class Serving(msgspec.Struct, frozen=True, tag_field="event", tag="serving"):
    """What the server says first."""

    port: int
    mode: str


class Served(msgspec.Struct, frozen=True, tag_field="event", tag="ended"):
    """What the server says last: what it did in all."""

    requests: int
    tokens: int
    lateness: Lateness
    first_lateness: Lateness


class ModelServer:
    """One that runs."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._in, self._out, self._err = _pipes(process)
        self._complaints: deque[str] = deque(maxlen=5)
        self._listening = asyncio.create_task(self._listen())
        self.url = ""  # until it has begun

    @property
    def pid(self) -> int:
        return self._process.pid

    async def begin(self, options: Mapping[str, str]) -> None:
        line = await self._out.readline()
        if not line:
            await self._failed()
        self.url = _url(options, _decoded(line, Serving).port)

    async def wait(self) -> None:
        """Until it ends by itself, which it does not do on purpose."""
        await self._failed()

    async def stop(self) -> Served:
        """End it, and hear what it did."""
        await self.end()
        return _decoded(await self._out.readline(), Served)

    async def end(self) -> None:
        self._in.close()
        try:
            await asyncio.wait_for(self._process.wait(), _GRACE)
        except TimeoutError:
            self._process.kill()
        await self._process.wait()
        await self._listening

    async def _listen(self) -> None:
        """Keep what it complains of; unread, it would block it one day."""
        async for line in self._err:
            self._complaints.append(line.decode(errors="replace").rstrip())

    async def _failed(self) -> NoReturn:
        code = await self._process.wait()
        await self._listening
        why = "; ".join(self._complaints).replace("model-server: ", "")
        if code == _MISUSED:
            raise UsageError(f"the model server does not take that: {why}", way_out="seatrial lab model-server --help")
        raise LabError(f"the model server ended with {code}: {why or 'it said nothing'}")


@asynccontextmanager
async def running(program: Path, options: Mapping[str, str], *, keys: str = "") -> AsyncIterator[ModelServer]:
    """The server, until the end of the block and not longer than this process. Options are those of the program, by name."""
    options = {"host": HOST, "port": PORT, "quiet": "true", **options, "until-eof": "true"}
    argv = (str(program), "model-server", *(f"--{name}={value}" for name, value in options.items()))
    pipe = asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            env={**os.environ, _KEYS: keys},
            start_new_session=True,  # Ctrl-C is for us: we then ask it to end, and hear what it says last
        )
    except OSError as error:
        raise LabError(f"the model server could not be started: {error}") from error
    server = ModelServer(process)
    try:
        await server.begin(options)
        yield server
    finally:
        await server.end()


def _url(options: Mapping[str, str], port: int) -> str:
    host = options["host"]
    scheme = "https" if "tls-certificate" in options else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _pipes(
    process: asyncio.subprocess.Process,
) -> tuple[asyncio.StreamWriter, asyncio.StreamReader, asyncio.StreamReader]:
    stdin, stdout, stderr = process.stdin, process.stdout, process.stderr
    assert stdin
    assert stdout
    assert stderr
    return stdin, stdout, stderr


def _decoded(line: bytes, what: type[Said]) -> Said:
    try:
        return msgspec.json.decode(line, type=what)
    except msgspec.DecodeError as error:
        raise LabError(f"the model server said what nobody understands: {error}") from error


def secured(folder: Path, host: str, *, mutual: bool) -> dict[str, str]:
    """The options for TLS, with an authority and key pairs for both sides in the folder: ca.crt, server and client, .crt and .key."""
    try:
        authority = Authority(folder)
        server = authority.pair("server", hosts=tuple(dict.fromkeys((host, "localhost", HOST))))
        authority.pair("client", user="client")
    except OSError as error:
        raise UsageError(f"{folder} cannot hold keys: {error.strerror}", way_out="name another folder") from error
    options = {"tls-certificate": str(server.cert), "tls-key": str(server.key)}
    return options | ({"tls-clients": str(authority.ca.cert)} if mutual else {})
