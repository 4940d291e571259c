"""An environment for each load generator, from the package index by pip, in the user's cache folder. Made once for each version."""

from __future__ import annotations

import fnmatch
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.peers.client import Client, Needs
from seatrial.lab.forge import store

DONE = "installed"
_WITHIN = 3600.0
_STANDIN = "torch_standin"


class CannotInstall(Exception):
    """With the reason, for people."""


def home_of(client: Client, *, install: bool = True) -> Path:
    """The environment; made where there is none. A half-made one is made anew."""
    folder = (
        store.cache()
        / "benchmarks"
        / "peers"
        / f"{client.needs.pins if client.needs else client.name}-{client.version}"
    )
    if client.needs is None or (folder / DONE).exists():
        return folder
    if not install:
        raise CannotInstall("it is not installed, and --installed asks for no more than what is")
    shutil.rmtree(folder, ignore_errors=True)
    _run(_interpreter(client.needs.python), "-m", "venv", str(folder))
    _fill(folder, client.needs)
    (folder / DONE).touch()
    return folder


def _fill(folder: Path, needs: Needs) -> None:
    pins = Path(__file__).parent / "pins" / f"{needs.pins}.txt"
    _run(str(folder / "bin" / "pip"), "install", "--quiet", "--no-compile", "--no-deps", "-r", str(pins))
    packages = next((folder / "lib").glob("python*/site-packages"))
    if needs.parts_of:
        _unpack(folder, packages, needs)
    if needs.standin:
        shutil.copy(Path(__file__).with_name(f"{_STANDIN}.py"), packages)
        (packages / f"{_STANDIN}.pth").write_text(f"import {_STANDIN}\n")


def _unpack(folder: Path, packages: Path, needs: Needs) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        download = ("download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", scratch)
        _run(str(folder / "bin" / "pip"), *download, needs.parts_of)
        (wheel,) = Path(scratch).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if any(fnmatch.fnmatch(name, kept) for kept in needs.kept):
                    unpacked = Path(archive.extract(name, packages))
                    if not unpacked.suffix:  # a program; zipfile does not keep what may be executed
                        unpacked.chmod(0o755)


def _interpreter(least: tuple[int, int]) -> str:
    """A Python of at least this version: this one, or one that is found by its name."""
    if sys.version_info[:2] >= least:
        return sys.executable
    names = [f"python{least[0]}.{minor}" for minor in range(least[1], least[1] + 3)]
    for folder in (None, *_others()):
        for name in names:
            found = shutil.which(name, path=folder)
            if found and _works(found):
                return found
    raise CannotInstall(f"it takes Python {least[0]}.{least[1]}, and there is none on this machine")


def _others() -> list[str]:
    """Of pyenv, whose names are there without being chosen."""
    return [str(one) for one in sorted(Path.home().glob(".pyenv/versions/*/bin"))]


def _works(python: str) -> bool:
    return subprocess.run((python, "-c", "import venv"), capture_output=True, check=False).returncode == 0


def _run(*argv: str) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_WITHIN, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotInstall(f"{_short(argv)}: {error}") from error
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
        raise CannotInstall(f"{_short(argv)} ends with {done.returncode}: {last}")
    return done.stdout


def _short(argv: Sequence[str]) -> str:
    return " ".join((Path(argv[0]).name, *argv[1:4]))
