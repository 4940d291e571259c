"""Exports to a collector on loopback: what it gets is what the run measured; what it does not take is said, and no more."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from seatrial.app import load
from seatrial.measure.collector import collector
from seatrial.measure.exporter import Exporter
from seatrial.measure.genai import DURATION, FIRST, PER_CHUNK, USAGE
from seatrial.model.load_result import Ending, LoadResult
from tests.unit.measure.run import open_plan
from tests.unit.measure.server import plain, serving


class Taken:
    """What a collector was sent: headers and bodies, in their order."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""


Answers = Callable[[int], tuple[int, bytes]]


@contextmanager
def receiving(answers: Answers = lambda number: (200, b"")) -> Iterator[Taken]:
    """``answers`` with a status and a body to the request of this number."""
    taken = Taken()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/metrics"
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.bodies.append(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
            taken.headers.append({name.lower(): value for name, value in self.headers.items()})
            status, said = answers(len(taken.bodies))
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *args: object) -> None:
            """Nothing on the terminal of a test."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    taken.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield taken
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def exporter(url: str, **environment: str) -> Exporter:
    found = collector(url, {f"OTEL_EXPORTER_OTLP_{name}": value for name, value in environment.items()})
    assert found is not None
    return Exporter(found)


def sent(to: Exporter, **more: Any) -> LoadResult:
    with serving(plain(tokens=3, ttft=0.005, gap=0.02)) as server:
        return load.send(open_plan(server.url, rate=50, seconds=0.4, **more), load.How(listener=to))


def points(body: Any) -> dict[str, list[Any]]:
    (of,) = body["resourceMetrics"]
    (scope,) = of["scopeMetrics"]
    return {one["name"]: one["histogram"]["dataPoints"] for one in scope["metrics"]}


def attributes(of: Any) -> dict[str, Any]:
    return {one["key"]: next(iter(one["value"].values())) for one in of["attributes"]}


def test_the_last_export_has_the_whole_run() -> None:
    with receiving() as taken:
        to = exporter(taken.url, PROTOCOL="http/json")
        result = sent(to)
    told = points(json.loads(taken.bodies[-1]))
    assert set(told) == {DURATION.name, FIRST.name, PER_CHUNK.name, USAGE.name}
    (whole,), (first,), (gaps,) = told[DURATION.name], told[FIRST.name], told[PER_CHUNK.name]
    seen = result.distributions
    assert int(whole["count"]) == sum(map(int, whole["bucketCounts"])) == result.endings[Ending.OK] == 20
    assert whole["sum"] == pytest.approx(seen.whole_sent.sum / 1e9)
    assert first["sum"] == pytest.approx(seen.ttft_sent.sum / 1e9)
    assert (gaps["min"], gaps["max"]) == pytest.approx((seen.gaps.least / 1e9, seen.gaps.most / 1e9))
    usage = {attributes(one)["gen_ai.token.type"]: one["sum"] for one in told[USAGE.name]}
    assert usage == {"input": 20 * 7, "output": 20 * 3}
    (of,) = json.loads(taken.bodies[-1])["resourceMetrics"]
    assert attributes(of["resource"])["service.name"] == "seatrial"
    assert taken.headers[-1]["content-type"] == "application/json"
    assert to.outcome == f"metrics: {len(taken.bodies)} exports to {taken.url}/v1/metrics"


def test_the_official_package_reads_the_binary_form() -> None:
    service = pytest.importorskip("opentelemetry.proto.collector.metrics.v1.metrics_service_pb2")
    with receiving() as taken:
        result = sent(exporter(taken.url, COMPRESSION="gzip", HEADERS="authorization=Bearer%20geheim"))
    assert taken.headers[-1]["content-type"] == "application/x-protobuf"
    assert taken.headers[-1]["authorization"] == "Bearer geheim"
    request = service.ExportMetricsServiceRequest.FromString(taken.bodies[-1])
    (scope,) = request.resource_metrics[0].scope_metrics
    assert scope.schema_url == "https://opentelemetry.io/schemas/1.41.1"
    found = {one.name: one for one in scope.metrics}
    (point,) = found[DURATION.name].histogram.data_points
    assert found[DURATION.name].unit == "s"
    assert found[DURATION.name].histogram.aggregation_temporality == 2  # cumulative
    assert list(point.explicit_bounds) == list(DURATION.bounds)
    assert (point.count, sum(point.bucket_counts)) == (result.requests, result.requests)
    assert {one.key: one.value.WhichOneof("value") for one in point.attributes}["server.port"] == "int_value"


def test_it_is_told_while_the_run_goes() -> None:
    with receiving() as taken:
        found = collector(taken.url, {"OTEL_METRIC_EXPORT_INTERVAL": "100", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"})
        assert found is not None
        with serving(plain(tokens=2, ttft=0, gap=0)) as server:
            load.send(open_plan(server.url, rate=20, seconds=3), load.How(listener=Exporter(found)))
    counts = [int(points(json.loads(body))[DURATION.name][0]["count"]) for body in taken.bodies]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1] == 60
    starts = {points(json.loads(body))[DURATION.name][0]["startTimeUnixNano"] for body in taken.bodies}
    assert len(starts) == 1


def test_each_run_of_a_command_is_an_instance_of_its_own() -> None:
    with receiving() as taken:
        to = exporter(taken.url, PROTOCOL="http/json")
        sent(to)
        sent(to)
    instances = {
        attributes(json.loads(body)["resourceMetrics"][0]["resource"])["service.instance.id"] for body in taken.bodies
    }
    assert len(instances) == 2


def test_a_collector_that_is_not_there_is_said_and_changes_nothing() -> None:
    with receiving() as gone:
        url = gone.url
    to = exporter(url, TIMEOUT="4000")
    result = sent(to)
    assert result.endings == {Ending.OK: 20}
    assert "1 of 1 exports" in to.outcome
    assert "refused" in to.outcome


@pytest.mark.parametrize(
    ("status", "said", "told"),
    [
        (403, b"no \x1b[31mleave", "it answers 403 no \\x1b[31mleave"),
        (
            200,
            b'{"partialSuccess": {"rejectedDataPoints": "3", "errorMessage": "too old"}}',
            "it left 3 points out: too old",
        ),
        (200, b"{[", ""),
        (200, b'{"partialSuccess": {"rejectedDataPoints": "many"}}', ""),
    ],
)
def test_what_a_collector_refuses_is_said(status: int, said: bytes, told: str) -> None:
    with receiving(lambda _: (status, said)) as taken:
        to = exporter(taken.url, PROTOCOL="http/json")
        result = sent(to)
    assert result.endings == {Ending.OK: 20}
    assert len(taken.bodies) == 1, "what is refused is not sent again"
    assert told in to.outcome if told else "failed" not in to.outcome


def test_a_collector_that_is_busy_is_asked_again_at_the_end() -> None:
    with receiving(lambda number: (503 if number == 1 else 200, b"")) as taken:
        to = exporter(taken.url, PROTOCOL="http/json")
        sent(to)
    assert len(taken.bodies) == 2
    assert to.outcome.startswith("metrics: 1 exports")
