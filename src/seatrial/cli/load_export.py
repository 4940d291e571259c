"""Who is told of a load by OpenTelemetry's protocol, and what came of that."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seatrial.app.load import Listener


@contextmanager
def listener(url: str | None) -> Iterator[Listener | None]:
    """The collector that the flag or the environment names; what became of the exports is said at the end."""
    if not url and not any(name.startswith("OTEL_EXPORTER_OTLP_") for name in os.environ):
        yield None
        return
    from seatrial.app import load_export

    found = load_export.exporter(url, os.environ)
    try:
        yield found
    finally:
        if found is not None:
            sys.stderr.write(f"{found.outcome}\n")
