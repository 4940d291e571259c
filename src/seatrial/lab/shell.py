"""Runs small programs to their end (ip, mount, losetup …). Argument lists only, never a shell."""

from __future__ import annotations

import os
import subprocess

from seatrial.model.errors import LabError

_PACKAGES = {"ip": "iproute2", "nft": "nftables", "losetup": "mount", "unshare": "util-linux", "nsenter": "util-linux"}


_SYSTEM = ("/usr/local/sbin", "/usr/sbin", "/sbin")  # where these programs are, and an ordinary PATH does not lead


def search_path() -> str:
    """PATH, and the places of the system's own programs after it."""
    return os.pathsep.join(dict.fromkeys((*os.environ.get("PATH", os.defpath).split(os.pathsep), *_SYSTEM)))


def run(*argv: str, within: float = 30.0) -> str:
    try:
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            timeout=within,
            check=True,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PATH": search_path()},
        )
    except FileNotFoundError as error:
        package = _PACKAGES.get(argv[0], argv[0])
        raise LabError(f"{argv[0]} is not installed", way_out=f"apt-get install {package}") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip() or error.stdout.strip()
        if "no space left on device" in said.lower():
            raise LabError(
                "no space left on device", way_out="make room where the lab lives, then run it again"
            ) from error
        raise LabError(f"{' '.join(argv)} failed: {said}") from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{' '.join(argv)} did not end within {within:.0f} s") from error
    return done.stdout
