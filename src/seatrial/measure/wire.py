"""A connection: a socket that never blocks, one request at a time, and the kernel's own times of arrival."""

from __future__ import annotations

import errno
import select
import socket
import struct
from collections.abc import Callable
from typing import Any, Protocol

from seatrial.measure.exchange import Exchange
from seatrial.measure.framing import Malformed
from seatrial.model.load_result import Ending, Mark

SO_TIMESTAMPNS = 35  # as in asm-generic/socket.h; the module socket does not name it
READ = 65536
IN, OUT = select.EPOLLIN, select.EPOLLOUT
_ANCILLARY = socket.CMSG_SPACE(16)
_TIME = struct.Struct("qq")
_NO_WAY = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ETIMEDOUT, errno.EADDRNOTAVAIL}


Endpoint = tuple[int, tuple[Any, ...]]  # the family of a socket address, and the address


class Owner(Protocol):
    """The loop, as its connections see it."""

    def watch(self, wire: Wire, mask: int) -> None: ...

    def connected(self, wire: Wire, at: int) -> None: ...

    def over(self, wire: Wire, exchange: Exchange, *, keep: bool) -> None: ...

    def again(self, wire: Wire, exchange: Exchange) -> None:
        """The connection was kept open after an earlier answer and has gone meanwhile: that says nothing of this request."""
        ...

    def gone(self, wire: Wire) -> None:
        """An idle connection was ended by the other side."""
        ...

    def clock(self) -> int: ...

    def arrived(self, kernel: int, learnt: int, sent: int) -> int:
        """The moment of arrival on the clock of the loop, from the kernel's."""
        ...


class Wire:
    __slots__ = (
        "_blocked",
        "_out",
        "_owner",
        "_reached",
        "_stamped",
        "connecting",
        "descriptor",
        "exchange",
        "opened",
        "served",
        "socket",
    )

    def __init__(self, owner: Owner, endpoint: Endpoint, now: int, *, stamped: bool) -> None:
        self._owner = owner
        self._out = b""
        self._blocked = False  # until the kernel takes more
        self.exchange: Exchange | None = None
        self.opened = now
        self.served = 0
        self.connecting = True  # until a request can go out
        self._reached = False
        self.socket = socket.socket(endpoint[0], socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self.descriptor = self.socket.fileno()
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._stamped = stamped
        if stamped:
            self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        code = self.socket.connect_ex(endpoint[1])
        if code not in (0, errno.EINPROGRESS):
            self.close()
            raise OSError(code, "no connection")
        owner.watch(self, OUT)

    @property
    def not_up(self) -> Ending:
        """What it is when the connection has not come up in time."""
        return Ending.UNREACHABLE

    def carry(self, exchange: Exchange) -> None:
        """Send this request as soon as the connection is up, and wait for its answer."""
        self.exchange = exchange
        if not self.connecting:
            self._send()

    def ready(self, mask: int, now: int) -> None:
        if not self._reached:
            self._connect(now)
        elif mask == OUT:
            self._flush()
        else:
            self._read(now)

    def close(self) -> None:
        self.socket.close()

    def _connect(self, now: int) -> None:
        code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self._fail(Ending.UNREACHABLE if code in _NO_WAY else Ending.REFUSED)
            return
        self._reached = True
        self._owner.watch(self, IN)
        self._up(now)

    def _up(self, now: int) -> None:
        self.connecting = False
        self._owner.connected(self, now)
        if self.exchange is not None:
            self._send()

    def _send(self) -> None:
        exchange = self.exchange
        assert exchange is not None
        exchange.sent = exchange.heard = self._owner.clock()
        self._write(exchange.request)

    def _write(self, data: bytes) -> None:
        self._push(data)

    def _push(self, data: bytes) -> None:
        """To the kernel, now or as soon as it takes it."""
        self._out += data
        if self._out:
            self._flush()

    def _flush(self) -> None:
        try:
            sent = self.socket.send(self._out)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._torn()
            return
        if sent < len(self._out):
            self._out = self._out[sent:]
            self._blocked = True
            self._owner.watch(self, IN | OUT)
            return
        self._out = b""
        if self._blocked:
            self._blocked = False
            self._owner.watch(self, IN)

    def _torn(self) -> None:
        """Nothing more can be sent; an answer that came before that, such as a refusal of a long question, is still there."""
        exchange, at = self.exchange, self._owner.clock()
        try:
            data = self.socket.recv(READ)
        except OSError:
            data = b""
        if data:
            self._take(data, at)
        if self.exchange is exchange:
            self._cut(at, clean=False)

    def _read(self, now: int) -> None:
        at = now
        try:
            if self._stamped:
                data, notes, _, _ = self.socket.recvmsg(READ, _ANCILLARY)
                if notes and self.exchange is not None and notes[0][1] == SO_TIMESTAMPNS:
                    seconds, rest = _TIME.unpack(notes[0][2])
                    at = self._owner.arrived(seconds * 1_000_000_000 + rest, now, self.exchange.sent)
            else:
                data = self.socket.recv(READ)
        except BlockingIOError:
            return
        except OSError:
            self._cut(now, clean=False)
            return
        if data:
            self._take(data, at)
        else:
            self._cut(at)

    def _take(self, data: bytes, at: int) -> None:
        exchange = self.exchange
        if exchange is None:  # nobody asked
            self._owner.gone(self)
            return
        try:
            whole = exchange.feed(data, at)
        except Malformed:
            self._fail(Ending.MALFORMED, at)
            return
        if whole:
            self._finish(None, at)

    def _cut(self, at: int, *, clean: bool = True) -> None:
        """The other side has ended the connection, or its half of it; not ``clean``: it was torn off."""
        exchange = self.exchange
        if exchange is None:
            self._owner.gone(self)
        elif self.served and not exchange.answered:
            self.exchange = None
            exchange.mark(Mark.RESENT)
            exchange.again()
            self._owner.again(self, exchange)
        elif clean or not exchange.answered or exchange.events.done:
            self._finish(None, at)
        else:
            self._finish(Ending.TRUNCATED, at)

    def _fail(self, ending: Ending, at: int | None = None) -> None:
        self._finish(ending, self._owner.clock() if at is None else at)

    def _finish(self, ending: Ending | None, at: int) -> None:
        exchange, self.exchange = self.exchange, None
        if exchange is None:
            self._owner.gone(self)
            return
        exchange.close(ending, at)
        self.served += 1
        self._owner.over(self, exchange, keep=exchange.may_keep and not self._out)

    def give_up(self, ending: Ending, at: int) -> None:
        """Too late, or the run is over."""
        self._fail(ending, at)


MakeWire = Callable[[Owner, Endpoint, int], Wire]
