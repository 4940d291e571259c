"""bench serve --otlp: who is told of a load while it goes."""

from __future__ import annotations

from collections.abc import Mapping

from seatrial.measure.collector import collector
from seatrial.measure.exporter import Exporter


def exporter(url: str | None, environment: Mapping[str, str]) -> Exporter | None:
    """None where neither the flag nor the environment names a collector."""
    found = collector(url, environment)
    return None if found is None else Exporter(found)
