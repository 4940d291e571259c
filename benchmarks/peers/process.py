"""One client as a process with all that it starts: until it ends, what it cost, and what it said where it failed."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from typing import IO

import msgspec

from benchmarks.peers.client import Command

_LOOK = 0.25
_PAGE = os.sysconf("SC_PAGE_SIZE")
_SAID = 400  # characters


class Failed(Exception):
    """A client did not do what it was told, with the reason."""


class Used(msgspec.Struct, frozen=True, kw_only=True):
    begun_ns: int  # of the monotonic clock
    cpu: float
    memory: int  # bytes of all its processes together, at the worst moment seen; shared pages count for each


def finish(command: Command, *, home: Path | None, folder: Path, within: float, stop: Event) -> Used:
    """Start it, wait until it ends, or ``stop`` is set, and leave nothing of it behind."""
    with tempfile.TemporaryFile() as said:
        begun = time.monotonic_ns()
        process = subprocess.Popen(
            command.argv,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            cwd=folder,
            env=_environment(command, home),
            start_new_session=True,
        )
        try:
            cpu, memory = _wait(process, time.monotonic() + within, stop)
        finally:
            _end_all(process.pid)
        if process.returncode not in command.accepts:
            raise Failed(f"{_why(process.returncode, within)}: {_last(said)}")
        return Used(begun_ns=begun, cpu=cpu, memory=memory)


def _wait(process: subprocess.Popen[bytes], until: float, stop: Event) -> tuple[float, int]:
    memory = 0
    while True:
        pid, status, used = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return used.ru_utime + used.ru_stime, memory
        memory = max(memory, sum(_resident(one) for one in _session(process.pid)))
        if stop.wait(_LOOK) or time.monotonic() > until:
            _end_all(process.pid)


def _session(leader: int) -> list[int]:
    """The process and all that it started, unless they went into sessions of their own."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        if int(fields[3]) == leader:
            found.append(int(stat.parent.name))
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def _end_all(leader: int) -> None:
    for pid in _session(leader):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _environment(command: Command, home: Path | None) -> Mapping[str, str]:
    """Others have neither our modules nor the user's settings; caches that they make at their first start are kept."""
    ours = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    if home is not None:
        ours.pop("PYTHONPATH", None)
        (home / "user").mkdir(exist_ok=True)
        ours["HOME"] = str(home / "user")
    return {**ours, **command.env}


def _why(code: int, within: float) -> str:
    return f"it did not end within {within:.0f} s" if code == -signal.SIGKILL else f"it ends with {code}"


def _last(said: IO[bytes]) -> str:
    said.seek(0)
    lines = said.read().decode(errors="replace").split("\n")
    return " ".join(" ".join(lines[-30:]).split())[-_SAID:] or "it said nothing"
