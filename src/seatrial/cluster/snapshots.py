"""Snapshots as files: gzip of lines of JSON. The same snapshot makes the same bytes, and no credential is in them."""

from __future__ import annotations

import datetime as dt
import gzip
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Annotated, Any

import msgspec

from seatrial.cluster import rows
from seatrial.cluster.amounts import Sieve
from seatrial.cluster.decode import is_too_many, too_many, unreadable
from seatrial.kit import files, text
from seatrial.model.errors import UsageError
from seatrial.model.fact import Apis, ClusterIdentity, Fact, Gap, GapReason, Snapshot

SCHEMA = "seatrial.dev/snapshot/v2"

_LARGEST = 2 << 30  # bytes, unpacked
_CHUNK = 1 << 20
_BEFORE = "seatrial.dev/snapshot/v1"


class _Header(msgspec.Struct, frozen=True):
    schema: str


class _Stored(msgspec.Struct, frozen=True):
    taken_at: dt.datetime
    cluster: ClusterIdentity
    apis: Apis
    gaps: dict[str, Gap]
    facts: dict[str, msgspec.Raw] = {}  # of the first schema


class _Part(msgspec.Struct, frozen=True):
    """What comes next: as many lines with facts of one kind."""

    of: str
    pages: Annotated[int, msgspec.Meta(ge=0)]


def save(snapshot: Snapshot, path: Path) -> None:
    try:
        with files.replacing(path) as file, gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
            _write(snapshot, packed)
    except OSError as error:
        raise UsageError(f"{path}: the snapshot cannot be written: {error.strerror or error}") from error


def load(path: Path, kinds: Iterable[type[Fact]], *, largest: int = _LARGEST) -> Snapshot:
    lines = _lines(path, largest)
    first = next(lines, b"")
    schema = _decode(path, first, _Header).schema
    if schema not in (SCHEMA, _BEFORE):
        raise UsageError(
            f"{path}: schema is {text.one_line(schema, limit=80)!r}, and this seatrial reads {SCHEMA}",
            way_out="take the snapshot again, or use the seatrial that took it",
        )
    stored = _decode(path, first, _Stored)
    wanted = {kind.of: kind for kind in kinds}
    read = dict(_facts_before(path, stored.facts, wanted) if schema == _BEFORE else _facts(path, lines, wanted))
    gaps = {of: _clean(gap) for of, gap in stored.gaps.items()}
    facts: dict[str, tuple[Fact, ...]] = {}
    for of, found in read.items():
        if is_too_many(wanted[of], len(found)):
            gaps[of] = Gap(of, GapReason.UNREADABLE, too_many(wanted[of]))
            continue
        well, wrong = Sieve(wanted[of]).parted(found)
        facts[of] = tuple(well)
        if gap := unreadable(of, wrong):
            gaps.setdefault(of, gap)
    for of in (of for of in wanted if of not in facts and of not in gaps):
        gaps[of] = Gap(of, GapReason.NOT_COLLECTED, f"{of} is not in the snapshot {path}")
    return Snapshot(taken_at=stored.taken_at, cluster=stored.cluster, apis=stored.apis, facts=facts, gaps=gaps)


Found = Iterator[tuple[str, tuple[Fact, ...]]]


def _facts(path: Path, lines: Iterator[bytes], wanted: Mapping[str, type[Fact]]) -> Found:
    """Page by page, so that the whole is never in memory as JSON."""
    for line in lines:
        part = _decode(path, line, _Part)
        pages = islice(lines, part.pages)
        kind = wanted.get(part.of)
        if kind is None:
            deque(pages, maxlen=0)
            continue
        field = f"facts.{part.of}: "
        reader: rows.Reader[Fact] | None = None  # of many kinds there is nothing
        found: list[Fact] = []
        read = 0
        for page in pages:
            reader = reader or rows.Reader(kind)
            read += 1
            if not is_too_many(kind, len(found)):  # the rest of so many is only counted
                found += _understood(path, partial(reader.page, page), field)
        if read < part.pages:
            raise UsageError(f"{path}: {field}the file ends too early", way_out="copy it again, or take a new snapshot")
        yield part.of, tuple(found)


def _facts_before(path: Path, stored: Mapping[str, msgspec.Raw], wanted: Mapping[str, type[Fact]]) -> Found:
    """Of the first schema, which has all in one document."""
    for of, kind in wanted.items():
        if of in stored:
            every: Any = tuple[kind, ...]  # type: ignore[valid-type]
            yield of, _decode(path, stored[of], every, f"facts.{of}: ")


def _write(snapshot: Snapshot, packed: IO[bytes] | gzip.GzipFile) -> None:
    """Kind by kind and page by page: the whole is never in memory as JSON."""
    head = {
        "schema": SCHEMA,
        "taken_at": snapshot.taken_at,
        "cluster": snapshot.cluster,
        "apis": snapshot.apis,
        "gaps": dict(sorted(snapshot.gaps.items())),
    }
    packed.write(rows.encode(head) + b"\n")
    for of, facts in sorted(snapshot.facts.items()):
        packed.write(rows.encode(_Part(of, rows.pages_of(facts))) + b"\n")
        for page in rows.pages(facts):
            packed.write(page + b"\n")


def _lines(path: Path, largest: int) -> Iterator[bytes]:
    """One at a time; the file may unpack to more than anybody has room for."""
    rest, size = bytearray(), 0
    for chunk in _unpacked(path):
        size += len(chunk)
        if size > largest:
            raise UsageError(f"{path}: unpacks to more than {largest >> 20} MiB; this is no snapshot of ours")
        *lines, tail = chunk.split(b"\n")
        for line in lines:
            rest += line
            yield bytes(rest)
            rest.clear()
        rest += tail
    if rest:
        yield bytes(rest)


def _unpacked(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path, "rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    except FileNotFoundError as error:
        raise UsageError(
            f"{path}: there is no such snapshot", way_out="take one with: seatrial snapshot -o FILE"
        ) from error
    except EOFError as error:
        raise UsageError(f"{path}: the file ends too early", way_out="copy it again, or take a new snapshot") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise UsageError(f"{path}: not a snapshot, or a damaged one: {error}") from error
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error


def _decode(path: Path, data: Any, shape: Any, field: str = "") -> Any:
    return _understood(path, partial(msgspec.json.decode, data, type=shape), field)


def _understood(path: Path, read: Callable[[], Any], field: str = "") -> Any:
    try:
        return read()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(
            f"{path}: {field}{text.one_line(str(error))}", way_out="take a new snapshot with this seatrial"
        ) from error


def _clean(gap: Gap) -> Gap:
    return Gap(text.one_line(gap.resource), gap.reason, text.one_line(gap.detail, limit=1000))
