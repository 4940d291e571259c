"""Exports a run's metrics to a collector over HTTP, at an interval and at the end.

It has a thread of its own in the process that adds up, which is none of those that send. Histograms are cumulative, so that an
export that fails is made good by the next one; what fails is said, and changes nothing of the measurement.
"""

from __future__ import annotations

import gzip
import http.client
import ssl
import threading
import time

from seatrial import __version__
from seatrial.kit.text import one_line
from seatrial.measure.collector import JSON, PROTOBUF, Collector
from seatrial.measure.genai import ClientMetrics
from seatrial.measure.otlp import document, encoder, refused, resource
from seatrial.measure.prompts import address
from seatrial.model.errors import UsageError
from seatrial.model.load import Plan
from seatrial.model.load_result import Part

_TRIES, _PAUSE = 3, 1.0  # for the last export, that nothing makes good
_AGAIN = (429, 502, 503, 504)
_MOST = 64 << 10
_TYPES = {PROTOBUF: "application/x-protobuf", JSON: "application/json"}


class Exporter:
    """Hears each run of one command, one after the other: ``begin``, every part, ``end``."""

    def __init__(self, collector: Collector) -> None:
        self._post = _Post(collector)
        self._collector = collector
        self._runs: list[_Run] = []

    def begin(self, plan: Plan) -> None:
        self._runs.append(_Run(self._post, ClientMetrics(plan), resource(self._collector), self._collector.every))

    def take(self, part: Part) -> None:
        self._runs[-1].take(part)

    def end(self) -> None:
        """Whoever measured does not wait longer for a collector than for one answer of it."""
        self._runs[-1].end(self._collector.timeout)

    @property
    def outcome(self) -> str:
        """In a line, for whoever asked for it."""
        done, failed = sum(one.done for one in self._runs), sum(one.failed for one in self._runs)
        if not failed:
            return f"metrics: {done} exports to {self._collector.url}"
        trouble = next(one.trouble for one in reversed(self._runs) if one.trouble)
        return f"metrics: {failed} of {done + failed} exports to {self._collector.url} failed: {trouble}"


class _Run:
    def __init__(self, post: _Post, metrics: ClientMetrics, resource: dict[str, str], every: float) -> None:
        self._post, self._metrics, self._resource, self._every = post, metrics, resource, every
        self.done = self.failed = 0
        self.trouble = ""
        self._begun = time.time_ns()
        self._lock, self._over = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="otlp", daemon=True)
        self._thread.start()

    def take(self, part: Part) -> None:
        with self._lock:
            self._metrics.add(part)

    def end(self, within: float) -> None:
        self._over.set()
        self._thread.join(within)
        if self._thread.is_alive():
            self._fails(f"no answer within {within:g} s")

    def _work(self) -> None:
        while not self._over.wait(self._every):
            if why := self._exported()[0]:
                self._fails(why)
        for left in reversed(range(_TRIES)):
            why, again = self._exported()
            if why and not (again and left):
                self._fails(why)
            if not (why and again and left):
                return
            time.sleep(_PAUSE)

    def _exported(self) -> tuple[str, bool]:
        """Why it failed, if it did, and whether it may be tried again."""
        with self._lock:
            told = document(self._metrics, self._resource, self._begun, time.time_ns())
        if told is None:
            return "", False
        why, again = self._post(told)
        if not why:
            self.done += 1
        return why, again

    def _fails(self, why: str) -> None:
        self.failed += 1
        self.trouble = why


class _Post:
    """One request to the collector, from any thread."""

    def __init__(self, collector: Collector) -> None:
        self._to, self._place = collector, address(collector.url)
        self._protocol, self._encode = encoder(collector.protocol)
        self._tls = _context(collector) if self._place.scheme == "https" else None

    def __call__(self, told: dict[str, object]) -> tuple[str, bool]:
        try:
            status, answer = self._answer(self._encode(told))
        except (OSError, http.client.HTTPException) as error:
            return one_line(str(error), limit=200) or type(error).__name__, True
        if status not in (200, 202):
            why = f"it answers {status} {one_line(answer.decode(errors='replace'), limit=200)}"
            return why.rstrip(), status in _AGAIN
        return refused(self._protocol, answer), False

    def _answer(self, body: bytes) -> tuple[int, bytes]:
        to, place = self._to, self._place
        headers = {"Content-Type": _TYPES[self._protocol], "User-Agent": f"seatrial/{__version__}", **dict(to.headers)}
        if to.zipped:
            body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
        connection = self._connection()
        try:
            connection.request("POST", f"{place.path}{'?' + place.query if place.query else ''}", body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(_MOST)
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        host, port, timeout = self._place.hostname or "", self._place.port, self._to.timeout
        if self._tls is not None:
            return http.client.HTTPSConnection(host, port, timeout=timeout, context=self._tls)
        return http.client.HTTPConnection(host, port, timeout=timeout)


def _context(collector: Collector) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=collector.ca or None)
        if collector.certificate:
            context.load_cert_chain(collector.certificate, collector.key or None)
    except OSError as error:
        raise UsageError(
            f"the certificates for {collector.url} cannot be used: {error}", way_out="look at OTEL_EXPORTER_OTLP_*"
        ) from error
    return context
