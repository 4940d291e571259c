"""How the Go command is run: what it says is heard while it runs, and one that has time steps aside."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from seatrial.lab.forge.invoke import invoke

# It says that it is there, goes on when it was heard, and then tells its niceness.
_PROGRAM = """#!{python}
import os, pathlib, sys, time
print("here", file=sys.stderr, flush=True)
while not pathlib.Path("heard").exists():
    time.sleep(0.01)
print(os.getpriority(os.PRIO_PROCESS, 0))
"""


@pytest.mark.parametrize("aside", [False, True])
async def test_what_has_time_lets_everything_else_go_first(aside: bool, tmp_path: Path) -> None:
    program = tmp_path / "go"
    program.write_text(_PROGRAM.format(python=sys.executable))
    program.chmod(0o755)
    said: list[str] = []

    def heard(line: str) -> None:
        said.append(line)
        tmp_path.joinpath("heard").touch()

    printed = await invoke(
        program, ["build"], folder=tmp_path, env=dict(os.environ), what="x", heard=heard, aside=aside
    )
    assert said == ["here"]
    assert int(printed) == (10 if aside else os.getpriority(os.PRIO_PROCESS, 0))
