from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from seatrial.attest.keys import PrivateKey, read_private, read_public
from seatrial.model.errors import UsageError

KINDS = [ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()]
STRANGERS = [ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)]


@pytest.mark.parametrize("kind", KINDS, ids=["p256", "ed25519"])
@pytest.mark.parametrize("passphrase", [None, b"open sesame"])
def test_a_key_signs_and_its_public_half_accepts(
    kind: ec.EllipticCurvePrivateKey, passphrase: bytes | None, tmp_path: Path
) -> None:
    made = PrivateKey(kind)
    private, public = tmp_path / "key.pem", tmp_path / "key.pub.pem"
    private.write_bytes(made.pem(passphrase))
    public.write_bytes(made.public.pem)
    signature = read_private(private, passphrase).sign(b"content")
    trusted = read_public(public)
    assert trusted.id == made.public.id
    assert trusted.accepts(signature, b"content")
    assert not trusted.accepts(signature, b"contents")
    assert not trusted.accepts(signature[:-1], b"content")
    assert not trusted.accepts(b"", b"content")
    assert not PrivateKey.new().public.accepts(signature, b"content")


def test_a_passphrase_that_is_not_needed_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(PrivateKey.new().pem(None))
    assert read_private(path, b"set for another key").sign(b"x")


@pytest.mark.parametrize(
    ("passphrase", "what", "way_out"),
    [(None, "locked with a passphrase", "SEATRIAL_KEY_PASSPHRASE"), (b"wrong", "no private key", "the right one")],
)
def test_a_locked_key_needs_its_passphrase(passphrase: bytes | None, what: str, way_out: str, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(PrivateKey.new().pem(b"right"))
    with pytest.raises(UsageError, match=what) as error:
        read_private(path, passphrase)
    assert way_out in error.value.way_out


@pytest.mark.parametrize("stranger", STRANGERS, ids=["p384", "rsa"])
def test_other_kinds_of_key_are_refused(stranger: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    private, public = tmp_path / "key.pem", tmp_path / "key.pub.pem"
    private.write_bytes(
        stranger.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    public.write_bytes(
        stranger.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    with pytest.raises(UsageError, match="neither ECDSA on P-256 nor Ed25519"):
        read_private(private, None)
    with pytest.raises(UsageError, match="neither ECDSA on P-256 nor Ed25519"):
        read_public(public)


@pytest.mark.parametrize("data", [b"", b"\xff\x00", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_what_is_no_key_is_said_to_be_none(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=r"key\.pem holds no public key"):
        read_public(path)
    with pytest.raises(UsageError, match=r"key\.pem holds no private key"):
        read_private(path, None)


def test_a_private_key_is_not_for_verifiers(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(PrivateKey.new().pem(None))
    with pytest.raises(UsageError, match="is a private key"):
        read_public(path)


def test_a_key_in_the_format_of_cosign_is_named_as_such(tmp_path: Path) -> None:
    path = tmp_path / "cosign.key"
    path.write_text(
        "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\neyJ\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n"
    )
    with pytest.raises(UsageError, match="cosign's own format"):
        read_private(path, b"x")


def test_a_file_that_is_too_large_or_not_there_is_wrong_usage(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_public(path)
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        read_public(tmp_path)
    path.write_bytes(b"x" * 70_000)
    with pytest.raises(UsageError, match="more than any key"):
        read_public(path)
