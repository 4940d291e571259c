"""Where metrics go, by the flag and by the variables that every exporter of OpenTelemetry heeds."""

from __future__ import annotations

import pytest

from seatrial.measure.collector import Collector, collector
from seatrial.model.errors import UsageError

BASE, METRICS = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"


def url(given: str | None = None, **environment: str) -> str | None:
    found = collector(given, environment)
    return None if found is None else found.url


def by(**environment: str) -> Collector:
    found = collector("http://c", environment)
    assert found is not None
    return found


def test_an_address_is_made_whole_where_the_standard_says_so() -> None:
    assert url("http://c:4318") == "http://c:4318/v1/metrics"
    assert url("http://p:9090/api/v1/otlp/") == "http://p:9090/api/v1/otlp/v1/metrics"
    assert url("http://c:4318/v1/metrics") == "http://c:4318/v1/metrics"
    assert url(**{BASE: "http://c:4318/"}) == "http://c:4318/v1/metrics"
    assert url(**{METRICS: "http://c/as-it-is", BASE: "http://other"}) == "http://c/as-it-is"
    assert url("http://c", **{METRICS: "http://other"}) == "http://c/v1/metrics"


def test_nobody_is_told_where_nobody_asks() -> None:
    assert url() is None
    assert url(OTEL_EXPORTER_OTLP_HEADERS="a=b") is None
    assert url(**{BASE: "http://c", "OTEL_SDK_DISABLED": "true"}) is None
    assert url(**{BASE: "http://c", "OTEL_METRICS_EXPORTER": "none"}) is None


def test_what_the_variables_say() -> None:
    found = by(
        OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20x,a=1",
        OTEL_EXPORTER_OTLP_METRICS_TIMEOUT="2500",
        OTEL_EXPORTER_OTLP_TIMEOUT="9000",
        OTEL_EXPORTER_OTLP_COMPRESSION="gzip",
        OTEL_EXPORTER_OTLP_PROTOCOL="http/json",
        OTEL_METRIC_EXPORT_INTERVAL="500",
        OTEL_RESOURCE_ATTRIBUTES="team=ai%2Cml,service.name=ignored",
        OTEL_SERVICE_NAME="bench",
    )
    assert found.headers == (("Authorization", "Bearer x"), ("a", "1"))
    assert (found.timeout, found.every, found.zipped, found.protocol) == (2.5, 0.5, True, "http/json")
    assert (found.service, dict(found.resource)["team"]) == ("bench", "ai,ml")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "0"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "key=geheim%0Aevil: 1"),
    ],
)
def test_what_cannot_be_heeded_is_an_error_that_tells_no_secret(name: str, value: str) -> None:
    with pytest.raises(UsageError) as caught:
        by(**{name: value})
    assert "geheim" not in f"{caught.value.what} {caught.value.way_out}"


@pytest.mark.parametrize("given", ["collector:4318", "ftp://c", "http://user:pass@c"])
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(UsageError):
        collector(given, {})
