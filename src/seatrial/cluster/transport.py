"""HTTP to one API server: one request at a time, retried where the server asks for it, with a limit on everything.

Errors of the network and of TLS become Unreachable here, with the address and the way out.
"""

from __future__ import annotations

import math
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
import msgspec
from multidict import CIMultiDict
from yarl import URL

import seatrial
from seatrial.cluster.access import Access
from seatrial.cluster.answer import Answer, error_of
from seatrial.cluster.credentials import Identity
from seatrial.kit import text
from seatrial.kit.clock import Clock, SystemClock
from seatrial.model.errors import Unreachable, UsageError

JSON = "application/json"

_TRIES = 5
_LONGEST_PAUSE = 30.0
_CONNECT = 10.0
_HERE = ("127.0.0.1", "::1", "localhost")
_NEAR = 0.01  # seconds: to a server that answers within them, packing takes longer than sending

Parameters = Mapping[str, str] | list[tuple[str, str]]


class Transport:
    def __init__(
        self,
        access: Access,
        *,
        timeout: float = 30.0,
        clock: Clock | None = None,
        largest: int = 256 << 20,
        at_once: int = 32,
    ) -> None:
        self.access = access
        self.clock: Clock = clock or SystemClock()
        self._timeout, self._largest, self._at_once = timeout, largest, at_once
        self._session: aiohttp.ClientSession | None = None
        self._tls: tuple[Identity, ssl.SSLContext] | None = None
        self._breaks: tuple[type[Exception], ...] = (aiohttp.ClientError, OSError)
        self._quickest = math.inf
        self._is_here = urlsplit(access.server).hostname in _HERE and not access.proxy

    @property
    def address(self) -> str:
        return text.one_line(self.access.server)

    async def open(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=self._connector(), trust_env=False, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=True
        )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(
        self,
        method: str,
        path: str,
        *,
        params: Parameters | None = None,
        body: Any = None,
        content_type: str = JSON,
        accept: str = JSON,
    ) -> Answer:
        """One request and its whole answer, whatever its status. 401 renews our credential once; 429 and 503 may wait."""
        data = None if body is None else msgspec.json.encode(body)
        headers = {"Accept": accept} if data is None else {"Accept": accept, "Content-Type": content_type}
        limits = aiohttp.ClientTimeout(total=self._timeout, sock_connect=min(_CONNECT, self._timeout))
        for tries_left in reversed(range(_TRIES)):
            async with self._respond(
                method, path, params=params, headers=headers, limits=limits, data=data
            ) as response:
                pause = _pause(response)
                if pause is None or not tries_left:
                    return Answer(response.status, await self._read(response))
            await self.clock.sleep(pause)
        raise AssertionError("the last try answers or raises")

    @asynccontextmanager
    async def stream(
        self, path: str, *, params: Parameters, idle: float, accept: str = JSON
    ) -> AsyncIterator[AsyncGenerator[bytes, None]]:
        """The lines of an answer that goes on for as long as it likes, though never silent for longer than ``idle``."""
        async with self._good(path, params=params, accept=accept, idle=idle) as response:
            yield self._lines(response)

    @asynccontextmanager
    async def parts(self, path: str, *, params: Parameters) -> AsyncIterator[AsyncGenerator[bytes, None]]:
        """One answer as it comes, in whatever parts, however many; never silent for longer than any answer may take."""
        async with self._good(path, params=params, accept=JSON, idle=self._timeout) as response:
            yield self._parts(response)

    @asynccontextmanager
    async def _good(
        self, path: str, *, params: Parameters, accept: str, idle: float
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """An answer that has begun well, and may go on. 429 and 503 may wait."""
        limits = aiohttp.ClientTimeout(total=None, sock_connect=min(_CONNECT, self._timeout), sock_read=idle)
        for tries_left in reversed(range(_TRIES)):
            async with self._respond("GET", path, params=params, headers={"Accept": accept}, limits=limits) as response:
                pause = _pause(response) if tries_left else None
                if pause is None:
                    if response.status != 200:
                        raise error_of(Answer(response.status, await self._read(response)), self.address)
                    yield response
                    return
            await self.clock.sleep(pause)

    @asynccontextmanager
    async def socket(
        self, path: str, *, params: Parameters, protocols: tuple[str, ...], largest: int
    ) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        for renewable in (True, False):
            identity = await self.access.credential.identity()
            try:
                async with self._live().ws_connect(
                    self._url(path, params),
                    protocols=protocols,
                    max_msg_size=largest,
                    autoping=True,
                    timeout=aiohttp.ClientWSTimeout(ws_close=2.0),
                    **self._common(identity, {}),
                ) as socket:
                    yield socket
                    return
            except aiohttp.WSServerHandshakeError as error:
                if error.status == 401 and renewable and await self.access.credential.renew(identity):
                    continue
                raise error_of(Answer(error.status, b""), self.address) from error
            except self._breaks as error:
                raise self._unreachable(error) from error

    @asynccontextmanager
    async def _respond(
        self,
        method: str,
        path: str,
        *,
        params: Parameters | None,
        headers: Mapping[str, str],
        limits: aiohttp.ClientTimeout,
        data: bytes | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        for renewable in (True, False):
            identity = await self.access.credential.identity()
            begun = self.clock.monotonic()
            try:
                async with self._live().request(
                    method,
                    self._url(path, params),
                    data=data,
                    timeout=limits,
                    allow_redirects=False,  # our credentials are meant for this server alone
                    **self._common(identity, headers),
                ) as response:
                    self._quickest = min(self._quickest, self.clock.monotonic() - begun)
                    if response.status == 401 and renewable and await self.access.credential.renew(identity):
                        continue
                    yield response
                    return
            except self._breaks as error:
                raise self._unreachable(error) from error

    def _common(self, identity: Identity, headers: Mapping[str, str]) -> dict[str, Any]:
        sent = CIMultiDict({"User-Agent": f"seatrial/{seatrial.__version__}", **headers})
        if self._is_here or self._quickest < _NEAR:
            sent["Accept-Encoding"] = "identity"
        sent.extend(self.access.impersonate)
        if identity.authorization:
            sent["Authorization"] = identity.authorization
        common: dict[str, Any] = {"headers": sent}
        if self.access.secure:
            common |= {"ssl": self._context(identity), "server_hostname": self.access.server_name or None}
        if self.access.proxy and not self.access.proxy.startswith("socks5"):
            common["proxy"] = self.access.proxy
        return common

    def _context(self, identity: Identity) -> ssl.SSLContext:
        if self._tls is None or self._tls[0] != identity:
            self._tls = (identity, self.access.tls(identity))
        return self._tls[1]

    def _connector(self) -> aiohttp.BaseConnector:
        proxy = self.access.proxy
        if not proxy.startswith("socks5"):
            return aiohttp.TCPConnector(limit=self._at_once)
        try:
            import aiohttp_socks
        except ImportError as error:
            raise UsageError(
                f"{self.access.name}: proxy-url is a SOCKS proxy, which takes a library that is not installed",
                way_out="pip install aiohttp-socks",
            ) from error
        self._breaks += (aiohttp_socks.ProxyError, aiohttp_socks.ProxyConnectionError, aiohttp_socks.ProxyTimeoutError)
        remote_names = proxy.startswith("socks5h://")
        return aiohttp_socks.ProxyConnector.from_url(
            proxy.replace("socks5h://", "socks5://", 1), rdns=remote_names or None, limit=self._at_once
        )

    def _live(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("this connection is not open; enter it with 'async with'")
        return self._session

    def _url(self, path: str, params: Parameters | None) -> URL:
        query = f"?{urlencode(params, quote_via=quote)}" if params else ""
        return URL(f"{self.access.server}{path}{query}", encoded=True)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        parts, size = [], 0
        async for part in response.content.iter_any():
            size += len(part)
            self.bear(size)
            parts.append(part)
        return b"".join(parts)

    async def _parts(self, response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
        async for part in response.content.iter_any():
            yield part

    def bear(self, size: int) -> None:
        """Raises Unreachable where that is more at once than anything that we ask for."""
        if size > self._largest:
            raise Unreachable(
                f"{self.address} answered with more than {self._largest >> 20} MiB at once",
                way_out="this is far more than an API server sends; look at what stands at this address",
            )

    async def _lines(self, response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
        rest = bytearray()
        async for part in response.content.iter_any():
            *lines, tail = part.split(b"\n")
            for line in lines:
                rest += line
                if rest:
                    yield bytes(rest)
                rest.clear()
            rest += tail
            if len(rest) > self._largest:
                raise Unreachable(f"{self.address} sent one event of more than {self._largest >> 20} MiB")
        if rest:
            yield bytes(rest)

    def _unreachable(self, error: Exception) -> Unreachable:
        said = text.one_line(str(error)) or type(error).__name__
        what, way_out = next(reason[1:] for reason in _REASONS if isinstance(error, reason[0]))
        host = urlsplit(self.access.proxy).hostname
        through = f" through the proxy {host}" if host else ""
        limit = f" ({self._timeout:.0f} s)" if isinstance(error, TimeoutError) else ""
        return Unreachable(f"{self.address}{through}: {what}{limit}: {said}", way_out=way_out)


_REASONS: tuple[tuple[tuple[type[Exception], ...], str, str], ...] = (
    (
        (aiohttp.ClientConnectorCertificateError, ssl.SSLCertVerificationError),
        "its certificate is not trusted",
        "certificate-authority-data in the kubeconfig has to be of its signer, and tls-server-name a name that it holds",
    ),
    ((aiohttp.ClientSSLError, ssl.SSLError), "TLS failed", "look whether this address speaks TLS at all"),
    ((aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError), "the proxy fails", "look at proxy-url or HTTPS_PROXY"),
    ((TimeoutError,), "no answer in time", "look whether the address is right and the way to it open; --request-timeout allows more"),
    ((aiohttp.ClientConnectorError,), "cannot connect", "look whether the address is right and the cluster is up"),
    ((Exception,), "the connection broke", "try again; look whether the cluster is up"),
)  # fmt: skip


def _pause(response: aiohttp.ClientResponse) -> float | None:
    """How long the server asks us to wait before we ask again, if it does and that is bearable."""
    asked = response.headers.get("Retry-After", "")
    if response.status not in (429, 503) or not asked.isdecimal() or float(asked) > _LONGEST_PAUSE:
        return None
    return float(asked)
