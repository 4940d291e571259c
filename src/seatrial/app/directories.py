"""A directory on a disk, such as that of a submission: read with limits, and written whole or not at all."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from seatrial.model.errors import UsageError
from seatrial.submission.folder import Presence, Unreadable, inside

LARGEST_FILE = 64 << 20
_MOST_FILES = 2000


class DiskFolder(msgspec.Struct, frozen=True):
    """A directory as it lies there. What is read is a regular file inside it; presence follows links, as the programme does."""

    root: Path

    @property
    def name(self) -> str:
        return self.root.name

    @property
    def parent(self) -> str:
        return self.root.parent.name

    def presence(self, path: str) -> Presence:
        try:
            (self.root / inside(path)).stat()
        except FileNotFoundError:
            return Presence.MISSING
        except (OSError, ValueError):
            return Presence.UNCLEAR
        return Presence.THERE

    def read(self, path: str) -> bytes:
        try:
            return read(self.root / inside(path), within=self.root, largest=LARGEST_FILE)
        except UsageError as error:
            raise Unreadable(error.what) from error

    def names(self) -> tuple[str, ...]:
        found: list[str] = []
        for here, folders, files in os.walk(self.root):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            found += [str(Path(here, name).relative_to(self.root)) for name in sorted(files)]
            if len(found) > _MOST_FILES:
                raise UsageError(
                    f"{self.root} holds more than {_MOST_FILES} files", way_out="name one product's directory"
                )
        return tuple(found)


def read(path: Path, *, largest: int, within: Path | None = None) -> bytes:
    """The bytes of a regular file, if there are not too many of them."""
    try:
        if within is not None and not path.resolve().is_relative_to(within.resolve()):
            raise UsageError(f"{path} leads out of its directory", way_out="put the file itself there")
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UsageError(f"{path} is not a file")
            data = file.read(largest + 1)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path} cannot be read: {getattr(error, 'strerror', error)}", way_out="name another file"
        ) from error
    if len(data) > largest:
        raise UsageError(f"{path} is larger than {largest >> 20} MiB")
    return data


def write(target: Path, files: Mapping[str, bytes], *, force: bool, mark: str = "PRODUCT.yaml") -> None:
    """The directory appears complete, or stays as it was. ``force`` replaces one that holds the file ``mark``."""
    if target.exists() and not force:
        raise UsageError(f"{target} is there already", way_out="name another --out, or replace it with --force")
    if target.exists() and not (target / mark).is_file():
        raise UsageError(f"{target} holds no {mark}, so it is not replaced", way_out="name another --out")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as scratch:
            fresh, old = Path(scratch, "fresh"), Path(scratch, "old")
            for name, data in files.items():
                file = fresh / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(data)
            if target.exists():
                target.rename(old)
            fresh.rename(target)
            shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}", way_out="name another --out") from error
