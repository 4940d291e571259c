"""A folder on disk, written whole or not at all, and read as if somebody hostile had made it."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from seatrial.attest.seal import Problem
from seatrial.kit import files as kit_files
from seatrial.model.errors import UsageError

MOST_FILES = 20_000
LARGEST_FILE = 512 << 20
LARGEST = 1 << 30
DEEPEST = 4


class Folder(msgspec.Struct, frozen=True):
    files: Mapping[str, bytes]  # by their paths, with slashes
    problems: tuple[Problem, ...]


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """The folder with these files, for this user's eyes only. It must not exist, or be empty."""
    check_free(folder)
    try:
        scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            for name, data in files.items():
                path = scratch / name
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                kit_files.write(path, data)
            scratch.rename(folder)
        except BaseException:
            shutil.rmtree(scratch)
            raise
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}", way_out="name another folder") from error


def check_free(folder: Path) -> None:
    try:
        taken = folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir())))
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}", way_out="name another folder") from error
    if taken:
        raise UsageError(f"{folder} is there already, and not an empty folder", way_out="name another folder")


def read(folder: Path) -> Folder:
    """Every file of the folder, read once and never through a link; what cannot be taken is a problem."""
    try:
        top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be read: {error.strerror}", way_out="name a folder that `evidence write` made"
        ) from error
    reader = _Reader()
    try:
        reader.walk(top, ())
    finally:
        os.close(top)
    return Folder(reader.files, tuple(reader.problems))


class _Reader:
    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.problems: list[Problem] = []
        self._seen = 0
        self._left = LARGEST

    def walk(self, folder: int, parts: tuple[str, ...]) -> None:
        names = list(_some_names(folder))
        if not names and parts:
            self._refuse(parts, "is an empty folder")
        for name in sorted(names):
            self._seen += 1
            if self._seen > MOST_FILES:
                self._refuse(parts, f"there are more than {MOST_FILES} files; the rest was not looked at")
                return
            try:
                self._one(folder, (*parts, name))
            except OSError as error:
                self._refuse((*parts, name), f"cannot be read: {error.strerror}")

    def _one(self, folder: int, parts: tuple[str, ...]) -> None:
        mode = os.stat(parts[-1], dir_fd=folder, follow_symlinks=False).st_mode
        if stat.S_ISLNK(mode):
            self._refuse(parts, "is a link; evidence holds files only")
        elif stat.S_ISDIR(mode):
            self._folder(folder, parts)
        elif stat.S_ISREG(mode):
            self._file(folder, parts)
        else:
            self._refuse(parts, "is not a file")

    def _folder(self, folder: int, parts: tuple[str, ...]) -> None:
        if len(parts) >= DEEPEST:
            self._refuse(parts, "lies too deep")
            return
        inner = os.open(parts[-1], os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        try:
            self.walk(inner, parts)
        finally:
            os.close(inner)

    def _file(self, folder: int, parts: tuple[str, ...]) -> None:
        opened = os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        with os.fdopen(opened, "rb") as file:
            limit = min(LARGEST_FILE, self._left)
            if os.fstat(opened).st_size > limit or len(data := file.read(limit + 1)) > limit:
                self._refuse(parts, f"is too large: over {limit} bytes")
                return
        self._left -= len(data)
        self.files["/".join(parts)] = data

    def _refuse(self, parts: tuple[str, ...], what: str) -> None:
        self.problems.append(Problem("/".join(parts) or ".", what))


def _some_names(folder: int) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for number, entry in enumerate(entries):
            if number > MOST_FILES:
                return
            yield entry.name
