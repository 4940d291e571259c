"""The image's Python, laid out in a folder: it runs from there, and takes nothing from elsewhere."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from seatrial.lab.node import python

SENDS = ("seatrial.measure.pod", "seatrial.measure.worker", "seatrial.measure.secure")


@pytest.mark.skipif(sys.platform != "linux", reason="the lab is for Linux")
def test_what_sends_load_finds_all_that_it_needs(tmp_path: Path) -> None:
    for name, file in python.contents(Path(sys.executable).resolve(), SENDS).items():
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, place)
    probe = f"import socket, sys, {', '.join(SENDS)}; socket.getaddrinfo('127.0.0.1', 80)\nprint(*(one.__file__ for one in sys.modules.values() if getattr(one, '__file__', None)), sep='\\n')"
    environment = python.ENVIRONMENT | {"PYTHONHOME": str(tmp_path / "python")}
    done = subprocess.run(
        [tmp_path / python.PROGRAM, "-c", probe], env=environment, capture_output=True, text=True, check=False, cwd="/"
    )
    assert done.returncode == 0, done.stderr
    assert all(line.startswith(str(tmp_path)) for line in done.stdout.splitlines())
    assert len(done.stdout.splitlines()) > 50
