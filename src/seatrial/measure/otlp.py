"""OpenTelemetry's protocol: the metrics of a run as the request that tells them, and what a collector answers to it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from seatrial import __version__
from seatrial.kit.text import one_line
from seatrial.measure.collector import JSON, PROTOBUF, Collector
from seatrial.measure.genai import SCHEMA_URL, ClientMetrics, Instrument, Labels, Tallied
from seatrial.model.errors import UsageError

_CUMULATIVE = 2

Json = dict[str, Any]


def document(metrics: ClientMetrics, resource: Mapping[str, str], begun: int, now: int) -> Json | None:
    """The request of the protocol, in its JSON form; None where there is nothing to tell yet."""
    by_instrument: dict[Instrument, list[Json]] = {}
    for instrument, labels, tallied in metrics.points():
        by_instrument.setdefault(instrument, []).append(_point(instrument, labels, tallied, begun, now))
    if not by_instrument:
        return None
    found = [
        {
            "name": one.name,
            "unit": one.unit,
            "description": one.about,
            "histogram": {"aggregationTemporality": _CUMULATIVE, "dataPoints": points},
        }
        for one, points in by_instrument.items()
    ]
    scope = {"scope": {"name": "seatrial", "version": __version__}, "metrics": found, "schemaUrl": SCHEMA_URL}
    return {
        "resourceMetrics": [{"resource": {"attributes": _attributes((*resource.items(),))}, "scopeMetrics": [scope]}]
    }


def _point(instrument: Instrument, labels: Labels, tallied: Tallied, begun: int, now: int) -> Json:
    return {
        "attributes": _attributes(labels),
        "startTimeUnixNano": str(begun),
        "timeUnixNano": str(now),
        "count": str(tallied.total),
        "sum": tallied.sum / tallied.scale,
        "min": (tallied.least or 0) / tallied.scale,
        "max": tallied.most / tallied.scale,
        "bucketCounts": [str(many) for many in tallied.buckets],
        "explicitBounds": [float(bound) for bound in instrument.bounds],
    }


def _attributes(labels: Labels) -> list[Json]:
    return [{"key": key, "value": _value(value)} for key, value in labels]


def _value(value: str | int | bool) -> Json:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case str():
            return {"stringValue": value}


def resource(collector: Collector) -> dict[str, str]:
    """Each run is an instance of its own: its histograms begin at nothing."""
    own = {"service.name": collector.service, "service.version": __version__, "service.instance.id": str(uuid.uuid4())}
    return own | dict(collector.resource)


def encoder(protocol: str) -> tuple[str, Callable[[Json], bytes]]:
    """Protobuf where its package is, or is asked for; otherwise JSON, which the same receivers take."""
    if protocol == JSON:
        return JSON, msgspec.json.encode
    try:
        from google.protobuf.json_format import ParseDict
        from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
    except ImportError as error:
        if not protocol:
            return JSON, msgspec.json.encode
        raise UsageError(
            f"{PROTOBUF} takes a package that is not here", way_out=f"pip install 'seatrial[otlp]', or say {JSON}"
        ) from error

    def encode(told: Json) -> bytes:
        data: bytes = ParseDict(told, ExportMetricsServiceRequest()).SerializeToString()
        return data

    return PROTOBUF, encode


class _Partial(msgspec.Struct, frozen=True, rename="camel"):
    rejected_data_points: int = 0
    error_message: str = ""


class _Answer(msgspec.Struct, frozen=True, rename="camel"):
    partial_success: _Partial | None = None


def refused(protocol: str, answer: bytes) -> str:
    """What a collector that took it says that it left out. An answer that is none says nothing."""
    if not answer:
        return ""
    if protocol == JSON:
        try:
            left = msgspec.json.decode(answer, type=_Answer, strict=False).partial_success or _Partial()
        except (msgspec.DecodeError, RecursionError):
            return ""
        many, why = left.rejected_data_points, left.error_message
    else:
        from google.protobuf.message import DecodeError
        from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

        try:
            partial = ExportMetricsServiceResponse.FromString(answer).partial_success
        except DecodeError:
            return ""
        many, why = partial.rejected_data_points, partial.error_message
    return f"it left {many} points out: {one_line(why, limit=200)}" if many else ""
