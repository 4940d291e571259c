"""What ``--snapshot`` is pointed at: a snapshot of ours, or what another tool wrote down of a cluster."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from seatrial.cluster import snapshots
from seatrial.cluster.dumps import files, reading
from seatrial.model.fact import Fact, Snapshot

LARGEST = files.LARGEST
_GZIP = b"\x1f\x8b"
_HEAD = 64
_OURS_BEGINS = (b'{"apis":', b'{"schema":')


def load(
    path: Path,
    kinds: Iterable[type[Fact]],
    *,
    resources: Iterable[str] = (),
    largest: int | None = None,
    whole: bool = False,
) -> Snapshot:
    """``resources``, ``largest`` and ``whole`` are about dumps of other tools; see there. Raises UsageError."""
    if is_ours(path):
        return snapshots.load(path, kinds)
    return reading.load(path, kinds, resources=resources, largest=largest or LARGEST, whole=whole)


def is_ours(path: Path) -> bool:
    """Or may be: a damaged one has to be told as such."""
    if not path.is_file() or files.is_archive(path):
        return False
    head = files.beginning(path, _HEAD)
    if not head:
        return _starts(path) == _GZIP  # damaged from the beginning on
    return head.startswith(_OURS_BEGINS)


def _starts(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(_GZIP))
