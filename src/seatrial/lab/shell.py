"""Runs small programs to their end (ip, mount, losetup …). Argument lists only, never a shell."""

from __future__ import annotations

import subprocess

from seatrial.model.errors import LabError

_PACKAGES = {"ip": "iproute2", "nft": "nftables", "losetup": "mount", "unshare": "util-linux", "nsenter": "util-linux"}


def run(*argv: str, within: float = 30.0) -> str:
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=within, check=True, stdin=subprocess.DEVNULL
        )
    except FileNotFoundError as error:
        package = _PACKAGES.get(argv[0], argv[0])
        raise LabError(f"{argv[0]} is not installed", way_out=f"apt-get install {package}") from error
    except subprocess.CalledProcessError as error:
        raise LabError(f"{' '.join(argv)} failed: {error.stderr.strip() or error.stdout.strip()}") from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{' '.join(argv)} did not end within {within:.0f} s") from error
    return done.stdout
