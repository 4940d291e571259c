"""A Run as it leaves the house: found to be unchanged, and redacted once more with what is known about secrets today."""

from __future__ import annotations

from typing import Any

import msgspec

from seatrial.kit import digest, redact
from seatrial.model.errors import UsageError
from seatrial.model.evidence import Entry, Evidence, Step
from seatrial.model.run import Run


def outgoing(run: Run) -> Run:
    """The Run without identities. A record that this changes says so in an entry of its own, and has a new digest."""
    for evidence in run.evidence:
        if digest.of_value(evidence.entries) != evidence.digest:
            raise UsageError(
                f"evidence {evidence.id!r} of the Run does not have the digest that it claims: it was changed or cut short",
                way_out="take the Run as it was saved, or run the proof again",
            )
    redacted = _redacted(run)
    pairs = zip(run.evidence, redacted.evidence, strict=True)
    return msgspec.structs.replace(redacted, evidence=tuple(_sealed(before, after) for before, after in pairs))


def _redacted(run: Run) -> Run:
    plain: Any = redact.identities(msgspec.to_builtins(run))
    try:
        return msgspec.convert(plain, Run)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"the Run cannot be redacted: {error}", way_out="run the proof again, and save it with --save"
        ) from error


def _sealed(before: Evidence, after: Evidence) -> Evidence:
    entries = after.entries
    if entries != before.entries:
        last = entries[-1]
        what = f"redacted again on the way out; the record of the Run had sha256 {before.digest}"
        entries = (*entries, Entry(last.at, last.after, Step.NOTED, what))
    return msgspec.structs.replace(after, entries=entries, digest=digest.of_value(entries))
