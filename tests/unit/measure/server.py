"""A server on loopback that does as the test says, byte by byte, and writes down when it did."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
DONE = b"data: [DONE]\n\n"


@dataclass
class Asked:
    """One request, and what became of it: moments on the clock of ``time.monotonic_ns``."""

    head: str
    body: dict[str, object]
    arrived: int
    written: list[int] = field(default_factory=list)

    def header(self, name: str) -> str | None:
        for line in self.head.split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return None


class Answer:
    """What a script writes with."""

    def __init__(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        self.asked = asked
        self.writer = writer

    async def raw(self, data: bytes) -> None:
        self.asked.written.append(time.monotonic_ns())
        self.writer.write(data)
        await self.writer.drain()

    async def piece(self, data: bytes) -> None:
        await self.raw(chunk(data))

    async def end(self) -> None:
        await self.raw(b"0\r\n\r\n")

    def close(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        transport = self.writer.transport
        assert isinstance(transport, asyncio.Transport)
        transport.abort()


Script = Callable[[Answer], Awaitable[None]]


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def event(text: str = "word", finish: str | None = None, **more: object) -> bytes:
    body = {"choices": [{"index": 0, "text": text, "finish_reason": finish}], **more}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def usage(tokens_in: int, tokens_out: int) -> bytes:
    body = {"choices": [], "usage": {"prompt_tokens": tokens_in, "completion_tokens": tokens_out}}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def plain(tokens: int = 4, ttft: float = 0.01, gap: float = 0.002) -> Script:
    """As a good server does it: a token to an event."""

    async def script(answer: Answer) -> None:
        begun = asyncio.get_running_loop().time()
        await asyncio.sleep(ttft)
        await answer.raw(HEAD + chunk(event()))
        for number in range(1, tokens):
            await asyncio.sleep(begun + ttft + number * gap - asyncio.get_running_loop().time())
            await answer.piece(event(finish="length" if number == tokens - 1 else None))
        await answer.raw(chunk(usage(7, tokens)) + chunk(DONE) + b"0\r\n\r\n")

    return script


class Server:
    def __init__(self, script: Script, context: ssl.SSLContext | None, host: str) -> None:
        self._script, self._host = script, host
        self._context = context
        self.asked: list[Asked] = []
        self.connections = 0
        self.url = ""

    async def start(self) -> asyncio.Server:
        server = await asyncio.start_server(self._serve, self._host, 0, ssl=self._context, backlog=4096)
        port = server.sockets[0].getsockname()[1]
        host = f"[{self._host}]" if ":" in self._host else self._host
        self.url = f"{'https' if self._context else 'http'}://{host}:{port}"
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while not writer.is_closing():
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                arrived = time.monotonic_ns()
                asked = Asked(head, {}, arrived)
                asked.body = json.loads(await reader.readexactly(int(asked.header("content-length") or 0)))
                self.asked.append(asked)
                await self._script(Answer(asked, writer))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@contextmanager
def serving(script: Script, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Iterator[Server]:
    """In a thread of its own, while the block runs."""
    server = Server(script, context, host)
    loop = asyncio.new_event_loop()
    listening = loop.run_until_complete(server.start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(listening.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
