import asyncio
import json
import os
import shutil
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from seatrial.app import model_server as app
from seatrial.lab import forge
from seatrial.lab.forge import Programs
from seatrial.lab.forge.recipes import PROGRAMS
from seatrial.lab.model_server import running, secured
from seatrial.model.errors import LabError, UsageError

GO = shutil.which("go")
pytestmark = pytest.mark.skipif(GO is None, reason="there is no Go toolchain on PATH")
FIXED = {"port": "0", "mode": "fixed", "ttft": "1ms", "gap": "1ms"}
ASKED = {"prompt": "hello", "max_tokens": 3}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("built") / "workload"
    subprocess.run(["go", "build", "-o", str(built), "."], cwd=PROGRAMS / "workload", check=True)
    return built


def lives(pid: int) -> bool:
    """Whether the process runs; one that is dead and waits to be collected has no command line any more."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except FileNotFoundError:
        return False


async def ask(url: str, *, key: str = "", trust: ssl.SSLContext | None = None) -> Any:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    asked = urllib.request.Request(f"{url}/v1/completions", json.dumps(ASKED).encode(), headers)

    def answered() -> Any:
        with urllib.request.urlopen(asked, context=trust, timeout=10) as response:
            return json.load(response)

    return await asyncio.to_thread(answered)


async def test_it_tells_at_its_end_what_it_did(program: Path) -> None:
    async with running(program, FIXED) as server:
        answer = await ask(server.url)
        served = await server.stop()
    assert answer["usage"]["completion_tokens"] == 3
    assert (served.requests, served.tokens, served.lateness.count) == (1, 3, 1)
    assert not lives(server.pid)


def test_it_does_not_outlive_whoever_started_it(program: Path) -> None:
    code = f"""
import asyncio, os, pathlib
from seatrial.lab.model_server import running
async def main():
    async with running(pathlib.Path({str(program)!r}), {FIXED!r}) as server:
        print(server.pid, flush=True)
        os._exit(1)
asyncio.run(main())
"""
    starter = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=False)
    assert starter.returncode == 1
    while lives(int(starter.stdout)):
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("wrong", "why"), [({"step": "1ms"}, "--step: of no use in mode fixed"), ({"gap": "soon"}, 'invalid value "soon"')]
)
async def test_what_it_does_not_take_is_wrong_usage(wrong: dict[str, str], why: str, program: Path) -> None:
    with pytest.raises(UsageError, match=why):
        async with running(program, FIXED | wrong):
            pass


async def test_a_port_that_is_taken_is_an_error(program: Path) -> None:
    async with running(program, FIXED) as server:
        with pytest.raises(LabError, match="address already in use"):
            async with running(program, {**FIXED, "port": server.url.rpartition(":")[2]}):
                pass


async def test_tls_keys_and_certificates_of_clients(program: Path, tmp_path: Path) -> None:
    options = FIXED | secured(tmp_path, "127.0.0.1", mutual=True)
    trust = ssl.create_default_context(cafile=str(tmp_path / "ca.crt"))
    async with running(program, options, keys="one,two") as server:
        assert server.url.startswith("https://")
        with pytest.raises((urllib.error.URLError, ssl.SSLError, ConnectionError)):
            await ask(server.url, key="two", trust=trust)
        trust.load_cert_chain(tmp_path / "client.crt", tmp_path / "client.key")
        with pytest.raises(urllib.error.HTTPError, match="401"):
            await ask(server.url, key="three", trust=trust)
        assert (await ask(server.url, key="two", trust=trust))["usage"]["completion_tokens"] == 3


async def test_ctrl_c_is_how_it_ends(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def obtain(names: list[str], **_: Any) -> Programs:
        return Programs(dict.fromkeys(names, program))

    monkeypatch.setattr(forge, "obtain", obtain)
    begun: asyncio.Queue[str] = asyncio.Queue()
    serving = asyncio.create_task(app.serve(FIXED, begun=begun.put_nowait))
    await ask(await begun.get())
    serving.cancel()
    assert (await serving).requests == 1


async def test_it_is_an_error_when_it_ends_by_itself(program: Path) -> None:
    async with running(program, FIXED) as server:
        os.kill(server.pid, 9)
        with pytest.raises(LabError, match="ended with -9"):
            await server.wait()


async def test_certificates_of_clients_go_with_tls() -> None:
    with pytest.raises(UsageError, match="without TLS"):
        await app.serve({}, mutual=True, begun=print)
