"""A forge of its own for each test: an empty cache, no downloads, and a ``go`` that is quick and does what it is told."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from seatrial.model.progress import Event

# It writes to the file behind -o what it was told, prints like the real one, and fails when a file next to it says how.
_GO = """#!{python}
import pathlib, sys
home = pathlib.Path(__file__).parent
args = sys.argv[1:]
with open(home / "calls", "a") as calls:
    print(*args, file=calls)
if args[0] == "env":
    print((home / "version").read_text())
    sys.exit()
if (home / "fails").exists():
    print((home / "fails").read_text(), file=sys.stderr)
    sys.exit(1)
if args[:2] == ["mod", "download"]:
    print('{{"Dir": "' + str(home / "module") + '"}}')
elif args[0] == "list":
    print("a\\nb\\nc\\nd")
else:
    print("a\\nb\\nc\\nd", file=sys.stderr)
    pathlib.Path(args[args.index("-o") + 1]).write_text(" ".join(args))
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("SEATRIAL_SOURCES", "build")
    return tmp_path / "cache" / "seatrial"


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the fake toolchain."""
    home = tmp_path / "go"
    home.mkdir()
    home.joinpath("version").write_text("go1.26.8")
    program = home / "go"
    program.write_text(_GO.format(python=sys.executable))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(home))
    return home


@pytest.fixture
def told() -> list[Event]:
    return []
