"""What goes wrong around a lab: the disk is full, there is no toolchain, a certificate has run out. A clear word, the right code, nothing left."""

from __future__ import annotations

import datetime as dt
import importlib.util
import os
import subprocess
from pathlib import Path

import pytest

from seatrial.lab import keys, kubeconfigs
from seatrial.lab import site as sites
from tests.live.test_command_line import SEATRIAL, seatrial


def run(*argv: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=300, env={**os.environ, **env})


def test_a_full_disk(tmp_path: Path) -> None:
    """In a mount namespace of its own, a lab lives on a disk of 6 MiB."""
    script = 'mount -t tmpfs -o size=6m tmpfs "$1"; "$2" lab up --name test-full; echo "code $?" >&2; "$2" lab down --name test-full; find "$1"'
    done = run(
        *("unshare", "--mount", "bash", "-c", script, "bash", str(tmp_path), SEATRIAL), XDG_STATE_HOME=str(tmp_path)
    )
    assert "no space left on device" in done.stderr.lower()
    assert "code 3" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout.split() == [str(tmp_path), *(str(tmp_path / part) for part in ("seatrial", "seatrial/labs"))]


@pytest.mark.skipif(importlib.util.find_spec("go") is not None, reason="a toolchain is installed as a wheel, beside us")
def test_no_toolchain_and_nothing_in_the_cache(tmp_path: Path) -> None:
    done = run(
        *("env", "-i", "PATH=/usr/bin:/bin", f"HOME={tmp_path}", SEATRIAL, "lab", "up", "--name", "test-bare"),
        *("--level", "control-plane"),
    )
    assert done.returncode == 3
    assert "Go 1." in done.stderr
    assert "pip install" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_certificate_that_has_run_out(small_lab: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = sites.need(small_lab)
    authority = keys.Authority(site.path("keys"))
    monkeypatch.setattr(keys, "_LIFE", dt.timedelta(minutes=-1))
    old = authority.pair("old", user="old", groups=("system:masters",))
    config = tmp_path / "config"
    kubeconfigs.write(config, server=site.server, ca=authority.ca.cert, pair=old, name="old")
    done = seatrial("prove", "--kubeconfig", str(config), "--standard", "cncf-ai@1.36", "--yes")
    assert done.returncode == 2  # what we were given is at fault
    assert "the client certificate expired at" in done.stderr
    assert "Traceback" not in done.stderr
