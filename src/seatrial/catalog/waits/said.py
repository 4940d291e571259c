"""What components said of objects last. Of a million events only those count that somebody looks for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable

from seatrial.catalog.systems.kubernetes.events import Event

Name = tuple[str, str]  # namespace and name


def when(event: Event) -> dt.datetime:
    """It was said last."""
    told = event.last_timestamp or event.event_time or event.metadata.creation_timestamp
    return told or dt.datetime.min.replace(tzinfo=dt.UTC)


def in_order(events: Iterable[Event], reasons: Collection[str]) -> list[Event]:
    return sorted((one for one in events if one.reason in reasons), key=when)


def last_said(events: Iterable[Event], *reasons: str) -> dict[Name, Event]:
    """Of each object the last event with one of these reasons."""
    return {(one.involved_object.namespace, one.involved_object.name): one for one in in_order(events, reasons)}
