"""The lab's own certificate authority, and a key pair for everyone who speaks in it. Files are 0600, keys never leave the lab's folder."""

from __future__ import annotations

import datetime as dt
import ipaddress
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from seatrial.kit import files

_LIFE = dt.timedelta(days=365)


class Pair(msgspec.Struct, frozen=True):
    cert: Path
    key: Path


class Authority:
    """Signs for one lab. Loaded from its folder, or made there the first time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.ca = Pair(folder / "ca.crt", folder / "ca.key")
        if not self.ca.key.exists():
            self._make_ca()
        self._key = serialization.load_pem_private_key(self.ca.key.read_bytes(), password=None)
        self._cert = x509.load_pem_x509_certificate(self.ca.cert.read_bytes())

    def pair(self, name: str, *, user: str = "", groups: tuple[str, ...] = (), hosts: tuple[str, ...] = ()) -> Pair:
        """The pair of that name: made once, for a user with groups, a server with host names and addresses, or both."""
        pair = Pair(self.folder / f"{name}.crt", self.folder / f"{name}.key")
        if pair.cert.exists():
            return pair
        key = ec.generate_private_key(ec.SECP256R1())
        subject = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
        subject.append(x509.NameAttribute(NameOID.COMMON_NAME, user or name))
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH, *([ExtendedKeyUsageOID.SERVER_AUTH] if hosts else [])]
        builder = _dated(x509.Name(subject), self._cert.subject, key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        if hosts:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_alternative(host) for host in hosts]), critical=False
            )
        assert isinstance(self._key, ec.EllipticCurvePrivateKey)
        cert = builder.sign(self._key, hashes.SHA256())
        files.write(pair.key, _pem(key))
        files.write(pair.cert, cert.public_bytes(serialization.Encoding.PEM))
        return pair

    def signing_key(self, name: str) -> Path:
        """A bare private key: the API server signs service account tokens with one."""
        path = self.folder / f"{name}.key"
        if not path.exists():
            files.write(path, _pem(ec.generate_private_key(ec.SECP256R1())))
        return path

    def _make_ca(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "seatrial lab")])
        builder = _dated(name, name, key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        usage = {"digital_signature": True, "key_cert_sign": True, "crl_sign": True}
        builder = builder.add_extension(_key_usage(usage), critical=True)
        files.write(self.ca.cert, builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        files.write(self.ca.key, _pem(key))


def _dated(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + _LIFE)
    )


def _key_usage(wanted: dict[str, bool]) -> x509.KeyUsage:
    every = [
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ]
    return x509.KeyUsage(**{usage: wanted.get(usage, False) for usage in every})


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
