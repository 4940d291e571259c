"""The programs of a lab as processes. ``/proc`` is the only register: each process carries its lab and name in its environment.

So a lab that was killed half-way is found again by whoever comes next, and no pid file can be wrong.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from seatrial.kit import files
from seatrial.lab.shell import search_path
from seatrial.model.errors import LabError

LAB, NAME, DIGEST = "SEATRIAL_LAB", "SEATRIAL_PROCESS", "SEATRIAL_DIGEST"
_KEPT = ("HOME", "LANG", "TMPDIR")
_SHOWN_WITHIN = 1.0  # seconds


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """One program to run, as data. A change of anything here means a restart, and nothing else does."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = {}
    files: Mapping[str, str] = {}  # configuration that it reads: path → text
    ready: str = ""  # a URL that answers 200, or ``file:PATH`` that exists once it is ready
    inside: bool = False  # runs in the node's namespaces
    knows: tuple[str, ...] = ()  # what has to be there before it starts, since it would learn of it late, or never
    patience: float = 60.0

    @property
    def digest(self) -> str:
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()[:16]


class Alive(msgspec.Struct, frozen=True):
    pid: int
    name: str
    digest: str


def running(root: Path) -> tuple[Alive, ...]:
    """Every process of the lab at ``root``, whoever started it. Helpers in the node's namespaces show up twice: parent, child."""
    pids = sorted(int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return tuple(alive for pid in pids if (alive := _look(pid, str(root))) is not None)


def _look(pid: int, lab: str) -> Alive | None:
    try:
        raw = Path(f"/proc/{pid}/environ").read_bytes()
        if f"{LAB}={lab}\0".encode() not in raw or _is_zombie(pid):
            return None
    except OSError:
        return None  # it ended, or belongs to somebody else
    env = dict(pair.split("=", 1) for pair in raw.decode(errors="replace").split("\0") if "=" in pair)
    return Alive(pid, env.get(NAME, "?"), env.get(DIGEST, ""))


def _is_zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def start(service: Service, root: Path, *, enter: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
    """Start it in a session of its own, so that it outlives this command. ``enter`` is what leads into the node."""
    for path, text in service.files.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        files.write(Path(path), text.encode())
    env = {key: os.environ[key] for key in _KEPT if key in os.environ}
    env |= {"PATH": search_path()} | dict(service.env) | {LAB: str(root), NAME: service.name, DIGEST: service.digest}
    log = log_path(root, service.name)
    log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as out:
        if service.ready.startswith("file:"):
            Path(service.ready.removeprefix("file:")).unlink(missing_ok=True)
        try:
            process = subprocess.Popen(
                [*(enter if service.inside else ()), *service.argv],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=env,
                cwd=root,
                start_new_session=True,
            )
        except OSError as error:
            raise LabError(f"{service.name} could not be started: {error}") from error
    _until_known(process, root)
    return process


def _until_known(process: subprocess.Popen[bytes], root: Path) -> None:
    """The kernel shows the environment of a program a moment after it has begun, and until then nobody would find it."""
    until = time.monotonic() + _SHOWN_WITHIN
    while process.poll() is None and _look(process.pid, str(root)) is None and time.monotonic() < until:
        time.sleep(0.0005)


def log_path(root: Path, name: str) -> Path:
    return root / "logs" / f"{name}.log"


def last_words(root: Path, name: str, lines: int = 5) -> str:
    """The end of a process's log, for an error message."""
    try:
        text = log_path(root, name).read_text(errors="replace")
    except FileNotFoundError:
        return "(it wrote no log)"
    return "\n".join(text.splitlines()[-lines:])


async def stop(root: Path, names: tuple[str, ...], *, grace: float = 10.0) -> None:
    """Ask the named processes to end, one name after the other, and kill what has not ended in time."""
    for name in names:
        pids = [alive.pid for alive in running(root) if alive.name == name]
        _signal(pids, signal.SIGTERM)
        deadline = time.monotonic() + grace
        while left := [alive.pid for alive in running(root) if alive.name == name]:
            if time.monotonic() > deadline:
                _signal(left, signal.SIGKILL)
            await asyncio.sleep(0.02)


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
