"""Snapshots as files: gzip of one JSON document. The same snapshot makes the same bytes, and no credential is in them."""

from __future__ import annotations

import datetime as dt
import gzip
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import msgspec

from seatrial.cluster.likeness import Likeness
from seatrial.kit import files, redact, text
from seatrial.model.errors import UsageError
from seatrial.model.fact import Apis, ClusterIdentity, Fact, Gap, GapReason, Snapshot

SCHEMA = "seatrial.dev/snapshot/v1"

_LARGEST = 2 << 30  # bytes, unpacked
_CHUNK = 1 << 20
_FEW = 500  # facts of one kind that may be alike without anybody minding


class _Header(msgspec.Struct, frozen=True):
    schema: str


class _Stored(msgspec.Struct, frozen=True):
    taken_at: dt.datetime
    cluster: ClusterIdentity
    apis: Apis
    gaps: dict[str, Gap]
    facts: dict[str, msgspec.Raw]


def save(snapshot: Snapshot, path: Path) -> None:
    try:
        with files.replacing(path) as file, gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
            _write(snapshot, packed)
    except OSError as error:
        raise UsageError(f"{path}: the snapshot cannot be written: {error.strerror or error}") from error


def load(path: Path, kinds: Iterable[type[Fact]], *, largest: int = _LARGEST) -> Snapshot:
    data = _unpacked(path, largest)
    header = _decode(path, data, _Header)
    if header.schema != SCHEMA:
        raise UsageError(
            f"{path}: schema is {text.one_line(header.schema, limit=80)!r}, and this seatrial reads {SCHEMA}",
            way_out="take the snapshot again, or use the seatrial that took it",
        )
    stored = _decode(path, data, _Stored)
    facts: dict[str, tuple[Fact, ...]] = {}
    gaps = {of: _clean(gap) for of, gap in stored.gaps.items()}
    for kind in kinds:
        if kind.of in stored.facts:
            facts[kind.of] = tuple(_facts(path, stored.facts.pop(kind.of), kind))
        elif kind.of not in gaps:
            gaps[kind.of] = Gap(kind.of, GapReason.NOT_COLLECTED, f"{kind.of} is not in the snapshot {path}")
    return Snapshot(taken_at=stored.taken_at, cluster=stored.cluster, apis=stored.apis, facts=facts, gaps=gaps)


def _facts(path: Path, data: msgspec.Raw, kind: type[Fact]) -> Iterator[Fact]:
    """One at a time, so that what many of them have alike is never there many times."""
    field = f"facts.{kind.of}: "
    rows: list[msgspec.Raw] = _decode(path, data, list[msgspec.Raw], field)
    one, likeness = msgspec.json.Decoder(kind), Likeness()
    try:
        for number, row in enumerate(rows):
            fact = one.decode(row)
            if number >= _FEW:
                likeness.share((fact,))
            yield fact
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        _decode(path, data, tuple[kind, ...], field)  # type: ignore[valid-type]  # tells which one it was
        raise


def _write(snapshot: Snapshot, packed: IO[bytes] | gzip.GzipFile) -> None:
    """Kind by kind and fact by fact: the whole is never in memory as JSON."""
    head = {
        "schema": SCHEMA,
        "taken_at": snapshot.taken_at,
        "cluster": snapshot.cluster,
        "apis": snapshot.apis,
        "gaps": dict(sorted(snapshot.gaps.items())),
    }
    packed.write(_encode(head)[:-1] + b',"facts":{')
    for number, (of, facts) in enumerate(sorted(snapshot.facts.items())):
        packed.write((b"," if number else b"") + _encode(of) + b":[")
        for place, fact in enumerate(facts):
            packed.write((b"," if place else b"") + _encode(redact.credentials(msgspec.to_builtins(fact))))
        packed.write(b"]")
    packed.write(b"}}\n")


def _encode(value: Any) -> bytes:
    return msgspec.json.encode(value, order="sorted")


def _unpacked(path: Path, largest: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        with gzip.open(path, "rb") as file:
            while part := file.read(_CHUNK):
                size += len(part)
                if size > largest:
                    raise UsageError(f"{path}: unpacks to more than {largest >> 20} MiB; this is no snapshot of ours")
                parts.append(part)
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
    return b"".join(parts)


def _decode(path: Path, data: Any, shape: Any, field: str = "") -> Any:
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(
            f"{path}: {field}{text.one_line(str(error))}", way_out="take a new snapshot with this seatrial"
        ) from error


def _clean(gap: Gap) -> Gap:
    return Gap(text.one_line(gap.resource), gap.reason, text.one_line(gap.detail, limit=1000))
