"""The manifest: the hash and the size of every file, and the cluster that they are about."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from seatrial.attest.layout import MANIFEST, SEALS
from seatrial.kit import digest
from seatrial.model.run import EnvironmentKind, Run

SCHEMA = "seatrial.dev/evidence-manifest/v1"


class FileEntry(msgspec.Struct, frozen=True, order=True):
    name: str
    sha256: str
    size: int


class Cluster(msgspec.Struct, frozen=True):
    """As it is written. Not the model's own, which may grow: what was signed once must come out the same forever."""

    uid: str  # of the kube-system namespace
    version: str
    platform: str


class System(msgspec.Struct, frozen=True, omit_defaults=True):
    """As it is written. A field that is added has a default, and is left out where it has that."""

    id: str
    there: bool | None
    versions: tuple[str, ...] = ()


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    schema: str = SCHEMA
    run: str  # its id
    cluster: Cluster
    kind: EnvironmentKind
    simulated: bool | None
    systems: tuple[System, ...]
    images: tuple[str, ...]
    files: tuple[FileEntry, ...]


def manifest(run: Run, files: Mapping[str, bytes]) -> Manifest:
    listed = (name for name in files if name not in (MANIFEST, *SEALS))
    return Manifest(
        run=run.id,
        cluster=cluster(run),
        kind=run.environment.kind,
        simulated=run.environment.simulated,
        systems=systems(run),
        images=run.environment.images,
        files=tuple(sorted(entry(name, files[name]) for name in listed)),
    )


def cluster(run: Run) -> Cluster:
    identity = run.environment.cluster
    return Cluster(identity.uid, identity.version, identity.platform)


def systems(run: Run) -> tuple[System, ...]:
    return tuple(System(one.id, one.there, one.versions) for one in run.environment.systems)


def entry(name: str, data: bytes) -> FileEntry:
    return FileEntry(name, digest.of_bytes(data), len(data))
