"""What a saved Run found broken, and what in the cluster may explain it, for those who ask why."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from seatrial.app import saved
from seatrial.catalog.views.admission import PolicyInForce, in_the_way
from seatrial.model.fact import Fact, Gap, GapReason, Snapshot, sources
from seatrial.model.run import Environment
from seatrial.model.verdict import Finding, Severity
from seatrial.model.wait import Broken, Near, Standing

FACTS: tuple[type[Fact], ...] = tuple(sources(PolicyInForce))
_WORST_FIRST = list(Severity)


def broken(path: Path, snapshot: Snapshot, here: Environment, about: Collection[str]) -> tuple[Broken, ...]:
    """Failing findings that count; with ``about`` those of these subjects alone."""
    failing = [one for one in saved.failures(saved.findings(path, here)) if not about or one.subject in about]
    failing.sort(key=lambda one: (_WORST_FIRST.index(one.severity), one.key))
    return tuple(_told(one, snapshot) for one in failing)


def unseen(snapshot: Snapshot, found: Collection[Broken]) -> Iterator[Gap]:
    """What might have explained it, and could not be read."""
    gaps = (snapshot.gap(kind) for kind in FACTS) if found else ()
    yield from (gap for gap in gaps if gap is not None and gap.reason is not GapReason.ABSENT)


def standing(so_far: Standing, headline: str, found: Collection[Broken]) -> tuple[Standing, str]:
    """What waits goes first; where nothing does, what is broken says how things stand."""
    if not found or so_far not in (Standing.FLOWS, Standing.UNKNOWN):
        return so_far, headline
    first = next(iter(found))
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return (
        Standing.BROKEN,
        f"{headline}; found broken: {first.check}{f' of {first.subject}' if first.subject else ''}{more}",
    )


def _told(one: Finding, snapshot: Snapshot) -> Broken:
    near = tuple(Near(policy.by, _does(policy)) for policy in in_the_way(one.touches, snapshot))
    return Broken(
        check=one.check, subject=one.subject, severity=one.severity, because=one.because, fix=one.fix, near=near
    )


def _does(policy: PolicyInForce) -> str:
    what = "refuses" if policy.refuses else "changes"
    said = f', saying "{policy.says}"' if policy.says else ""
    return f"an admission policy that {what} {', '.join(policy.resources)} where proofs run{said}"
