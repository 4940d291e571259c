"""Where OpenTelemetry's metrics go and how, as the flag and the standard variables of the environment say."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

import msgspec

from seatrial.measure.prompts import address
from seatrial.model.errors import UsageError

_PATH = "/v1/metrics"
_PREFIX, _METRICS = "OTEL_EXPORTER_OTLP_", "OTEL_EXPORTER_OTLP_METRICS_"
PROTOBUF, JSON = "http/protobuf", "http/json"
_TIMEOUT, _INTERVAL = "10000", "10000"  # milliseconds


class Collector(msgspec.Struct, frozen=True, kw_only=True):
    """``headers`` may hold secrets: nothing prints them."""

    url: str
    protocol: str = ""  # whichever can be had
    headers: tuple[tuple[str, str], ...] = ()
    timeout: float = 10.0
    every: float = 10.0  # seconds between two exports
    zipped: bool = False
    ca: str = ""
    certificate: str = ""
    key: str = ""
    service: str = "seatrial"
    resource: tuple[tuple[str, str], ...] = ()


def collector(given: str | None, environment: Mapping[str, str]) -> Collector | None:
    """None where nobody asks for it. A variable for metrics alone goes before the one for every signal."""

    def said(name: str) -> str:
        return (environment.get(_METRICS + name) or environment.get(_PREFIX + name) or "").strip()

    url = _given(given) if given else _by(environment)
    if not url:
        return None
    if (protocol := said("PROTOCOL")) not in ("", PROTOBUF, JSON):
        raise UsageError(
            f"metrics are not sent by {protocol!r}",
            way_out=f"set {_METRICS}PROTOCOL={PROTOBUF}, and a port that takes it",
        )
    resource = dict(_pairs(environment.get("OTEL_RESOURCE_ATTRIBUTES", "")))
    return Collector(
        url=url,
        protocol=protocol,
        headers=_headers(said("HEADERS")),
        timeout=_milliseconds(_PREFIX + "TIMEOUT", said("TIMEOUT") or _TIMEOUT),
        every=_milliseconds(*_interval(environment)),
        zipped=said("COMPRESSION") == "gzip",
        ca=said("CERTIFICATE"),
        certificate=said("CLIENT_CERTIFICATE"),
        key=said("CLIENT_KEY"),
        service=environment.get("OTEL_SERVICE_NAME") or resource.pop("service.name", "") or "seatrial",
        resource=tuple(resource.items()),
    )


def _given(url: str) -> str:
    """The flag names a collector or the whole address, as both are seen in manuals."""
    parts = address(url)
    return url if parts.path.endswith(_PATH) else parts._replace(path=parts.path.rstrip("/") + _PATH).geturl()


def _by(environment: Mapping[str, str]) -> str:
    """The variable for metrics is taken as it is; to the other one the path is added."""
    off = environment.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if off or environment.get("OTEL_METRICS_EXPORTER", "otlp") != "otlp":
        return ""
    if whole := environment.get(_METRICS + "ENDPOINT"):
        return address(whole).geturl()
    base = environment.get(_PREFIX + "ENDPOINT")
    return address(base).geturl().rstrip("/") + _PATH if base else ""


def _interval(environment: Mapping[str, str]) -> tuple[str, str]:
    name = "OTEL_METRIC_EXPORT_INTERVAL"
    return name, environment.get(name) or _INTERVAL


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    """``name=value,name=value``, with what is odd in a value as %XX."""
    halves = (one.partition("=") for one in text.split(",") if "=" in one)
    return tuple((name.strip(), unquote(value.strip())) for name, _, value in halves)


def _headers(text: str) -> tuple[tuple[str, str], ...]:
    pairs = _pairs(text)
    for name, value in pairs:
        if not (name + value).isprintable() or not (name + value).isascii() or ":" in name:
            raise UsageError(
                f"the header {name[:40]!r} of {_PREFIX}HEADERS cannot be sent", way_out="write NAME=VALUE,NAME=VALUE"
            )
    return pairs


def _milliseconds(name: str, text: str) -> float:
    if not text.isdigit() or int(text) == 0:
        raise UsageError(f"{name} is {text[:40]!r}", way_out="give whole milliseconds above 0")
    return int(text) / 1000
