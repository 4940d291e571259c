"""The members of a .tar.gz that somebody else made: read in memory, one pass, and only so many bytes of it."""

from __future__ import annotations

import gzip
import io
import posixpath
import tarfile
import zlib
from collections.abc import Callable

import msgspec

from seatrial.kit.metered import Metered, TooLarge
from seatrial.kit.text import one_line
from seatrial.model.errors import UsageError

_UNPACKED = 1024 * 1024 * 1024  # bytes that an archive may unpack to; they go by, and only what is wanted is kept
_KEPT = 256 * 1024 * 1024
_MOST = 100_000  # members


class Member(msgspec.Struct, frozen=True):
    name: str
    data: bytes


def members(data: bytes, *, file: str, wanted: Callable[[str], bool], limit: int) -> tuple[Member, ...]:
    """The regular files whose names are wanted. A name that stands twice is refused: which of the two is meant?"""
    found: dict[str, Member] = {}
    try:
        with (
            gzip.GzipFile(fileobj=io.BytesIO(data)) as stream,
            tarfile.open(fileobj=Metered(stream, _UNPACKED), mode="r|") as archive,
        ):
            for number, info in enumerate(archive):
                if number >= _MOST:
                    raise TooLarge(f"it has more than {_MOST} members")
                name = posixpath.normpath(info.name)
                if info.isreg() and wanted(name):
                    if name in found:
                        raise _wrong(file, f"{one_line(name, limit=200)} is in it twice")
                    found[name] = Member(name, _kept(archive, info, limit, sum(len(m.data) for m in found.values())))
    except TooLarge as error:
        raise _wrong(file, str(error)) from error
    except (tarfile.TarError, EOFError, zlib.error, OSError, ValueError) as error:
        raise _wrong(file, f"not a whole .tar.gz: {one_line(str(error), limit=200)}") from error
    return tuple(found.values())


def _kept(archive: tarfile.TarFile, info: tarfile.TarInfo, limit: int, before: int) -> bytes:
    if info.size > limit or before + info.size > _KEPT:
        raise TooLarge(f"{one_line(info.name, limit=200)} in it has {info.size} bytes")
    file = archive.extractfile(info)
    return file.read(limit) if file is not None else b""


def _wrong(file: str, what: str) -> UsageError:
    return UsageError(f"{file}: {what}", way_out="name the archive as the tool wrote it")
