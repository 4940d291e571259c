"""How quick `check` is on a large cluster: the limit is the download of the same lists. popeye judges the smaller fleet too.

The objects are written into the etcd of a real control plane; everything is read through its real API server.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import fleet_store
from benchmarks.figures import Figure
from benchmarks.fleet_download import Download, quickest
from benchmarks.fleet_objects import DEVICES, PODS
from seatrial.app.check import choose
from seatrial.app.reach import connect_to
from seatrial.app.target import Target
from seatrial.engine.catalog import Catalog
from seatrial.engine.plan import plan
from seatrial.lab.site import Site
from seatrial.model.fact import Series

RUNS = 3
SIZES = (500, 5_000)  # nodes
MEMORY = 1024.0  # MiB
REPLAY = 5.0  # seconds
POPEYE = "github.com/derailed/popeye@v0.22.1"


@dataclass(frozen=True)
class Ran:
    seconds: float
    processor: float  # seconds of all cores together
    memory: float  # MiB at its peak


def check() -> Iterator[Figure]:
    popeye = _popeye()
    at: dict[int, float] = {}
    for nodes in SIZES:
        site = fleet_store.up(nodes)
        what = f"{nodes:,} nodes, {nodes * PODS:,} pods, {nodes * DEVICES:,} devices"
        yield from _beside_the_download(site, what, at, nodes)
        if nodes == SIZES[0]:
            yield from _beside_popeye(site, popeye, what, at[nodes])
        fleet_store.down()
    grows = math.log(at[SIZES[1]] / at[SIZES[0]]) / math.log(SIZES[1] / SIZES[0])
    yield Figure(f"check: it grows with the nodes to the power of ({SIZES[0]:,} to {SIZES[1]:,})", [grows], "")


def _beside_the_download(site: Site, what: str, at: dict[int, float], nodes: int) -> Iterator[Figure]:
    paths = asyncio.run(_paths())
    downloads, checks = [], []
    for _ in range(RUNS):
        downloads.append(quickest(site, paths))
        checks.append(_seatrial("check", f"--lab={fleet_store.NAME}"))
    at[nodes] = sorted(one.seconds for one in checks)[RUNS // 2]
    limit = [one.seconds for one in downloads]
    yield Figure(f"check: {what}", [one.seconds for one in checks], "s", limit, _told(downloads, len(paths)))
    yield Figure("  of the processor", [one.processor for one in checks], "s")
    yield Figure("  memory at the peak", [one.memory for one in checks], "MiB", [MEMORY], "1 GiB")
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder, "fleet.snapshot"))
        _seatrial("snapshot", f"--lab={fleet_store.NAME}", f"--output-file={file}")
        replays = [_seatrial("check", f"--snapshot={file}") for _ in range(RUNS)]
    yield Figure("  from a snapshot", [one.seconds for one in replays], "s", [REPLAY], f"{REPLAY:g} s")
    yield Figure("  memory at the peak", [one.memory for one in replays], "MiB", [MEMORY], "1 GiB")


def _told(downloads: Sequence[Download], lists: int) -> str:
    best = min(downloads, key=lambda one: one.seconds)
    return f"{lists} lists, {best.size / 1e6:,.0f} MB, raw: {best.way.how}"


def _beside_popeye(site: Site, popeye: Path, what: str, ours: float) -> Iterator[Figure]:
    ran = _run(str(popeye), f"--kubeconfig={site.kubeconfig}", "-A", "--out=json", "--force-exit-zero=true")
    yield Figure(f"check: {what}", [ours], "s", [ran.seconds], f"{POPEYE} on the same lab, {ran.memory:,.0f} MiB")


async def _paths() -> list[str]:
    """Where the lists are that ``check`` reads, as far as this cluster serves them; Kubernetes' own first."""
    catalog = Catalog.installed()
    kinds = {kind.of for kind in plan(catalog, choose(catalog, ())).facts if not issubclass(kind, Series)}
    async with connect_to(Target(lab=fleet_store.NAME)) as client:
        directory = await client.directory()
    found = [directory.named(of) for of in sorted(kinds, key=lambda of: (of != "pods", "/" in of, of))]
    return [one.path() for one in found if one is not None and "list" in one.verbs]


def _seatrial(*args: str) -> Ran:
    return _run(str(Path(sys.executable).with_name("seatrial")), *args, passes=(0, 1, 3))


def _run(*argv: str, passes: Sequence[int] = (0,)) -> Ran:
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in passes:
            said.seek(0)
            raise RuntimeError(
                f"{argv[0]} ends with {process.returncode}: {said.read()[-2000:].decode(errors='replace')}"
            )
    return Ran(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def _popeye() -> Path:
    """Built once, from its own module."""
    folder = (
        Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        / "seatrial"
        / "benchmarks"
        / POPEYE.rpartition("@")[2]
    )
    program = folder / "popeye"
    if not program.exists():
        go = shutil.which("go")
        if go is None:
            raise RuntimeError("popeye is built with go, and there is none")
        found = subprocess.run([go, "mod", "download", "-json", POPEYE], capture_output=True, check=True).stdout
        subprocess.run([go, "build", "-o", str(program), "."], cwd=json.loads(found)["Dir"], check=True)
    return program
