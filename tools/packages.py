"""Installs the Debian packages that a part of the project needs, when root on Debian; else names them in one message.

Runs with any Python and nothing installed:  python3 tools/packages.py lab browser
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

# part → (what shows that it is there, the Debian package that brings it)
NEEDS: dict[str, tuple[tuple[str, str], ...]] = {
    "python": (("module:ensurepip", "python3-venv"),),
    "lab": (
        ("program:gcc", "gcc"),
        ("file:/usr/include/stdlib.h", "libc6-dev"),
        ("file:/usr/include/seccomp.h", "libseccomp-dev"),
        ("program:pkg-config", "pkg-config"),
        ("program:ip", "iproute2"),
        ("program:nft", "nftables"),
        ("program:iptables", "iptables"),
        ("program:losetup", "mount"),
        ("program:sysctl", "procps"),
    ),
    "browser": (("program:chromium", "chromium"), ("program:pdftoppm", "poppler-utils")),
}
OLDEST_GO = (1, 26)


def is_there(sign: str) -> bool:
    kind, _, what = sign.partition(":")
    if kind == "module":
        return importlib.util.find_spec(what) is not None
    if kind == "file":
        return Path(what).exists()
    return shutil.which(what, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is not None


def has_go() -> bool:
    """Whether a Go toolchain on PATH is new enough to build the lab's programs."""
    go = shutil.which("go")
    if go is None:
        return False
    said = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"go(\d+)\.(\d+)", said)
    return match is not None and (int(match[1]), int(match[2])) >= OLDEST_GO


def main(parts: list[str]) -> int:
    if parts == ["--has", "go"]:
        return 0 if has_go() else 1
    missing = sorted({package for part in parts for sign, package in NEEDS[part] if not is_there(sign)})
    if not missing:
        return 0
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        print(f"error: missing on this machine: {' '.join(missing)} (names of Debian's packages)", file=sys.stderr)
        print(f"  → sudo apt-get install {' '.join(missing)}", file=sys.stderr)
        return 2
    print(f"installing {' '.join(missing)}", file=sys.stderr)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", *missing]):
        done = subprocess.run(["apt-get", "-qq", *command], env=quiet, check=False, stdout=subprocess.DEVNULL)
        if done.returncode != 0:
            print(f"error: apt-get {' '.join(command)} failed", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
