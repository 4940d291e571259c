"""What the kernel does not clear when a node ends: cgroups and loop devices. Found by name, so that nothing has to be remembered."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from seatrial.lab.shell import run

CGROUPS = Path("/sys/fs/cgroup")
PARENT = "seatrial"


def hierarchies() -> tuple[Path, ...]:
    """The one root of cgroup v2, or the roots of v1."""
    if (CGROUPS / "cgroup.controllers").exists():
        return (CGROUPS,)
    return tuple(sorted(path for path in CGROUPS.iterdir() if path.is_dir() and not path.is_symlink()))


def make_cgroups(name: str) -> str:
    """The cgroup under which the kubelet keeps everything of this lab; returns it as the kubelet names it."""
    for root in hierarchies():
        if root.name == "unified":
            continue
        target = root / PARENT / name
        target.mkdir(parents=True, exist_ok=True)
        if root.name == "cpuset":
            _inherit_cpuset(root, (root / PARENT, target))
    return f"/{PARENT}/{name}"


def _inherit_cpuset(root: Path, path: tuple[Path, ...]) -> None:
    """cgroup v1 starts a cpuset empty, and an empty one admits no process."""
    for folder in path:
        for file in ("cpuset.cpus", "cpuset.mems"):
            if not (folder / file).read_text().strip():
                (folder / file).write_text((folder.parent / file).read_text())


def remove_cgroups(name: str) -> None:
    for root in hierarchies():
        for folder in _deepest_first(root / PARENT / name):
            _rmdir(folder)
        parent = root / PARENT
        if parent.is_dir() and not any(entry.is_dir() for entry in parent.iterdir()):
            _rmdir(parent)


def _deepest_first(top: Path) -> Iterator[Path]:
    for folder, _, _ in os.walk(top, topdown=False):
        yield Path(folder)


def _rmdir(folder: Path, within: float = 5.0) -> None:
    """A cgroup stays busy for a moment after its last process was killed."""
    deadline = time.monotonic() + within
    while True:
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def loops(under: Path) -> dict[str, str]:
    """Loop devices whose backing file lies under a folder: file → device."""
    rows = run("losetup", "--list", "--noheadings", "--raw", "--output", "NAME,BACK-FILE").splitlines()
    pairs = (row.split(" ", 1) for row in rows)
    return {file.removesuffix(" (deleted)"): name for name, file in pairs if file.startswith(f"{under}/")}


def detach_loops(under: Path) -> None:
    for device in loops(under).values():
        run("losetup", "--detach", device)
