"""One system beside a lab: its definitions, and its own programs as processes of a test, told whatever the test wants."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from seatrial.app.lab import recipes
from seatrial.engine.catalog import Catalog
from seatrial.lab import forge, systems
from seatrial.lab.forge.obtain import Programs
from seatrial.lab.process import Service
from seatrial.lab.site import Site
from seatrial.model.api import Api
from seatrial.model.fact import Obj

RECIPES = recipes(Catalog.installed())


async def obtained(*names: str) -> Programs:
    return await forge.obtain(names, systems=RECIPES)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def place(system: str, site: Site, folder: Path, programs: Programs, *, alone: bool = False) -> systems.Place:
    """``alone`` is without webhooks: nobody of the system has to run."""
    names = [name for name in systems.ports(RECIPES[system]) if not (alone and name == "webhook")]
    return systems.Place(
        system=system,
        folder=folder,
        kubeconfig=site.kubeconfig,
        ports={name: free_port() for name in names},
        programs=programs.paths,
        identity=systems.identity(system, folder),
    )


def objects(at: systems.Place, programs: Programs, *, definitions: bool = False) -> tuple[Obj, ...]:
    """Of a system what it wants in the cluster, but for what leads to a Service of its own."""
    recipe = RECIPES[at.system]
    given = systems.read(recipe, programs.manifests[at.system])
    if definitions:
        return tuple(
            one
            for one in systems.objects(recipe, at, filter(systems.is_definition, given))
            if systems.is_definition(one)
        )
    return tuple(one for one in systems.objects(recipe, at, given) if one["kind"] not in ("APIService", "Service"))


async def install(api: Api, at: systems.Place, programs: Programs, *, definitions: bool = False) -> None:
    await systems.install(api, objects(at, programs, definitions=definitions))


def services(at: systems.Place, settings: Mapping[str, Any] | None = None) -> dict[str, Service]:
    return {one.name: one for one in systems.services(RECIPES[at.system], at, settings or {})}


@contextmanager
def running(*wanted: Service, within: float = 300.0) -> Iterator[tuple[subprocess.Popen[bytes], ...]]:
    """Until the end of the block, once each says that it is ready."""
    with ExitStack() as stack:
        started = tuple(stack.enter_context(_started(one)) for one in wanted)
        for one, process in zip(wanted, started, strict=True):
            _ready(one, process, within)
        yield started


def log_of(service: Service) -> Path:
    return Path(next(iter(service.files))).parent / f"{service.name}.log"


@contextmanager
def _started(one: Service) -> Iterator[subprocess.Popen[bytes]]:
    for path, text in one.files.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text)
    with log_of(one).open("wb") as log:
        process = subprocess.Popen(one.argv, env={**os.environ, **one.env}, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:  # some wait for what never comes once they have failed
            process.kill()
            process.wait()


def _ready(one: Service, process: subprocess.Popen[bytes], within: float) -> None:
    until = time.monotonic() + within
    while one.ready and not _answers(one.ready):
        assert process.poll() is None, log_of(one).read_text()[-2000:]
        assert time.monotonic() < until, log_of(one).read_text()[-2000:]
        time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
