"""What nobody started in a lab is unknown, and the flag that starts it is named."""

from __future__ import annotations

import pytest

from seatrial.app.started import not_started
from seatrial.engine.catalog import Catalog
from seatrial.lab.site import Site
from seatrial.model.lab import LabSpec
from seatrial.model.verdict import Finding, Outcome, Severity

CATALOG = Catalog.installed()
POOLS = "autoscaling.nodes-follow-waiting-accelerator-pods"


def finding(check: str, subject: str, outcome: Outcome) -> Finding:
    return Finding(check=check, subject=subject, outcome=outcome, severity=Severity.HIGH, because="as it was")


def site(*systems: str) -> Site:
    spec = LabSpec(systems=systems)
    return Site(spec=spec, base=spec, slot=0, ports={}, programs={})


def test_what_could_be_started_is_unknown_with_the_flag() -> None:
    absent = finding(POOLS, "karpenter.sh/nodepools", Outcome.NOT_APPLICABLE)
    (told,) = not_started([absent], CATALOG, site("kueue"))
    assert told.outcome is Outcome.UNKNOWN
    assert "--with kueue,karpenter" in told.because


@pytest.mark.parametrize(
    ("one", "systems"),
    [
        (finding(POOLS, "", Outcome.NOT_APPLICABLE), ("karpenter",)),  # it was started
        (finding(POOLS, "karpenter", Outcome.NOT_APPLICABLE), ()),  # it was judged
        (finding(POOLS, "karpenter", Outcome.FAIL), ()),
        (finding("dra.resource-api-is-served-and-writable", "", Outcome.NOT_APPLICABLE), ()),  # no system plays a part
        (finding("nobody.knows-it", "", Outcome.NOT_APPLICABLE), ()),
    ],
)
def test_everything_else_stays_as_it_was_judged(one: Finding, systems: tuple[str, ...]) -> None:
    assert not_started([one], CATALOG, site(*systems)) == (one,)
