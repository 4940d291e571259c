"""The load generator beside a bare client in C, on the same simulated server: CPU per million tokens, and the error of its times.

Rates are the same for both, since the cost of a token falls as more of them come at once. Takes a C compiler.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.figures import Figure
from seatrial.app.calibrate import How, Step, calibrate
from seatrial.kit.histogram import Counts
from seatrial.lab import forge, model_server

RUNS = 3
SECONDS, TOKENS = 4, 100
RATES = (20, 80, 320)
_MAIN = "import sys; from seatrial.cli.main import main; sys.exit(main())"


def load() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        bare = _compiled(Path(folder))
        for rate in RATES:
            yield from asyncio.run(_at(rate, bare))
    yield from asyncio.run(_first_request())


async def _at(rate: int, bare: Path) -> list[Figure]:
    steps: list[Step] = []
    limit = []
    for _ in range(RUNS):  # by turns, so that a machine that slows down slows both
        async with _server() as server:
            port = server.url.rpartition(":")[2]
            steps.append(_ours(server.url, rate))
            limit.append(await _bare(bare, port, rate))
    cpu = [one.result.client.cpu_seconds / one.result.tokens_out * 1e6 for one in steps]
    what = f"{rate} requests/s × {TOKENS} tokens"
    return [
        Figure(f"load: CPU per million tokens, {what}", cpu, "s", limit, "a bare client in C"),
        Figure(f"load: error of the first token, median, {what}", [_ms(one.errors.ttft, 0.5) for one in steps], "ms"),
        Figure(f"load: error of the first token, 95 %, {what}", [_ms(one.errors.ttft, 0.95) for one in steps], "ms"),
        Figure(f"load: error per token, 95 %, {what}", [_ms(one.errors.per_token, 0.95) for one in steps], "ms"),
        Figure(f"load: memory, {what}", [one.result.client.peak_memory / 1e6 for one in steps], "MB"),
    ]


def _ours(url: str, rate: int) -> Step:
    how = How(rate=rate, seconds=SECONDS, tokens=TOKENS, processes=1, most=rate)
    return calibrate(url, how, begin=lambda what: None)[0]


async def _bare(program: Path, port: str, rate: int) -> float:
    process = await asyncio.create_subprocess_exec(
        program, port, str(rate), str(SECONDS), str(TOKENS), stdout=subprocess.PIPE
    )
    out, _ = await process.communicate()
    _, tokens, cpu = out.split()
    return float(cpu) / int(tokens) * 1e6


async def _first_request() -> list[Figure]:
    seen = []
    async with _server() as server:
        for _ in range(RUNS):
            argv = (
                _MAIN,
                "bench",
                "serve",
                server.url,
                "--clients",
                "1",
                "--requests",
                "1",
                "--tokens",
                "1",
                "-o",
                "json",
            )
            process = await asyncio.create_subprocess_exec(sys.executable, "-c", *argv, stdout=subprocess.PIPE)
            out, _ = await process.communicate()
            seen.append(float(json.loads(out)["client"]["first_request"]))
    return [Figure("load: from the command to the first request", seen, "s", [1.0], "what is asked for")]


@asynccontextmanager
async def _server() -> AsyncIterator[model_server.ModelServer]:
    programs = await forge.obtain([model_server.PROGRAM])
    options = {"mode": "fixed", "port": "0", "ttft": "50ms", "gap": "20ms"}
    async with model_server.running(programs[model_server.PROGRAM], options) as server:
        yield server


def _compiled(folder: Path) -> Path:
    program = folder / "bare_load"
    source = Path(__file__).with_name("bare_load.c")
    subprocess.run(("cc", "-O2", "-o", program, source, "-lm"), check=True)
    return program


def _ms(counts: Counts, share: float) -> float:
    value = counts.percentile(share)
    return float("nan") if value is None else value / 1e6
