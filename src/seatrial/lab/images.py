"""Write an OCI image archive around programs and the libraries that they are linked with, byte for byte the same each time.

No registry is needed: the container runtime imports the archive.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import platform
import re
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from seatrial.lab.linking import libraries
from seatrial.model.errors import LabError, UsageError

_PASSWD = "root:x:0:0:root:/:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_REFERENCE = re.compile(r"[a-z0-9][a-z0-9.-]*(:\d+)?(/[a-z0-9._-]+)+:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_TYPE = "application/vnd.oci.image"

Blobs = dict[str, bytes]  # by digest
_NONE: Mapping[str, Path] = MappingProxyType({})


def archive(
    program: Path,
    reference: str,
    entrypoint: Sequence[str],
    out: Path,
    *,
    beside: Sequence[Path] = (),
    files: Mapping[str, Path] = _NONE,
) -> str:
    """Write the image and return the digest of its manifest. Each program becomes ``/NAME`` in the image.

    ``files`` are more of them, by their paths there.
    """
    if not _REFERENCE.fullmatch(reference):
        raise UsageError(f"{reference!r} is no image reference", way_out="write it as registry/name:tag")
    try:
        layer = _layer((program, *beside), files)
        blobs: Blobs = {}
        manifest = _manifest(blobs, layer, entrypoint)
        index = {"schemaVersion": 2, "mediaType": f"{_TYPE}.index.v1+json", "manifests": [_named(manifest, reference)]}
        entries = {"oci-layout": _json({"imageLayoutVersion": "1.0.0"}), "index.json": _json(index)}
        entries |= {f"blobs/sha256/{digest.removeprefix('sha256:')}": blob for digest, blob in sorted(blobs.items())}
        _write(out, entries)
    except OSError as error:
        raise LabError(
            f"image {reference} could not be written: {error}", way_out="check that both paths can be used"
        ) from error
    return str(manifest["digest"])


def _layer(programs: Sequence[Path], more: Mapping[str, Path]) -> bytes:
    """An uncompressed file system: the programs with their libraries, somewhere to write, and names for two users."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        _add(tar, "etc", kind=tarfile.DIRTYPE, mode=0o755)
        _add(tar, "etc/passwd", _PASSWD.encode(), mode=0o644)
        for name, file in (_files(programs) | dict(sorted(more.items()))).items():
            _add(tar, name, file.read_bytes(), mode=0o755)
        _add(tar, "tmp", kind=tarfile.DIRTYPE, mode=0o1777)
    return buffer.getvalue()


def _files(programs: Sequence[Path]) -> dict[str, Path]:
    """By its path in the image, every file that makes the programs run; folders above them need no entry."""
    linked = {path.lstrip("/"): file for program in programs for path, file in libraries(program).items()}
    return {program.name: program for program in programs} | dict(sorted(linked.items()))


def _manifest(blobs: Blobs, layer: bytes, entrypoint: Sequence[str]) -> dict[str, Any]:
    packed = _keep(blobs, f"{_TYPE}.layer.v1.tar+gzip", gzip.compress(layer, compresslevel=6, mtime=0))
    config = {
        "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "config": {"Entrypoint": list(entrypoint), "WorkingDir": "/", "Env": ["PATH=/"]},
        "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
    }
    described = _keep(blobs, f"{_TYPE}.config.v1+json", _json(config))
    media = f"{_TYPE}.manifest.v1+json"
    return _keep(blobs, media, _json({"schemaVersion": 2, "mediaType": media, "config": described, "layers": [packed]}))


def _keep(blobs: Blobs, media: str, blob: bytes) -> dict[str, Any]:
    blobs[_digest(blob)] = blob
    return {"mediaType": media, "digest": _digest(blob), "size": len(blob)}


def _named(manifest: Mapping[str, Any], reference: str) -> dict[str, Any]:
    names = {"io.containerd.image.name": reference, "org.opencontainers.image.ref.name": reference.rpartition(":")[2]}
    return {**manifest, "annotations": names}


def _write(out: Path, files: Mapping[str, bytes]) -> None:
    fresh = out.with_name(out.name + ".new")
    with tarfile.open(fresh, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files.items():
            _add(tar, name, content, mode=0o644)
    fresh.replace(out)


def _add(tar: tarfile.TarFile, name: str, content: bytes = b"", *, mode: int, kind: bytes = tarfile.REGTYPE) -> None:
    entry = tarfile.TarInfo(name)  # time 0 and owner 0, which keeps the bytes the same
    entry.type, entry.mode, entry.size = kind, mode, len(content)
    tar.addfile(entry, io.BytesIO(content))


def _digest(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
