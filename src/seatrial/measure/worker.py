"""One process of a load:  python -m seatrial.measure.worker  reads a Shard from standard input, and writes Parts.

Both are JSON, a line each; the first line of the output says that it is ready, or what it was told wrong. It begins when a line comes, with the
moment at which all begin, or at the shard's wall-clock time. When standard input ends, it stops: whoever started it has gone.
"""

from __future__ import annotations

import functools
import gc
import os
import resource
import signal
import sys
import time

import msgspec

from seatrial.measure.arrivals import NANOSECONDS
from seatrial.measure.pool import answering, resolve
from seatrial.measure.prompts import Requests, address
from seatrial.measure.sender import Sender
from seatrial.measure.wire import MakeWire, Wire
from seatrial.model.errors import SeatrialError, UsageError
from seatrial.model.load import Shard, Target
from seatrial.model.load_result import Part

READY = b"ready\n"


class Refusal(msgspec.Struct, frozen=True):
    """What was asked for cannot be done, whoever tries."""

    what: str
    way_out: str


def main() -> int:
    try:
        shard = msgspec.json.decode(sys.stdin.buffer.readline(), type=Shard)
        work(shard)
    except UsageError as error:  # nothing else has been said yet
        sys.stdout.buffer.write(msgspec.json.encode(Refusal(error.what, error.way_out)) + b"\n")
        return error.exit_code
    except SeatrialError as error:
        sys.stderr.write(f"{error.what}\n")
        return error.exit_code
    return 0


def work(shard: Shard) -> None:
    _many_sockets()
    target = address(shard.plan.target.url)
    requests = Requests(shard.plan)
    requests.build(0)
    port = target.port or (443 if target.scheme == "https" else 80)
    try:
        endpoints = answering(resolve(target.hostname or "", port))
    except OSError as error:
        raise UsageError(f"{target.hostname} has no address: {error}", way_out="look at the URL") from error
    make = _maker(
        shard.plan.target, target.hostname or "", secure=target.scheme == "https", stamped=shard.plan.kernel_stamps
    )
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
    sender = Sender(shard, requests, endpoints, make, _start(shard))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sender.stop())
    gc.collect()
    gc.freeze()  # what is there now is not looked at again
    outlet = Outlet(sys.stdout.fileno())
    sender.run(outlet.put, {} if shard.begin_wall is not None else {sys.stdin.fileno(): lambda _: _heard(sender)})
    outlet.finish()


class Outlet:
    """Writes as much as the other side takes, and never waits for it while requests are under way."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._waiting = bytearray()
        os.set_blocking(descriptor, False)

    def put(self, part: Part) -> None:
        self._waiting += msgspec.json.encode(part) + b"\n"
        try:
            while self._waiting:
                del self._waiting[: os.write(self._descriptor, self._waiting)]
        except BlockingIOError:
            return

    def finish(self) -> None:
        os.set_blocking(self._descriptor, True)
        while self._waiting:
            del self._waiting[: os.write(self._descriptor, self._waiting)]


def _heard(sender: Sender) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        sender.stop()


def _start(shard: Shard) -> int:
    if shard.begin_wall is not None:
        return time.monotonic_ns() + round((shard.begin_wall - time.time()) * NANOSECONDS)
    line = os.read(sys.stdin.fileno(), 64)  # not through the buffer, which would take what is meant for the loop
    if not line.strip().isdigit():
        raise SystemExit(1)
    return int(line)


def _maker(target: Target, host: str, *, secure: bool, stamped: bool) -> MakeWire:
    if secure:
        from seatrial.measure.secure import maker

        return maker(target.tls, host, stamped=stamped)
    return functools.partial(Wire, stamped=stamped)


def _many_sockets() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    sys.exit(main())
