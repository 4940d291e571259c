"""The record of an active check while it is written: redacted and capped entry by entry, hashed when it is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from seatrial.kit import digest, redact, text
from seatrial.kit.clock import Clock
from seatrial.model.evidence import Entry, Evidence, Step

_LONGEST_TEXT = 4_000
_LONGEST_LIST = 200
_MOST_ENTRIES = 2_000
_LARGEST_DETAIL = 32 << 10
_LARGEST = 4 << 20


class Record:
    def __init__(self, *, id: str, check: str, subject: str, simulated: bool | None, clock: Clock) -> None:
        self._id, self._check, self._subject, self._simulated, self._clock = id, check, subject, simulated, clock
        self._begun = clock.monotonic()
        self._entries: list[Entry] = []
        self._size = 0
        self._left_out = 0

    def add(self, step: Step, what: str, **detail: Any) -> None:
        if len(self._entries) >= _MOST_ENTRIES and step is not Step.REMOVED:
            self._left_out += 1
            return
        self._entries.append(
            Entry(
                at=self._clock.now(),
                after=round(self._clock.monotonic() - self._begun, 3),
                step=step,
                what=redact.without_identities(text.one_line(what, limit=1000)),
                detail=self._kept(detail),
            )
        )

    @property
    def evidence(self) -> Evidence:
        entries = tuple(self._entries)
        if self._left_out:
            last = entries[-1]
            what = f"{self._left_out} more entries were left out: a record has at most {_MOST_ENTRIES}"
            entries = (*entries, Entry(last.at, last.after, Step.NOTED, what))
        return Evidence(
            id=self._id,
            check=self._check,
            subject=redact.without_identities(self._subject),
            simulated=self._simulated,
            entries=entries,
            digest=digest.of_value(entries),
        )

    def _kept(self, detail: Mapping[str, Any]) -> Mapping[str, Any]:
        plain = msgspec.to_builtins(detail, str_keys=True, enc_hook=str)
        kept: Mapping[str, Any] = redact.identities(_capped(plain))
        encoded = digest.canonical_json(kept)
        self._size += len(encoded)
        if len(encoded) > _LARGEST_DETAIL or self._size > _LARGEST:
            return {"left_out": f"{len(encoded)} bytes", "sha256": digest.of_bytes(encoded)}
        return kept


def _capped(value: Any) -> Any:
    if isinstance(value, str):
        return text.safe(value, limit=_LONGEST_TEXT)
    if isinstance(value, dict):
        return {text.one_line(key, limit=300): _capped(item) for key, item in list(value.items())[:_LONGEST_LIST]}
    if isinstance(value, (list, tuple)):
        kept = [_capped(item) for item in value[:_LONGEST_LIST]]
        return kept if len(value) <= _LONGEST_LIST else [*kept, f"… ({len(value) - _LONGEST_LIST} more)"]
    return value
