"""Run the Go command: hear it line by line, end it when nobody waits any more, and explain why it failed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from seatrial.model.errors import BuildError

Heard = Callable[[str], None]

_LAST_LINES = 12
_LONGEST_LINE = 4 << 20  # linkers can be wordy
_BEHIND = 10  # niceness: a tenth of the share of what does not step aside, so that it is not starved on a busy machine
# What Go says when it isn't the source that is wrong, and what helps.
_WAYS_OUT = {
    "no space left on device": "make room: Go's caches (`go env GOCACHE GOMODCACHE`) and this build need about 6 GiB",
    "checksum mismatch": "a module is not the one that is pinned: try `go clean -modcache`, and see where GOPROXY leads",
    "403 Forbidden": "the module proxy refuses this version: set GOPROXY to one that serves it",
    "dial tcp": "the module proxy cannot be reached: set GOPROXY or HTTPS_PROXY",
    "signal: killed": "the system ended the compiler, most likely for memory: the build needs about 4 GiB",
    "cannot allocate memory": "the build needs about 4 GiB of memory",
}
_GO_ON = "the lines above are Go's own; what was compiled so far is kept, so running it again goes on from there"


async def invoke(
    go: Path,
    args: Sequence[str],
    *,
    folder: Path,
    env: Mapping[str, str],
    what: str,
    heard: Heard,
    aside: bool = False,
) -> str:
    """Run ``go ARGS`` in a folder and return what it printed. Each line of its messages goes to ``heard``."""
    process = await asyncio.create_subprocess_exec(
        go, *args, cwd=folder, env=env, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, limit=_LONGEST_LINE, start_new_session=True
    )  # fmt: skip
    last: deque[str] = deque(maxlen=_LAST_LINES)
    if aside:
        _step_aside(process.pid)
    try:
        printed = await _listen(process, last, heard)
        code = await process.wait()
    finally:
        await _end(process)
    if code:
        raise _failure(f"`go {args[0]}` of {what} failed", "\n".join(last))
    return printed


def _step_aside(pid: int) -> None:
    """Let everything else on this machine go first, as far as the kernel listens to that."""
    with contextlib.suppress(ProcessLookupError):  # it has ended already
        os.setpriority(os.PRIO_PGRP, pid, _BEHIND)
    with contextlib.suppress(OSError):  # only some kernels share processors out by session first
        Path(f"/proc/{pid}/autogroup").write_text(str(_BEHIND))


async def _listen(process: Process, last: deque[str], heard: Heard) -> str:
    assert process.stdout is not None
    assert process.stderr is not None
    printed = asyncio.ensure_future(process.stdout.read())
    async for raw in process.stderr:
        line = raw.decode(errors="replace").strip()
        heard(line)
        if " " in line or ":" in line:  # a lone word is the name of a package that was compiled meanwhile
            last.append(line)
    return (await printed).decode(errors="replace")


async def _end(process: Process) -> None:
    """Go and the compilers that it started are one group, and end together."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        await process.wait()


def _failure(what: str, text: str) -> BuildError:
    return BuildError(
        f"{what}:\n{text}", way_out=next((way for sign, way in _WAYS_OUT.items() if sign in text), _GO_ON)
    )
