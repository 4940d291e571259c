"""The limit: the same lists, fetched raw and thrown away. Several ways to ask are tried; the quickest counts."""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from benchmarks.fleet_store import context
from seatrial.lab.site import Site

_HEAD = 4096
_CONTINUE = re.compile(rb'"continue":"([^"]+)"')


@dataclass(frozen=True)
class Way:
    how: str
    query: str
    connections: int
    accept: str = "application/json"


WAYS = (
    Way("whole lists out of the API server's cache, 2 connections", "?resourceVersion=0", 2),
    Way("whole lists, 2 connections", "", 2),
    Way("pages of 500, 6 connections", "?limit=500", 6),
    Way("pages of 10,000, 6 connections", "?limit=10000", 6),
)


# Fewer bytes and less work for the API server, and not how check reads. What has no such form comes as JSON.
PACKED = Way(
    "whole lists out of the API server's cache in protobuf, 2 connections",
    "?resourceVersion=0",
    2,
    "application/vnd.kubernetes.protobuf,application/json",
)


@dataclass(frozen=True)
class Download:
    way: Way
    seconds: float
    size: int


def downloaded(site: Site, paths: Sequence[str], ways: Sequence[Way]) -> list[Download]:
    """In each of these ways, the quickest first."""
    return sorted((_download(site, paths, way) for way in ways), key=lambda one: one.seconds)


def _download(site: Site, paths: Sequence[str], way: Way) -> Download:
    begun = time.perf_counter()
    with ThreadPoolExecutor(way.connections) as pool:
        shares = [paths[number :: way.connections] for number in range(way.connections)]
        size = sum(pool.map(lambda share: _fetch(site, share, way), shares))
    return Download(way, time.perf_counter() - begun, size)


def _fetch(site: Site, paths: Sequence[str], way: Way) -> int:
    """Bytes of all of these lists, read into one buffer that nobody looks at but for how a list goes on."""
    connection = http.client.HTTPSConnection("127.0.0.1", site.ports["kube-apiserver"], context=context(site, "admin"))
    buffer = memoryview(bytearray(1 << 20))
    size = 0
    for path in paths:
        more: str | None = ""
        while more is not None:
            connection.request("GET", path + way.query + more, headers={"Accept": way.accept})
            answer = connection.getresponse()
            if answer.status != 200:
                raise RuntimeError(f"{path}: {answer.status}")
            head = b""
            while read := answer.readinto(buffer):
                size += read
                if len(head) < _HEAD:
                    head += bytes(buffer[: min(read, _HEAD)])
            found = _CONTINUE.search(head[: max(head.find(b'"items"'), 0)])
            more = f"&continue={found[1].decode()}" if found else None
    connection.close()
    return size
