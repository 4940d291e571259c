"""Calls public links, the way the conformance programme's bot does: HEAD, then GET, and what is below 400 is there.

The links come from somebody's file, so nothing inside this machine's own networks is called, also not by a redirect.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

import seatrial
from seatrial.kit.clock import Clock, SystemClock
from seatrial.kit.text import one_line

TIMEOUT = 30.0
TRIES = 3
_AT_ONCE = 8
_REDIRECTS = 10
_LONGEST_PAUSE = 20.0
_REDIRECTING = (301, 302, 303, 307, 308)
_AGAIN = (429, 500, 502, 503, 504)


class NotPublic(OSError):
    """The address is of this machine, or of a network that only some can reach."""


class _PublicOnly(AbstractResolver):
    def __init__(self) -> None:
        self._inner = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        if not all(_is_public(one["host"]) for one in found):
            raise NotPublic("its address is not public")
        return found

    async def close(self) -> None:
        await self._inner.close()


class Caller:
    """``private`` also calls what is not public: for tests on loopback."""

    def __init__(self, *, clock: Clock | None = None, timeout: float = TIMEOUT, private: bool = False) -> None:
        self._clock: Clock = clock or SystemClock()
        self._timeout, self._private = timeout, private
        self._gate = asyncio.Semaphore(_AT_ONCE)

    async def call(self, urls: Iterable[str]) -> dict[str, str]:
        """Why each link does not answer; those that do are left out."""
        wanted = list(dict.fromkeys(urls))
        resolver = None if self._private else _PublicOnly()
        connector = aiohttp.TCPConnector(resolver=resolver, limit=_AT_ONCE)
        headers = {"User-Agent": f"seatrial/{seatrial.__version__}", "Accept": "text/html,*/*;q=0.8"}
        limits = aiohttp.ClientTimeout(total=self._timeout)
        jar = aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(
            connector=connector, headers=headers, timeout=limits, cookie_jar=jar, trust_env=False
        ) as session:
            reasons = await asyncio.gather(*(self._reason(session, url) for url in wanted))
        return {url: reason for url, reason in zip(wanted, reasons, strict=True) if reason}

    async def _reason(self, session: aiohttp.ClientSession, url: str) -> str:
        async with self._gate:
            reason = ""
            for number in range(TRIES):
                if number:
                    await self._clock.sleep(min(2.0**number, _LONGEST_PAUSE))
                reason, again = await self._try(session, url)
                if not again:
                    break
            return reason

    async def _try(self, session: aiohttp.ClientSession, url: str) -> tuple[str, bool]:
        """HEAD, and GET where that did not go well: why it failed, and whether another try may help."""
        reason, again = "", False
        for method in ("HEAD", "GET"):
            try:
                status = await self._status(session, method, url)
            except NotPublic as error:
                return str(error), False
            except TimeoutError:
                reason, again = f"no answer within {self._timeout:.0f} s", True
            except (aiohttp.ClientError, OSError, ValueError) as error:
                inner = getattr(error, "os_error", None) or error
                if isinstance(inner, NotPublic) or isinstance(error.__cause__, NotPublic):
                    return "its address is not public", False
                reason, again = one_line(str(inner)) or type(error).__name__, not isinstance(error, ValueError)
            else:
                if status < 400:
                    return "", False
                reason, again = _told(status), status in _AGAIN
        return reason, again

    async def _status(self, session: aiohttp.ClientSession, method: str, url: str) -> int:
        at = URL(url)
        for _ in range(_REDIRECTS + 1):
            self._guard(at)
            async with session.request(method, at, allow_redirects=False) as response:
                to = response.headers.get("Location")
                if response.status not in _REDIRECTING or not to:
                    return response.status
                at = at.join(URL(to))
        raise ValueError(f"more than {_REDIRECTS} redirects")

    def _guard(self, url: URL) -> None:
        if url.scheme not in ("http", "https") or not url.host:
            raise ValueError("no address of the web")
        if not self._private and _is_address(url.host) and not _is_public(url.host):
            raise NotPublic("its address is not public")


def _told(status: int) -> str:
    if status == 403:
        return "status 403: programs are refused, so the programme's bot will be, too"
    if status == 429:
        return "status 429: asked to slow down, which the programme's bot counts as dead"
    return f"status {status}"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_public(host: str) -> bool:
    bare = host.partition("%")[0]
    return _is_address(bare) and ipaddress.ip_address(bare).is_global
