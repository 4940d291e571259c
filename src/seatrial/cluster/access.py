"""Everything it takes to talk to one API server: its address, how to trust it, who we are, and the way through a proxy."""

from __future__ import annotations

import ipaddress
import os
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from seatrial.cluster.credentials import Credential, Identity
from seatrial.kit import text
from seatrial.model.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Access:
    server: str  # with its path, where the API lives under one
    credential: Credential = field(repr=False)
    name: str = ""  # of the context, or what stands for it
    namespace: str = "default"
    authority: bytes | None = field(default=None, repr=False)  # None: what this machine trusts
    verify: bool = True
    server_name: str = ""  # expected in the server's certificate, where it is not the host of the address
    proxy: str = field(default="", repr=False)  # may hold a password
    impersonate: tuple[tuple[str, str], ...] = ()  # headers

    @property
    def secure(self) -> bool:
        return self.server.startswith("https://")

    def tls(self, identity: Identity) -> ssl.SSLContext:
        """A context for connections under this identity."""
        try:
            context = ssl.create_default_context(cadata=self.authority.decode("ascii") if self.authority else None)
        except (ssl.SSLError, ValueError) as error:
            raise UsageError(
                f"{self.name}: the certificate authority cannot be read: {error}",
                way_out="certificate-authority-data has to be a base64 of PEM certificates",
            ) from error
        # Many clusters' own authorities lack extensions that the strict mode of newer Pythons asks for.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if identity.certificate:
            _load_pair(context, identity, self.name)
        return context


def _load_pair(context: ssl.SSLContext, identity: Identity, name: str) -> None:
    with _unnamed_file(identity.certificate + b"\n" + identity.key) as path:
        try:
            context.load_cert_chain(path, password=_no_password)
        except (ssl.SSLError, OSError, ValueError) as error:
            raise UsageError(
                f"{name}: the client certificate and its key cannot be used: {error}",
                way_out="both have to be PEM, belong together, and the key must not be encrypted",
            ) from error


def _no_password() -> str:
    raise ValueError("the key is encrypted")


@contextmanager
def _unnamed_file(data: bytes) -> Iterator[str]:
    """OpenSSL reads keys from files alone: one in memory where the system can, else a private one, gone at once."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("seatrial", os.MFD_CLOEXEC)
        try:
            with os.fdopen(os.dup(descriptor), "wb") as file:
                file.write(data)
            yield f"/proc/self/fd/{descriptor}"
        finally:
            os.close(descriptor)
        return
    with tempfile.NamedTemporaryFile() as private:
        private.write(data)
        private.flush()
        yield private.name


def proxy_from(env: Mapping[str, str], server: str) -> str:
    """The proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name for this server, if any; never for this machine itself."""
    url = urlsplit(server)
    host = url.hostname or ""
    names = ("HTTPS_PROXY", "https_proxy") if url.scheme == "https" else ("HTTP_PROXY", "http_proxy")
    proxy = next((env[name] for name in names if env.get(name)), "")
    exempt = env.get("NO_PROXY") or env.get("no_proxy") or ""
    if not proxy or _is_local(host) or any(_matches(host, rule.strip()) for rule in exempt.split(",")):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def require_proxy(proxy: str, where: str) -> str:
    if proxy and urlsplit(proxy).scheme not in ("http", "https", "socks5", "socks5h"):
        raise UsageError(f"{where}: proxy-url {text.one_line(proxy, limit=40)!r} is neither http, https nor socks5")
    return proxy


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _matches(host: str, rule: str) -> bool:
    if not rule:
        return False
    if rule in ("*", host) or host.endswith("." + rule.lstrip("*.")):
        return True
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(rule, strict=False)
    except ValueError:
        return False
