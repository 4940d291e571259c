"""A headless Chromium, started anew for each page."""

import shutil
import subprocess
from pathlib import Path

PACKAGE = "chromium"
FLAGS = (
    "--headless",
    "--no-sandbox",  # it refuses to run as root otherwise
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


def chromium(page: Path, profile: Path, *arguments: str) -> str:
    program = shutil.which("chromium")
    assert program, f"these tests need a browser: install the Debian package {PACKAGE}"
    command = [program, *FLAGS, f"--user-data-dir={profile}", *arguments, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
