"""How quick `check` is on a large cluster: the limit is the download of the same lists. popeye judges the smaller fleet too.

The objects are written into the etcd of a real control plane; everything is read through its real API server.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import fleet_store
from benchmarks.figures import Figure
from benchmarks.fleet_download import PACKED, WAYS, Download, Way, downloaded
from benchmarks.fleet_objects import DEVICES, PODS
from seatrial.app.check import choose
from seatrial.app.diagnose import facts as read_by
from seatrial.app.reach import connect_to
from seatrial.app.target import Target
from seatrial.cluster import snapshots
from seatrial.engine.catalog import Catalog
from seatrial.engine.plan import plan
from seatrial.engine.waiting.diagnosis import diagnose
from seatrial.lab.site import Site
from seatrial.model.fact import Series

RUNS = 3
SIZES = (100, 500, 5_000)  # nodes
POPEYES = SIZES[:2]  # larger ones would take it half an hour
TIMES = 1.3  # the download
MEMORY = 1024.0  # MiB
REPLAY, DIAGNOSIS = 5.0, 2.0  # seconds
POPEYE = "github.com/derailed/popeye@v0.22.1"


@dataclass(frozen=True)
class Ran:
    seconds: float
    processor: float  # seconds of all cores together
    memory: float  # MiB at its peak


def check() -> Iterator[Figure]:
    popeye = _popeye()
    ours: dict[int, float] = {}
    theirs: dict[int, float] = {}
    for nodes in SIZES:
        what = f"{nodes:,} nodes, {nodes * PODS:,} pods, {nodes * DEVICES:,} devices"
        try:
            site = fleet_store.up(nodes)
            yield from _beside_the_download(site, what, ours, nodes)
            if nodes in POPEYES:
                ran = _of_popeye(site, popeye)
                theirs[nodes] = ran.seconds
                told = f"{POPEYE} on the same lab, {ran.memory:,.0f} MiB: {ran.seconds / ours[nodes]:.0f} times as long"
                yield Figure(f"check: {what}", [ours[nodes]], "s", [ran.seconds], told)
            yield from _from_a_file()
        finally:
            fleet_store.down()
    yield _growth("check", ours, *SIZES[1:])
    yield _growth("popeye", theirs, *POPEYES)


def _growth(who: str, at: Mapping[int, float], few: int, many: int) -> Figure:
    grows = math.log(at[many] / at[few]) / math.log(many / few)
    return Figure(f"{who}: grows with the nodes to the power of ({few:,} to {many:,})", [grows], "")


def _beside_the_download(site: Site, what: str, at: dict[int, float], nodes: int) -> Iterator[Figure]:
    paths = asyncio.run(_paths())
    _seatrial("check", f"--lab={fleet_store.NAME}", "--only=audit")  # its modules are compiled now
    downloads, packed, checks = [], [], []
    ways: Sequence[Way] = WAYS
    for _ in range(RUNS):  # by turns, so that a machine that slows down slows both
        tried = downloaded(site, paths, ways)
        ways = [one.way for one in tried[:2]]
        downloads.append(tried[0])
        packed += downloaded(site, paths, [PACKED])
        checks.append(_seatrial("check", f"--lab={fleet_store.NAME}"))
    at[nodes] = statistics.median(one.seconds for one in checks)
    limit = [TIMES * one.seconds for one in downloads]
    yield Figure(f"check: {what}", [one.seconds for one in checks], "s", limit, _told(downloads, len(paths)))
    size = f"{packed[0].size / 1e6:,.0f} MB"
    yield Figure(f"  the same lists raw in protobuf, {size}", [one.seconds for one in packed], "s")
    yield Figure("  of the processor", [one.processor for one in checks], "s")
    yield Figure("  memory at the peak", [one.memory for one in checks], "MiB", [MEMORY], "1 GiB")


def _from_a_file() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "fleet.snapshot")
        taken = _seatrial("snapshot", f"--lab={fleet_store.NAME}", f"--output-file={file}")
        yield Figure(f"  a snapshot of {file.stat().st_size / 1e6:,.0f} MB is taken", [taken.seconds], "s")
        replays = [_seatrial("check", f"--snapshot={file}") for _ in range(RUNS)]
        seen = [_diagnosed(file) for _ in range(RUNS)]
    yield Figure("  check of the snapshot", [one.seconds for one in replays], "s", [REPLAY], f"{REPLAY:g} s")
    yield Figure("  memory at the peak", [one.memory for one in replays], "MiB", [MEMORY], "1 GiB")
    yield Figure("  diagnose, once its facts are there", seen, "s", [DIAGNOSIS], f"{DIAGNOSIS:g} s")


def _diagnosed(file: Path) -> float:
    catalog = Catalog.installed()
    snapshot = snapshots.load(file, read_by(catalog))
    begun = time.perf_counter()
    diagnose(catalog.sources.values(), snapshot)
    return time.perf_counter() - begun


def _told(downloads: Sequence[Download], lists: int) -> str:
    best = min(downloads, key=lambda one: one.seconds)
    raw = statistics.median(one.seconds for one in downloads)
    return f"{TIMES:g} times {raw:.2f} s: {lists} lists, {best.size / 1e6:,.0f} MB, raw: {best.way.how}"


def _of_popeye(site: Site, popeye: Path) -> Ran:
    return _run(str(popeye), f"--kubeconfig={site.kubeconfig}", "-A", "--out=json", "--force-exit-zero=true")


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
        process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=said, env=_environment())
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in passes:
            said.seek(0)
            raise RuntimeError(
                f"{argv[0]} ends with {process.returncode}: {said.read()[-2000:].decode(errors='replace')}"
            )
    return Ran(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def _environment() -> dict[str, str]:
    """As where it is installed: compiled modules are kept."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


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
