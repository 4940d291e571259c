"""The Go programs of the lab: their own tests, where there is a Go toolchain to run them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from seatrial.lab.forge.recipes import PROGRAMS

GO = shutil.which("go")
needs_go = pytest.mark.skipif(GO is None, reason="there is no Go toolchain on PATH")


def run(*argv: str, folder: Path) -> str:
    ran = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@needs_go
def test_the_workload_program_passes_its_own_tests() -> None:
    assert run("go", "test", "./...", folder=PROGRAMS / "workload").startswith("ok")


@needs_go
def test_the_sources_are_formatted() -> None:
    assert run("gofmt", "-l", ".", folder=PROGRAMS) == ""
