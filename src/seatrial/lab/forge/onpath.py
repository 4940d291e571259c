"""Kubernetes' own programs, where this machine has them already and their version fits."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

_PATIENCE = 10.0
# How to ask for the version, and what fits.
_OF_KUBERNETES = (("--version",), r"Kubernetes v{minor}\.\d+\s*$")
_PROBES = {
    "etcd": (("--version",), r"etcd Version: 3\.([5-9]|\d\d)\."),
    "kubectl": (("version", "--client"), r"Client Version: v{minor}\.\d+\s*$"),
}


def on_path(programs: Iterable[str], minor: str) -> dict[str, Path]:
    """Those of the programs that are in KUBEBUILDER_ASSETS or on PATH, in a version that fits."""
    places = os.pathsep.join(filter(None, (os.environ.get("KUBEBUILDER_ASSETS"), os.environ.get("PATH"))))
    found = {}
    for name in programs:
        where = shutil.which(name, path=places)
        if where and fits(name, Path(where), minor):
            found[name] = Path(where)
    return found


def fits(name: str, program: Path, minor: str) -> bool:
    args, pattern = _PROBES.get(name, _OF_KUBERNETES)
    try:
        ran = subprocess.run([program, *args], check=True, capture_output=True, text=True, timeout=_PATIENCE)
    except (OSError, UnicodeDecodeError, subprocess.SubprocessError):
        return False  # a program that can't say its version doesn't fit
    return re.search(pattern.format(minor=re.escape(minor)), ran.stdout, re.MULTILINE) is not None
