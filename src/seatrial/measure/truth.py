"""What a simulated model server says that it did, request by request, and how far a client's word is from it."""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping

import msgspec

from seatrial.kit.histogram import Counts, Histogram
from seatrial.measure.prompts import address
from seatrial.model.errors import Unreachable, UsageError
from seatrial.model.load_result import Ending, Row

_PAGE = 20_000
_TIMEOUT = 60.0
_MOST = 1 << 30  # bytes of one page
_WAY_OUT = "start one with `seatrial lab model-server --mode fixed`, and name its address"


class Did(msgspec.Struct, frozen=True):
    """Nanoseconds on the server's clock."""

    id: str = ""
    seq: int = 0
    arrived_ns: int = 0
    first_ns: int = 0
    last_ns: int = 0
    events: int = 0
    completion_tokens: int = 0
    late_max_ns: int = 0


class Errors(msgspec.Struct, frozen=True, kw_only=True):
    """How far from the truth the client was, in nanoseconds, either way; and how far from its schedule the server."""

    requests: int
    unmatched: int
    ttft: Counts
    per_token: Counts
    server_late: Counts


def errors(rows: Iterator[Row], truth: Mapping[str, Did], seed: int) -> Errors:
    ttft, per_token, late = Histogram(), Histogram(), Histogram()
    unmatched = requests = 0
    for row in rows:
        did = truth.get(f"{seed}-{row.index}")
        if did is None or row.ending is not Ending.OK or row.first < 0:
            unmatched += 1
            continue
        requests += 1
        ttft.record(abs((row.first - row.sent) - (did.first_ns - did.arrived_ns)))
        late.record(did.late_max_ns)
        if did.completion_tokens > 1:
            seen, true = row.last - row.first, did.last_ns - did.first_ns
            per_token.record(round(abs(seen - true) / (did.completion_tokens - 1)))
    return Errors(
        requests=requests,
        unmatched=unmatched,
        ttft=ttft.counts(),
        per_token=per_token.counts(),
        server_late=late.counts(),
    )


class Truth:
    """Of the server at this address; ``take`` gives what it did since it was last asked."""

    def __init__(self, url: str) -> None:
        self._where = address(url)
        self._since = 0
        for _ in self._page(limit=1):
            pass

    def take(self) -> dict[str, Did]:
        found: dict[str, Did] = {}
        while True:
            page = [did for did in self._page(limit=_PAGE) if did.seq >= self._since]
            if not page:
                return found
            found.update((did.id, did) for did in page)
            self._since = max(did.seq for did in page) + 1

    def _page(self, limit: int) -> Iterator[Did]:
        kind = http.client.HTTPSConnection if self._where.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._where.hostname or "", self._where.port, timeout=_TIMEOUT)
        try:
            connection.request("GET", f"/truth?since={self._since}&limit={limit}")
            answer = connection.getresponse()
            body = answer.read(_MOST)
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"{self._where.netloc} does not answer: {error}", way_out=_WAY_OUT) from error
        finally:
            connection.close()
        if answer.status != 200:
            raise UsageError(f"{self._where.netloc} tells no truth ({answer.status})", way_out=_WAY_OUT)
        for line in body.splitlines():
            try:
                did = msgspec.json.decode(line, type=Did)
            except msgspec.DecodeError as error:
                raise UsageError(f"{self._where.netloc} tells no truth: {error}", way_out=_WAY_OUT) from error
            if did.id:
                yield did
