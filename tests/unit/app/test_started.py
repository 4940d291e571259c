"""What nobody started in a lab is unknown, and the flag that starts it is named."""

from __future__ import annotations

import pytest

from seatrial.app.started import left_out, not_started
from seatrial.engine.catalog import Catalog
from seatrial.lab.forge import Absent
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


def test_what_was_to_be_started_and_is_not_there_is_unknown_for_each_proof_that_it_has_a_part_in() -> None:
    told = list(left_out({"volcano": Absent("not built within 20 min")}, CATALOG, ("kueue", "jobset")))
    (gang,) = [one for one in told if one.check == "gang.starts-whole-or-not-at-all"]
    assert gang.outcome is Outcome.UNKNOWN
    assert gang.subject == "volcano"
    assert gang.because == "not started: not built within 20 min; start it with --with kueue,jobset,volcano"


def test_what_does_not_build_is_an_error_and_not_only_unknown() -> None:
    told = list(left_out({"volcano": Absent("it does not compile", broken=True)}, CATALOG, ()))
    assert {one.outcome for one in told} == {Outcome.ERROR}
    assert not list(left_out({}, CATALOG, ("kueue",)))
