"""Who we are to an API server: fixed credentials, a token in a file that rotates, or (``plugin``) a program.

Secrets live in memory only, and no ``repr`` shows them.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import msgspec
from cryptography import x509

from seatrial.kit import text
from seatrial.model.errors import UsageError


@dataclass(frozen=True)
class Identity:
    """What goes with each request, and the client certificate, if any, of the connection."""

    authorization: str = field(default="", repr=False)
    certificate: bytes = field(default=b"", repr=False)
    key: bytes = field(default=b"", repr=False)


class Credential(Protocol):
    async def identity(self) -> Identity: ...

    async def renew(self, stale: Identity) -> bool:
        """After a 401: whether there is now another identity than the one that was refused."""
        ...


@dataclass(frozen=True)
class Fixed:
    known: Identity

    async def identity(self) -> Identity:
        return self.known

    async def renew(self, stale: Identity) -> bool:
        return False


class TokenFile:
    """A bearer token in a file: read again whenever the file is another one, as when a service account's rotates."""

    def __init__(self, path: Path, rest: Identity) -> None:
        self._path, self._rest = path, rest
        self._seen: tuple[int, ...] = ()
        self._identity = rest

    async def identity(self) -> Identity:
        try:
            stat = self._path.stat()
            seen = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
            if seen != self._seen:
                token = self._path.read_text(encoding="utf-8")
                self._identity = Identity(bearer(token, str(self._path)), self._rest.certificate, self._rest.key)
                self._seen = seen
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{self._path}: the token cannot be read: {error}") from error
        return self._identity

    async def renew(self, stale: Identity) -> bool:
        self._seen = ()
        return await self.identity() != stale


class PluginSpec(msgspec.Struct, frozen=True, rename="camel"):
    """The ``exec`` stanza of a kubeconfig's user."""

    api_version: str
    command: str
    args: list[str] = []
    env: list[dict[str, str]] = []
    install_hint: str = ""
    provide_cluster_info: bool = False
    interactive_mode: str = "IfAvailable"


def bearer(token: str, where: str) -> str:
    token = token.strip()
    if not token or not token.isascii() or not token.isprintable():
        raise UsageError(f"{where}: the token is empty or has characters that cannot go into a header")
    return f"Bearer {token}"


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def from_base64(value: str, where: str) -> bytes:
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise UsageError(f"{where} is not base64: {error}") from error


def require_valid(certificate: bytes, where: str, now: dt.datetime) -> None:
    """Refuse a client certificate that cannot be read, or whose time is over."""
    try:
        first = x509.load_pem_x509_certificates(certificate)[0]
    except ValueError as error:
        raise UsageError(f"{where}: the client certificate is not PEM: {text.one_line(str(error))}") from error
    if first.not_valid_after_utc <= now:
        raise UsageError(
            f"{where}: the client certificate expired at {first.not_valid_after_utc:%Y-%m-%d %H:%M:%S} UTC",
            way_out="get a new kubeconfig from whoever gave out this one",
        )
    if first.not_valid_before_utc > now:
        raise UsageError(
            f"{where}: the client certificate is valid only from {first.not_valid_before_utc:%Y-%m-%d %H:%M:%S} UTC on",
            way_out="compare the clock of this machine with the cluster's",
        )
