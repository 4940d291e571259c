"""Keys that sign and verify: ECDSA on P-256, or Ed25519, as PEM; a private one may be locked with a passphrase."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from seatrial.model.errors import UsageError

PASSPHRASE = "SEATRIAL_KEY_PASSPHRASE"
_ALGORITHM = ec.ECDSA(hashes.SHA256())
_LARGEST = 64 << 10

Private = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
Public = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


class PublicKey:
    def __init__(self, key: Public) -> None:
        self._key = key
        encoded = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self._digest = hashlib.sha256(encoded)

    @property
    def id(self) -> str:
        """The sha256 of the key."""
        return self._digest.hexdigest()

    @property
    def hint(self) -> str:
        """The same, as a Sigstore bundle has it."""
        return base64.b64encode(self._digest.digest()).decode()

    @property
    def pem(self) -> bytes:
        return self._key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def accepts(self, signature: bytes, content: bytes) -> bool:
        try:
            if isinstance(self._key, ed25519.Ed25519PublicKey):
                self._key.verify(signature, content)
            else:
                self._key.verify(signature, content, _ALGORITHM)
        except InvalidSignature:
            return False
        return True


class PrivateKey:
    def __init__(self, key: Private) -> None:
        self._key = key

    @classmethod
    def new(cls) -> PrivateKey:
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @property
    def public(self) -> PublicKey:
        return PublicKey(self._key.public_key())

    def sign(self, content: bytes) -> bytes:
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return self._key.sign(content)
        return self._key.sign(content, _ALGORITHM)

    def pem(self, passphrase: bytes | None) -> bytes:
        lock: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if passphrase:
            lock = serialization.BestAvailableEncryption(passphrase)
        return self._key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)


def read_private(path: Path, passphrase: bytes | None) -> PrivateKey:
    data = _read(path)
    if b"ENCRYPTED SIGSTORE PRIVATE KEY" in data or b"ENCRYPTED COSIGN PRIVATE KEY" in data:
        raise UsageError(f"{path} is locked in cosign's own format", way_out="make a key with `seatrial evidence key`")
    try:
        key = serialization.load_pem_private_key(data, passphrase or None)
    except TypeError as error:  # a passphrase where none is needed, or none where one is
        if passphrase:
            return read_private(path, None)
        raise UsageError(f"{path} is locked with a passphrase", way_out=f"put it into {PASSPHRASE}") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        way_out = f"is the passphrase in {PASSPHRASE} the right one?" if passphrase else _WAY_OUT
        raise UsageError(f"{path} holds no private key that can be read", way_out=way_out) from error
    if isinstance(key, ed25519.Ed25519PrivateKey) or (
        isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1)
    ):
        return PrivateKey(key)
    raise UsageError(f"{path} is neither ECDSA on P-256 nor Ed25519", way_out=_WAY_OUT)


def read_public(path: Path) -> PublicKey:
    data = _read(path)
    if b"PRIVATE KEY" in data:
        raise UsageError(f"{path} is a private key", way_out="give verifiers the public one, and keep this to yourself")
    try:
        key = serialization.load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UsageError(f"{path} holds no public key that can be read", way_out=_WAY_OUT) from error
    if isinstance(key, ed25519.Ed25519PublicKey) or (
        isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
    ):
        return PublicKey(key)
    raise UsageError(f"{path} is neither ECDSA on P-256 nor Ed25519", way_out=_WAY_OUT)


_WAY_OUT = "name a PEM file with an ECDSA P-256 or Ed25519 key; `seatrial evidence key` makes one"


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", way_out=_WAY_OUT) from error
    if len(data) > _LARGEST:
        raise UsageError(f"{path} is over {_LARGEST} bytes, more than any key", way_out=_WAY_OUT)
    return data
