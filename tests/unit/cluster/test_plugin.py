"""Credential plugins: real programs that print who we are."""

from __future__ import annotations

import datetime as dt
import json as jsonlib
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from seatrial.cluster.credentials import PluginSpec
from seatrial.cluster.plugin import Plugin
from seatrial.kit.clock import FakeClock
from seatrial.model.errors import Refused, SeatrialError, UsageError
from tests.unit.cluster.server import Server, json, status

V1 = "client.authentication.k8s.io/v1"


def program(folder: Path, script: str) -> str:
    path = folder / "login"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return "./login"


def answer(**said: Any) -> str:
    return jsonlib.dumps({"apiVersion": V1, "kind": "ExecCredential", "status": said})


def printing(text: str) -> str:
    return f"cat <<'END'\n{text}\nEND"


def counting(text: str) -> str:
    """Each answer has another token: t1, t2, …"""
    counted = text.replace("NUMBER", "$(wc -l < calls | tr -d ' ')").replace('"', '\\"')
    return f'cd "$(dirname "$0")"; echo >> calls; echo "{counted}"'


def plugin(folder: Path, script: str, *, clock: FakeClock | None = None, **spec: Any) -> Plugin:
    given = {"api_version": V1, "command": program(folder, script), **spec}
    env = {"PATH": "/usr/bin:/bin", "MINE": "yes"}
    cluster = {"server": "https://c"}
    return Plugin(
        PluginSpec(**given), folder=folder, where="k: user 'u'", cluster=cluster, env=env, clock=clock or FakeClock()
    )


async def test_it_is_asked_once(tmp_path: Path) -> None:
    asked = plugin(tmp_path, counting(answer(token="tNUMBER")))
    assert (await asked.identity()).authorization == "Bearer t1"
    assert (await asked.identity()).authorization == "Bearer t1"


async def test_it_is_asked_again_shortly_before_the_end(tmp_path: Path) -> None:
    clock = FakeClock()
    asked = plugin(tmp_path, counting(answer(token="tNUMBER", expirationTimestamp="2026-01-01T01:00:00Z")), clock=clock)
    assert (await asked.identity()).authorization == "Bearer t1"
    clock.advance(dt.timedelta(minutes=59).total_seconds())
    assert (await asked.identity()).authorization == "Bearer t1"
    clock.advance(55)
    assert (await asked.identity()).authorization == "Bearer t2"


async def test_it_is_asked_again_once_after_a_401(api: Server, tmp_path: Path) -> None:
    async def only_the_second(request: web.Request) -> web.StreamResponse:
        known = request.headers["Authorization"] == "Bearer t2"
        return await (json({"ok": True}) if known else status(401, "expired"))(request)

    api.on("GET", "/version", only_the_second)
    async with api.client(plugin(tmp_path, counting(answer(token="tNUMBER")))) as client:
        assert await client.get("/version") == {"ok": True}
    async with api.client(plugin(tmp_path, printing(answer(token="same")))) as client:
        with pytest.raises(Refused, match="expired"):
            await client.get("/version")


async def test_what_it_is_told(tmp_path: Path) -> None:
    script = 'cd "$(dirname "$0")"; env > env; cat > stdin; echo "$@" > args\n' + printing(answer(token="t"))
    asked = plugin(tmp_path, script, args=["get", "it"], env=[{"name": "A", "value": "b"}], provide_cluster_info=True)
    await asked.identity()
    env = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines() if "=" in line)
    assert (env["A"], env["MINE"]) == ("b", "yes")
    assert jsonlib.loads(env["KUBERNETES_EXEC_INFO"]) == {
        "apiVersion": V1,
        "kind": "ExecCredential",
        "spec": {"interactive": False, "cluster": {"server": "https://c"}},
    }
    assert (tmp_path / "args").read_text() == "get it\n"
    assert (tmp_path / "stdin").read_text() == ""


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'no\x1b session: token=hush-hush' >&2; exit 3", r"ended with code 3: no\\x1b session: token=<removed>"),
        ("exit 1", "it said nothing"),
        ("echo hush-hush", "did not print an ExecCredential"),
        (printing(jsonlib.dumps({"apiVersion": "v0", "kind": "Pod"})), "printed v0 Pod where"),
        (printing(answer()), "neither a token nor a client certificate"),
        (printing(answer(clientCertificateData="x", clientKeyData="y")), "not PEM"),
        (printing(answer(token="a b\x07")), "cannot go into a header"),
        (printing(answer(token="t", expirationTimestamp="soon")), "did not print an ExecCredential"),
    ],
)
async def test_what_goes_wrong_is_said_without_secrets(tmp_path: Path, script: str, said: str) -> None:
    with pytest.raises(SeatrialError, match=said) as caught:
        await plugin(tmp_path, script).identity()
    assert "hush" not in caught.value.what
    assert "user 'u'" in caught.value.what


async def test_a_program_that_is_not_there_shows_its_hint(tmp_path: Path) -> None:
    missing = plugin(tmp_path, "", command="no-such-login", install_hint="brew install\x1b it")
    with pytest.raises(UsageError, match="'no-such-login' cannot be started") as caught:
        await missing.identity()
    assert caught.value.way_out == r"brew install\x1b it"
