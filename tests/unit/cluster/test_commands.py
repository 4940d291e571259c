"""Commands in containers: channels, exit codes, and ends that are none."""

from __future__ import annotations

import json as jsonlib
from typing import Any

import pytest
from aiohttp import web

from seatrial.cluster.credentials import TokenFile
from seatrial.model.errors import CannotJudge, Refused, Unreachable
from seatrial.model.workbench import Ran
from tests.unit.cluster.server import Handler, Server, status

EXEC = "/api/v1/namespaces/n/pods/p/exec"
SUCCESS = {"status": "Success"}


def failure(*causes: dict[str, str], message: str = "") -> dict[str, Any]:
    return {"status": "Failure", "message": message, "details": {"causes": list(causes)}}


def speaking(*messages: tuple[int, bytes], ended: Any = None, protocol: str = "v5.channel.k8s.io") -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(protocols=(protocol,))
        await socket.prepare(request)
        for channel, data in messages:
            await socket.send_bytes(bytes([channel]) + data)
        if ended is not None:
            await socket.send_bytes(b"\x03" + jsonlib.dumps(ended).encode())
        await socket.close()
        return socket

    return answer


async def run(api: Server, *argv: str) -> Ran:
    async with api.client() as client:
        return await client.execute("n", "p", argv or ("true",), container="c")


@pytest.mark.parametrize("protocol", ["v5.channel.k8s.io", "v4.channel.k8s.io"])
async def test_what_it_prints_and_how_it_ends(api: Server, protocol: str) -> None:
    said = speaking((1, b"on"), (2, b"oh"), (1, b"e\xff"), (1, b""), ended=SUCCESS, protocol=protocol)
    api.on("GET", EXEC, said)
    assert await run(api, "sh", "-c", "echo one") == Ran(0, "one\ufffd", "oh")
    query = api.asked(EXEC)[0].query
    assert query.getall("command") == ["sh", "-c", "echo one"]
    assert query["container"] == "c"


async def test_the_code_of_a_failure(api: Server) -> None:
    api.on("GET", EXEC, speaking(ended=failure({"reason": "ExitCode", "message": "3"})))
    assert (await run(api)).code == 3


async def test_a_command_that_could_not_be_started(api: Server) -> None:
    api.on("GET", EXEC, speaking(ended=failure(message="exec: no such \x1bfile")))
    with pytest.raises(CannotJudge, match=r"could not be run: exec: no such \\x1bfile"):
        await run(api)


async def test_a_lost_connection_is_not_success(api: Server) -> None:
    api.on("GET", EXEC, speaking((1, b"half of")))
    with pytest.raises(Unreachable, match="lost before the command ended"):
        await run(api)


async def test_output_is_kept_up_to_a_limit(api: Server) -> None:
    api.on("GET", EXEC, speaking(*[(1, b"x" * 700_000)] * 3, ended=SUCCESS))
    assert len((await run(api)).stdout) == 1 << 20


async def test_a_server_of_another_protocol(api: Server) -> None:
    api.on("GET", EXEC, speaking(ended=SUCCESS, protocol="base64.channel.k8s.io"))
    with pytest.raises(Unreachable, match="speaks none of"):
        await run(api)


async def test_a_handshake_that_is_refused(api: Server) -> None:
    api.on("GET", EXEC, status(403))
    with pytest.raises(Refused):
        await run(api)


async def test_a_handshake_renews_the_token_once(api: Server, tmp_path: Any) -> None:
    from seatrial.cluster.credentials import Identity

    token = tmp_path / "token"
    token.write_text("old")

    async def rotate(request: web.Request) -> web.StreamResponse:
        token.write_text("brand-new")
        return await status(401)(request)

    api.on("GET", EXEC, rotate, speaking(ended=SUCCESS))
    async with api.client(TokenFile(token, Identity())) as client:
        assert (await client.execute("n", "p", ["true"])).code == 0
    assert [r.headers["Authorization"] for r in api.asked(EXEC)] == ["Bearer old", "Bearer brand-new"]
