"""Kubeconfig files of a lab: one for each component and one for the person, all with certificates of the lab's own CA."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from seatrial.kit import files
from seatrial.lab.keys import Authority, Pair


def write(path: Path, *, server: str, ca: Path, pair: Pair, name: str) -> None:
    """JSON is YAML: every Kubernetes client reads it, and no quoting can go wrong."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": server, "certificate-authority-data": _inline(ca)}}],
        "users": [
            {
                "name": name,
                "user": {"client-certificate-data": _inline(pair.cert), "client-key-data": _inline(pair.key)},
            }
        ],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    files.write(path, json.dumps(config, indent=1).encode())


def issue(
    authority: Authority, folder: Path, server: str, name: str, *, user: str, groups: tuple[str, ...] = ()
) -> Path:
    """A kubeconfig for one user of the lab, written once."""
    path = folder / f"{name}.kubeconfig"
    if not path.exists():
        write(path, server=server, ca=authority.ca.cert, pair=authority.pair(name, user=user, groups=groups), name=name)
    return path


def _inline(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
