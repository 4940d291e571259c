"""Evidence of a stored Run, verified by the real cosign: somebody else's program, built from its own pinned source."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from seatrial.cli.main import main
from seatrial.lab.forge.obtain import obtain
from tests.live.conftest import tell

STORED = Path(__file__).parents[1] / "faces" / "run.json"
PREDICATE = "https://seatrial.dev/evidence/v1"
FORMS = [("--bundle", "bundle.sigstore.json"), ("--signature", "evidence.intoto.jsonl")]


@pytest.fixture(scope="module")
def cosign() -> Path:
    return asyncio.run(obtain(["cosign"], tell=tell))["cosign"]


@pytest.fixture(scope="module", params=["p256", "ed25519"])
def evidence(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``out``, signed by ``key.pem``."""
    here = tmp_path_factory.mktemp(request.param)
    if request.param == "p256":
        assert main(["evidence", "key", "-o", str(here / "key.pem")]) == 0
    else:
        _ed25519(here)
    assert main(["evidence", "write", str(STORED), "-o", str(here / "out"), "--key", str(here / "key.pem")]) == 0
    return here


def _ed25519(here: Path) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    pem, pkcs8, bare = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (here / "key.pem").write_bytes(key.private_bytes(pem, pkcs8, bare))
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    (here / "key.pub.pem").write_bytes(public)


def _verify(
    cosign: Path, evidence: Path, form: tuple[str, str], file: str, *, out: str = "out", predicate: str = PREDICATE
) -> subprocess.CompletedProcess[str]:
    flag, seal = form
    folder = evidence / out
    argv = [str(cosign), "verify-blob-attestation", "--key", str(evidence / "key.pub.pem"), flag, str(folder / seal)]
    argv += ["--type", predicate, "--insecure-ignore-tlog=true", str(folder / file)]
    home = {**os.environ, "HOME": str(evidence)}
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120, env=home)


@pytest.mark.parametrize("form", FORMS, ids=["bundle", "envelope"])
def test_cosign_verifies_every_file(cosign: Path, evidence: Path, form: tuple[str, str]) -> None:
    for entry in json.loads((evidence / "out" / "manifest.json").read_bytes())["files"]:
        done = _verify(cosign, evidence, form, entry["name"])
        assert done.returncode == 0, done.stderr
        assert "Verified OK" in done.stderr
    assert _verify(cosign, evidence, form, "manifest.json").returncode == 0


@pytest.mark.parametrize("form", FORMS, ids=["bundle", "envelope"])
@pytest.mark.parametrize("file", ["manifest.json", "run.json", "records/e1.json"])
def test_cosign_refuses_a_file_with_one_flipped_byte(
    cosign: Path, evidence: Path, form: tuple[str, str], file: str
) -> None:
    _flip(evidence, file)
    done = _verify(cosign, evidence, form, file, out="flipped")
    assert done.returncode != 0
    assert "Verified OK" not in done.stderr


@pytest.mark.parametrize("form", FORMS, ids=["bundle", "envelope"])
def test_cosign_refuses_a_flipped_signature_and_another_predicate(
    cosign: Path, evidence: Path, form: tuple[str, str]
) -> None:
    sealed = json.loads((evidence / "out" / "evidence.intoto.jsonl").read_bytes())["signatures"][0]["sig"]
    _flip(evidence, form[1], at=(evidence / "out" / form[1]).read_bytes().index(sealed.encode()) + 20)
    assert _verify(cosign, evidence, form, "run.json", out="flipped").returncode != 0
    assert _verify(cosign, evidence, form, "run.json", predicate="https://slsa.dev/provenance/v1").returncode != 0


def _flip(evidence: Path, file: str, *, at: int = 100) -> None:
    shutil.rmtree(evidence / "flipped", ignore_errors=True)
    shutil.copytree(evidence / "out", evidence / "flipped")
    data = bytearray((evidence / "flipped" / file).read_bytes())
    data[at] ^= 1
    (evidence / "flipped" / file).write_bytes(bytes(data))
    public = str(evidence / "key.pub.pem")
    assert main(["evidence", "verify", str(evidence / "flipped"), "--key", public]) == 1
