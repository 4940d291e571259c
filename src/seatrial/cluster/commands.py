"""Commands in containers, over a WebSocket: what they print, and the code with which they end."""

from __future__ import annotations

from collections.abc import Sequence

import aiohttp
import msgspec

from seatrial.cluster.transport import Transport
from seatrial.kit import text
from seatrial.model.errors import CannotJudge, Unreachable
from seatrial.model.workbench import Ran

_PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_STDOUT, _STDERR, _ENDED = 1, 2, 3
_LARGEST = 1 << 20  # of each stream; what comes after it is not kept


class _Cause(msgspec.Struct, frozen=True):
    reason: str = ""
    message: str = ""


class _Details(msgspec.Struct, frozen=True):
    causes: tuple[_Cause, ...] | None = None


class _Ended(msgspec.Struct, frozen=True):
    status: str = ""
    message: str = ""
    details: _Details | None = None


async def execute(transport: Transport, pod_path: str, argv: Sequence[str], *, container: str = "") -> Ran:
    """Run to its end. ``pod_path`` is the pod's own."""
    params = [("command", word) for word in argv] + [("stdout", "true"), ("stderr", "true")]
    if container:
        params.append(("container", container))
    streams = {_STDOUT: bytearray(), _STDERR: bytearray(), _ENDED: bytearray()}
    async with transport.socket(f"{pod_path}/exec", params=params, protocols=_PROTOCOLS, largest=4 << 20) as socket:
        if socket.protocol is None:
            raise Unreachable(f"{transport.address} speaks none of {', '.join(_PROTOCOLS)} for commands in containers")
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.BINARY or not message.data:
                continue
            stream = streams.get(message.data[0])
            if stream is not None and len(stream) < _LARGEST:
                stream += message.data[1 : 1 + _LARGEST - len(stream)]
    code = _code(bytes(streams[_ENDED]), f"{' '.join(argv)!r} in {pod_path}")
    return Ran(code, streams[_STDOUT].decode(errors="replace"), streams[_STDERR].decode(errors="replace"))


def _code(said: bytes, what: str) -> int:
    what = text.one_line(what, limit=200)
    if not said:
        raise Unreachable(f"{what}: the connection was lost before the command ended", way_out="try again")
    try:
        ended = msgspec.json.decode(said, type=_Ended)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unreachable(f"{what}: how the command ended cannot be read: {error}") from error
    if ended.status == "Success":
        return 0
    causes = (ended.details.causes if ended.details else None) or ()
    for cause in causes:
        if cause.reason == "ExitCode" and cause.message.isdecimal():
            return int(cause.message)
    raise CannotJudge(f"{what} could not be run: {text.one_line(ended.message) or 'no reason given'}")
