"""The files of a dump: of a folder, of a .tar, .tar.gz, .tgz or .zip, or a single one. Nothing is unpacked to disk.

Only regular files whose names say that objects may be in them. Links are not followed: they may lead in circles, or anywhere.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import posixpath
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import msgspec

from seatrial.kit.metered import Metered, TooLarge
from seatrial.kit.text import one_line
from seatrial.model.errors import UsageError

LARGEST = 8 << 30  # bytes that a dump may unpack to
LARGEST_FILE = 2 << 30  # one file is in memory as a whole

_MORE = "read more of it with --dump-limit SIZE, such as 32Gi"
_ENDINGS = (".json", ".yaml", ".yml")
_MOST = 1_000_000  # files
_DEEPEST = 64  # folders
_LONGEST = 1000  # characters of a name
_USTAR = slice(257, 262)
_OPENERS: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
}
_BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    OSError,
    ValueError,
    RuntimeError,
)


class File(msgspec.Struct, frozen=True):
    name: str  # below the folder, or in the archive
    data: bytes
    changed: float = 0.0  # seconds since 1970; 0 where nobody tells


class _Far(Exception):
    """A name that leads out of the archive."""


def files(path: Path, *, largest: int = LARGEST) -> Iterator[File]:
    """All of them, in a stable order. ``largest``: bytes that they may have, unpacked."""
    if path.is_dir():
        yield from _folder(path, largest)
        return
    with _opened(path) as file:
        try:
            yield from _zip(file, largest) if zipfile.is_zipfile(file) else _stream(path, file, largest)
        except TooLarge as error:
            raise UsageError(f"{path}: {error}", way_out=_MORE) from error
        except _Far as error:
            raise UsageError(
                f"{path}: the name {error} leads out of the archive", way_out="pack the dump again"
            ) from error
        except _BROKEN as error:
            why = one_line(str(error), limit=200)
            raise UsageError(
                f"{path}: not a whole archive: {why}", way_out="copy it again, or pack it again"
            ) from error


def is_archive(path: Path) -> bool:
    """Whether it holds files, as far as its beginning tells."""
    try:
        if zipfile.is_zipfile(path):
            return True
        with path.open("rb") as file:
            return _is_tar(_unpacked(file, LARGEST).peek(512))
    except _BROKEN:
        return False


def beginning(path: Path, size: int) -> bytes:
    """Of what is in a single file, unpacked; empty where it cannot be read."""
    try:
        with path.open("rb") as file:
            return _unpacked(file, LARGEST).read(size)
    except _BROKEN:
        return b""


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise UsageError(
            f"{path}: there is no such snapshot", way_out="take one with: seatrial snapshot -o FILE"
        ) from error
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error


def _folder(folder: Path, largest: int) -> Iterator[File]:
    left = largest
    for path in _inside(folder):
        name = path.relative_to(folder).as_posix()
        try:
            told = path.stat()
            with path.open("rb") as file:
                data = _held(file.read(LARGEST_FILE + 1), name)
        except OSError as error:
            raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from error
        except TooLarge as error:
            raise UsageError(f"{folder}: {error}", way_out="split it, such as by namespace") from error
        left -= len(data)
        if left < 0:
            raise UsageError(f"{path}: with it the dump has more than {largest} bytes", way_out=_MORE)
        yield File(name, data, told.st_mtime)


def _inside(folder: Path) -> Iterator[Path]:
    many = 0
    for at, folders, names in os.walk(folder, onerror=_cannot_read):
        if len(Path(at).relative_to(folder).parts) >= _DEEPEST:
            raise UsageError(f"{at}: folders are nested deeper than {_DEEPEST}")
        folders.sort()
        for name in sorted(names):
            path = Path(at, name)
            if _is_wanted(name) and path.is_file() and not path.is_symlink():
                many += 1
                if many > _MOST:
                    raise UsageError(f"{folder}: more than {_MOST} files")
                yield path


def _cannot_read(error: OSError) -> None:
    raise UsageError(f"{error.filename}: cannot be read: {error.strerror}") from error


def _stream(path: Path, file: IO[bytes], largest: int) -> Iterator[File]:
    unpacked = _unpacked(file, largest)
    if not _is_tar(unpacked.peek(512)):
        name = path.name.removesuffix(".gz")
        yield File(name, _held(unpacked.read(LARGEST_FILE + 1), name), path.stat().st_mtime)
        return
    with tarfile.open(fileobj=unpacked, mode="r|") as archive:
        for number, info in enumerate(archive):
            if number >= _MOST:
                raise TooLarge(f"it has more than {_MOST} members")
            if info.isreg() and not info.issparse() and _is_wanted(info.name):
                name = _name(info.name)
                member = archive.extractfile(info)
                assert member is not None
                yield File(name, _held(member.read(min(info.size, LARGEST_FILE + 1)), name), float(info.mtime))


def _zip(file: IO[bytes], largest: int) -> Iterator[File]:
    with zipfile.ZipFile(file) as archive:
        infos = archive.infolist()
        if len(infos) > _MOST:
            raise TooLarge(f"it has more than {_MOST} members")
        left = largest
        for info in infos:
            if info.is_dir() or not _is_wanted(info.filename) or (info.external_attr >> 28) == 0xA:  # a symbolic link
                continue
            name = _name(info.filename)
            with archive.open(info) as member:
                data = _held(member.read(min(left, LARGEST_FILE) + 1), name)
            left -= len(data)
            if left < 0:
                raise TooLarge(f"it unpacks to more than {largest} bytes")
            yield File(name, data)


def _unpacked(file: IO[bytes], largest: int) -> io.BufferedReader:
    file.seek(0)
    magic = file.read(6)
    file.seek(0)
    opener = next((one for start, one in _OPENERS.items() if magic.startswith(start)), None)
    return io.BufferedReader(Metered(opener(file) if opener else file, largest), 1 << 20)


def _is_tar(head: bytes) -> bool:
    return head[_USTAR] == b"ustar"


def _is_wanted(name: str) -> bool:
    return name.endswith(_ENDINGS) and not posixpath.basename(name).startswith(".")


def _name(name: str) -> str:
    clean = posixpath.normpath(name.replace("\\", "/")).lstrip("/")
    if clean.startswith("../") or len(clean) > _LONGEST:
        raise _Far(one_line(name, limit=200))
    return clean


def _held(data: bytes, name: str) -> bytes:
    if len(data) > LARGEST_FILE:
        raise TooLarge(
            f"{one_line(name, limit=300)} has more than {LARGEST_FILE >> 20} MiB, which is the most of one file"
        )
    return data
