"""Several proofs of one lab that grows meanwhile, as one Run: what a new system changes is judged anew, the rest stays."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from seatrial.app.prove import choose
from seatrial.catalog.checks.preflight import AREA
from seatrial.engine.catalog import Catalog
from seatrial.model.check import Check
from seatrial.model.run import Run
from seatrial.model.system import System
from seatrial.model.verdict import Outcome

_JUDGED = (Outcome.PASS, Outcome.FAIL, Outcome.ERROR)


def concerned(catalog: Catalog, run: Run, new: Collection[str]) -> tuple[str, ...]:
    """The checks to judge anew: what only reads, what a new system has a part in, and what is not known so far."""
    known = {one.check for one in run.findings if one.outcome in _JUDGED}
    systems = [catalog.systems[id] for id in new]
    return tuple(
        check.id
        for check in choose(catalog, None, ())
        if not check.active or check.id not in known or any(_has_part(system, check) for system in systems)
    )


def _has_part(system: System, check: Check) -> bool:
    plays = check.role is not None and any(isinstance(role, check.role) for role in system.roles)
    return plays or bool(set(check.reads) & set(system.facts))


def joined(before: Run, after: Run, again: Collection[str]) -> Run:
    """The later Run, with what of the earlier one was not judged anew."""
    kept = [one for one in before.findings if one.check not in again and not one.check.startswith(f"{AREA}.")]
    findings = (*kept, *after.findings)
    records = {one.evidence for one in kept}
    images = {*before.environment.images, *after.environment.images}
    return msgspec.structs.replace(
        after,
        started_at=before.started_at,
        environment=msgspec.structs.replace(after.environment, images=tuple(sorted(images))),
        findings=findings,
        evidence=(*(one for one in before.evidence if one.id in records), *after.evidence),
    )
