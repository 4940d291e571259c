"""What a lab could show and does not, because nobody started it there: unknown, with the flag that starts it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from seatrial.engine.catalog import Catalog
from seatrial.engine.docket import finding
from seatrial.lab.forge import Absent
from seatrial.lab.site import Site
from seatrial.model.verdict import Finding, Outcome, Verdict


def not_started(findings: Iterable[Finding], catalog: Catalog, site: Site) -> tuple[Finding, ...]:
    """The findings. One that applies to nothing is unknown where a system that plays its role could be started."""
    return tuple(_told(one, catalog, site) for one in findings)


def left_out(left: Mapping[str, Absent], catalog: Catalog, started: Iterable[str]) -> Iterator[Finding]:
    """For each system that was to be started and is not there, the proofs that it would have had a part in."""
    there = tuple(started)
    for id, absent in left.items():
        outcome = Outcome.ERROR if absent.broken else Outcome.UNKNOWN
        because = f"not started: {absent.why}; start it with --with {','.join((*there, id))}"
        for check in catalog.checks.values():
            for part in catalog.systems[id].roles if check.role else ():
                if isinstance(part, check.role or ()) and not part.stand_in:
                    yield finding(check, part.player, Verdict(outcome, because))


def _told(one: Finding, catalog: Catalog, site: Site) -> Finding:
    role = catalog.checks[one.check].role if one.check in catalog.checks else None
    if one.outcome is not Outcome.NOT_APPLICABLE or role is None:
        return one
    playing = {system.id: [r for r in system.roles if isinstance(r, role)] for system in catalog.systems.values()}
    if any(one.subject == part.player for parts in playing.values() for part in parts):
        return one  # it was judged, and does not apply to that system
    could = [id for id, parts in playing.items() if parts and _could_run(id, catalog, site)]
    if not could:
        return one
    because = (
        f"not started in this lab: {', '.join(could)}; start it with --with {','.join((*site.spec.systems, could[0]))}"
    )
    return msgspec.structs.replace(one, outcome=Outcome.UNKNOWN, because=because)


def _could_run(id: str, catalog: Catalog, site: Site) -> bool:
    return catalog.systems[id].recipe is not None and id not in site.spec.systems
