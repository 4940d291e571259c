"""The file of a run: the plan, then every part as it came. It is only ever added to; what a crash cut off is left out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from seatrial.model.errors import UsageError
from seatrial.model.load import Plan
from seatrial.model.load_result import Part

RECORD_SCHEMA = "seatrial.dev/load-record/v1"
_part = msgspec.json.Decoder(Part)


class Header(msgspec.Struct, frozen=True, kw_only=True):
    schema: str = RECORD_SCHEMA
    plan: Plan
    started_at: str


class Record:
    """Open for adding; ``begin`` and ``resume`` make one."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def begin(cls, path: Path, header: Header) -> Record:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            raise UsageError(f"{path} is there already", way_out="name another file, or go on with --resume") from None
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror}", way_out="name another file") from error
        record = cls(path, descriptor)
        record._put(msgspec.json.encode(header))
        return record

    @classmethod
    def resume(cls, path: Path) -> Record:
        """Behind the last line that is whole."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror}", way_out="look at the file") from error
        os.ftruncate(descriptor, sum(len(line) for line in _lines(path)))
        return cls(path, descriptor)

    def add(self, part: Part) -> None:
        self._put(msgspec.json.encode(part))

    def close(self) -> None:
        os.close(self._descriptor)

    def _put(self, line: bytes) -> None:
        rest = memoryview(line + b"\n")
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]


def read(path: Path) -> tuple[Header, Iterator[Part]]:
    """The plan, and the parts one after the other."""
    lines = _lines(path)
    try:
        header = msgspec.json.decode(next(lines, b""), type=Header)
        if header.schema != RECORD_SCHEMA:
            raise UsageError(
                f"{path} is a record of another version: {header.schema!r}", way_out="use the seatrial that wrote it"
            )
    except (msgspec.DecodeError, OSError) as error:
        raise UsageError(
            f"{path} is no record of a load: {error}", way_out="name the file given to --record"
        ) from error
    return header, _parts(path, lines)


def _parts(path: Path, lines: Iterator[bytes]) -> Iterator[Part]:
    for number, line in enumerate(lines, 2):
        try:
            yield _part.decode(line)
        except msgspec.DecodeError as error:
            raise UsageError(f"{path}, line {number}: {error}", way_out="the file was changed; begin anew") from error


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line
