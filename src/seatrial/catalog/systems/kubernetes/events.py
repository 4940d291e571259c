"""Events: what components said about objects. A cluster keeps them for an hour, unless it is told otherwise."""

from __future__ import annotations

import datetime as dt
import re

from seatrial.model.fact import Fact, Shape

# "Successfully pulled image "x" in 1m2.5s (2m5s including waiting). Image size: 64753325 bytes."
_PULLED = re.compile(
    r'pulled image "(?P<image>[^"]{1,1000})" in (?P<pull>[0-9.hmsµun]{1,30})'
    r"(?: \((?P<total>[0-9.hmsµun]{1,30}) including waiting\))?(?:\. Image size: (?P<size>\d{1,18}) bytes)?"
)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


class Pull(Shape, frozen=True):
    image: str
    seconds: float
    with_waiting: float
    size: int = 0  # bytes


class EventSource(Shape, frozen=True):
    component: str = ""
    host: str = ""


class Involved(Shape, frozen=True):
    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""


class Event(Fact, frozen=True):
    of = "events"
    most = 250_000  # some 350 MiB; etcd may hold millions of them

    involved_object: Involved = Involved()
    type: str = ""
    reason: str = ""
    message: str = ""
    count: int | None = None
    first_timestamp: dt.datetime | None = None
    last_timestamp: dt.datetime | None = None
    event_time: dt.datetime | None = None
    reporting_component: str = ""
    source: EventSource = EventSource()

    @property
    def pull(self) -> Pull | None:
        """What the kubelet tells of an image that it has pulled."""
        found = _PULLED.search(self.message) if self.reason == "Pulled" else None
        if found is None or found["total"] is None:
            return None
        return Pull(found["image"], _seconds(found["pull"]), _seconds(found["total"]), int(found["size"] or 0))


def _seconds(text: str) -> float:
    """A duration as Go writes it."""
    return sum(float(number) * _SECONDS[unit] for number, unit in _DURATION.findall(text))
