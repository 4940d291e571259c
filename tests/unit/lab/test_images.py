from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from seatrial.lab import images
from seatrial.lab.images import archive
from seatrial.model.errors import LabError, UsageError

REFERENCE = "seatrial.dev/lab/workload:v1"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "workload"
    path.write_bytes(b"\x7fELF" + bytes(range(256)) * 40)
    return path


def contents(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {entry.name: tar.extractfile(entry).read() for entry in tar if entry.isfile()}  # type: ignore[union-attr]


def blob(files: dict[str, bytes], described: dict[str, object]) -> bytes:
    """The blob of a descriptor, after its digest and size were checked."""
    algorithm, _, digest = str(described["digest"]).partition(":")
    raw = files[f"blobs/{algorithm}/{digest}"]
    assert hashlib.sha256(raw).hexdigest() == digest
    assert len(raw) == described["size"]
    return raw


def test_every_reference_in_the_archive_leads_to_a_blob_of_that_digest(program: Path, tmp_path: Path) -> None:
    out = tmp_path / "image.tar"
    digest = archive(program, REFERENCE, ["/workload"], out)
    files = contents(out)
    assert json.loads(files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    (named,) = json.loads(files["index.json"])["manifests"]
    assert named["digest"] == digest
    assert named["annotations"]["io.containerd.image.name"] == REFERENCE
    manifest = json.loads(blob(files, named))
    config = json.loads(blob(files, manifest["config"]))
    (layer,) = manifest["layers"]
    unpacked = gzip.decompress(blob(files, layer))
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(unpacked).hexdigest()}"]
    assert config["config"]["Entrypoint"] == ["/workload"]
    assert len(files) == 5


def test_the_layer_holds_the_program_a_place_to_write_and_a_user(program: Path, tmp_path: Path) -> None:
    out = tmp_path / "image.tar"
    archive(program, REFERENCE, ["/workload"], out)
    layer = next(raw for raw in contents(out).values() if raw.startswith(b"\x1f\x8b"))
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(layer))) as tar:
        entries = {entry.name: entry for entry in tar}
        assert entries["workload"].mode == 0o755
        assert entries["tmp"].mode == 0o1777
        assert entries["tmp"].isdir()
        assert {entry.mtime for entry in entries.values()} == {0}
        passwd = tar.extractfile("etc/passwd")
        assert passwd is not None
        assert b"nobody:x:65534:" in passwd.read()


def test_the_same_program_gives_the_same_bytes(program: Path, tmp_path: Path) -> None:
    first, second, other = tmp_path / "a.tar", tmp_path / "b.tar", tmp_path / "c.tar"
    archive(program, REFERENCE, ["/workload"], first)
    program.touch()
    archive(program, REFERENCE, ["/workload"], second)
    archive(program, REFERENCE, ["/workload", "pause"], other)
    assert first.read_bytes() == second.read_bytes() != other.read_bytes()


@pytest.mark.parametrize(
    "reference", ["workload", "seatrial.dev/lab/workload", "Bad/name:v1", "a/b:", "a/b:v1\n", "../x:v1"]
)
def test_a_reference_that_a_runtime_would_refuse_is_refused_here(program: Path, tmp_path: Path, reference: str) -> None:
    with pytest.raises(UsageError, match="reference"):
        archive(program, reference, ["/workload"], tmp_path / "image.tar")


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="absent"):
        archive(tmp_path / "absent", REFERENCE, ["/workload"], tmp_path / "image.tar")
    assert not (tmp_path / "image.tar").exists()


def test_programs_beside_it_and_their_libraries_come_along(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, library = tmp_path / "envoy", tmp_path / "libc-2.so"
    other.write_bytes(b"other")
    library.write_bytes(b"library")
    monkeypatch.setattr(images, "libraries", lambda path: {"/lib64/libc.so.6": library} if path == other else {})
    out = tmp_path / "image.tar"
    archive(program, REFERENCE, ["/workload"], out, beside=(other,))
    layer = next(raw for raw in contents(out).values() if raw.startswith(b"\x1f\x8b"))
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(layer))) as tar:
        held = {entry.name: entry.mode for entry in tar if entry.isfile()}
    assert held == {"etc/passwd": 0o644, "workload": 0o755, "envoy": 0o755, "lib64/libc.so.6": 0o755}
    config = next(json.loads(raw)["config"] for raw in contents(out).values() if b'"Entrypoint"' in raw)
    assert config["Env"] == ["PATH=/"]
