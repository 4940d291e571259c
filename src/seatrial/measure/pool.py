"""The connections of one process: opened when there is no idle one, kept as long as both sides like."""

from __future__ import annotations

import errno
import select
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress

from seatrial.measure.arrivals import NANOSECONDS
from seatrial.measure.exchange import Exchange
from seatrial.measure.ledger import Ledger
from seatrial.measure.timer import wall_offset
from seatrial.measure.wire import Endpoint, MakeWire, Wire
from seatrial.model.load import Limits
from seatrial.model.load_result import Ending

_EACH = 8  # every so-manieth stamp is compared with the loop's clock
_SLACK = NANOSECONDS // 1000  # by which two clocks, read one after the other, may seem apart
_NO_SOCKET = (errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENOMEM)
_ENDINGS = {errno.ECONNREFUSED: Ending.REFUSED, **dict.fromkeys(_NO_SOCKET, Ending.NO_SOCKET)}


class Pool:
    """Carries exchanges; ``ended`` takes each when it is over."""

    def __init__(
        self,
        endpoints: tuple[Endpoint, ...],
        make: MakeWire,
        limits: Limits,
        ledger: Ledger,
        ended: Callable[[Exchange], None],
    ) -> None:
        self._endpoints, self._make, self._ledger, self._ended = endpoints, make, ledger, ended
        self._connect = round(limits.connect * NANOSECONDS)
        self._whole = round(limits.whole * NANOSECONDS)
        self._silence = round(limits.silence * NANOSECONDS)
        self.poll = select.epoll()
        self.wires: dict[int, Wire] = {}
        self.flying: set[Wire] = set()
        self.most = 0  # in flight at once, since somebody asked
        self._idle: list[Wire] = []
        self._opened = 0
        self._stamps = 0
        self._offset = wall_offset()
        self.clock = time.monotonic_ns

    def carry(self, exchange: Exchange) -> None:
        if self._idle:
            wire = self._idle.pop()
        else:
            try:
                wire = self._open()
            except OSError as error:
                exchange.close(_ENDINGS.get(error.errno or 0, Ending.UNREACHABLE), self.clock())
                self._ended(exchange)
                return
        self.flying.add(wire)
        self.most = max(self.most, len(self.flying))
        wire.carry(exchange)

    def late(self, now: int) -> None:
        """Give up what has waited for too long, and look again at how the two clocks stand."""
        self._offset = wall_offset()
        for wire in tuple(self.flying):
            exchange = wire.exchange
            if exchange is None:
                continue
            if now - exchange.begun > self._whole:
                wire.give_up(Ending.TIMEOUT, now)
            elif wire.connecting:
                if now - wire.opened > self._connect:
                    wire.give_up(wire.not_up, now)
            elif now - exchange.heard > self._silence:
                wire.give_up(Ending.SILENT, now)

    def stop(self, now: int) -> None:
        for wire in tuple(self.flying):
            wire.give_up(Ending.STOPPED, now)

    def close(self) -> None:
        for wire in (*self.wires.values(),):
            wire.close()
        self.poll.close()

    # As connections see it

    def watch(self, wire: Wire, mask: int) -> None:
        if wire.descriptor in self.wires:
            self.poll.modify(wire.descriptor, mask)
        else:
            self.wires[wire.descriptor] = wire
            self.poll.register(wire.descriptor, mask)

    def connected(self, wire: Wire, at: int) -> None:
        self._ledger.connects.record(at - wire.opened)

    def over(self, wire: Wire, exchange: Exchange, *, keep: bool) -> None:
        self.flying.discard(wire)
        if keep:
            self._idle.append(wire)
        else:
            self._drop(wire)
        self._ended(exchange)

    def again(self, wire: Wire, exchange: Exchange) -> None:
        self.gone(wire)
        self.carry(exchange)

    def gone(self, wire: Wire) -> None:
        self.flying.discard(wire)
        if wire in self._idle:
            self._idle.remove(wire)
        self._drop(wire)

    def arrived(self, kernel: int, learnt: int, sent: int) -> int:
        at = kernel - self._offset
        if at > learnt:  # while the loop was busy with what had come before
            if at > self.clock() + _SLACK:
                return self._odd(learnt)
        elif at < sent:
            if at < sent - _SLACK:
                return self._odd(learnt)
            at = sent
        self._stamps += 1
        if not self._stamps % _EACH:
            self._ledger.lag.record(max(learnt - at, 0))
        return at

    def _odd(self, learnt: int) -> int:
        """The wall clock was set, or the kernel stamped an earlier piece: the loop's own clock never lies backwards."""
        self._ledger.odd += 1
        return learnt

    def _open(self) -> Wire:
        endpoint = self._endpoints[self._opened % len(self._endpoints)]
        self._opened += 1
        return self._make(self, endpoint, self.clock())

    def _drop(self, wire: Wire) -> None:
        if self.wires.get(wire.descriptor) is wire:  # or the number may be another's by now
            del self.wires[wire.descriptor]
            self.poll.unregister(wire.descriptor)
        wire.close()


def resolve(host: str, port: int) -> tuple[Endpoint, ...]:
    """Every address of the host, each once; asked before the run, and never in it."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys((family, address) for family, _, _, _, address in found))


def answering(endpoints: tuple[Endpoint, ...], within: float = 1.0) -> tuple[Endpoint, ...]:
    """Those that take connections: a name may have addresses of which the server has only some. All, where none does."""
    if len(endpoints) < 2:
        return endpoints
    good: set[Endpoint] = set()
    until = time.monotonic() + within
    with ExitStack() as stack, select.epoll() as poll:
        trying = {}
        for endpoint in endpoints:
            with suppress(OSError):
                tried = stack.enter_context(socket.socket(endpoint[0], socket.SOCK_STREAM | socket.SOCK_NONBLOCK))
                tried.connect_ex(endpoint[1])
                poll.register(tried, select.EPOLLOUT)
                trying[tried.fileno()] = tried, endpoint
        while trying and (left := until - time.monotonic()) > 0:
            for number, _ in poll.poll(left):
                poll.unregister(number)
                tried, endpoint = trying.pop(number)
                if not tried.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) and _has_peer(tried):
                    good.add(endpoint)
    return tuple(one for one in endpoints if one in good) or endpoints


def _has_peer(tried: socket.socket) -> bool:
    try:
        return bool(tried.getpeername())
    except OSError:
        return False
