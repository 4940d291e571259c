"""What a new system changes is judged anew, and the rest stays as it was."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import msgspec

from seatrial.app.proofs import concerned, joined
from seatrial.app.prove import choose
from seatrial.engine.catalog import Catalog
from seatrial.engine.schema import read_run
from seatrial.model.evidence import Evidence
from seatrial.model.run import Run
from seatrial.model.verdict import Finding, Outcome, Severity

CATALOG = Catalog.installed()
STORED = read_run(Path(__file__).parents[2] / "faces" / "run.json")
GANG, POOLS = "gang.starts-whole-or-not-at-all", "autoscaling.nodes-follow-waiting-accelerator-pods"
ACTIVE = {check.id for check in CATALOG.checks.values() if check.active}


def finding(check: str, outcome: Outcome = Outcome.PASS, subject: str = "", evidence: str = "") -> Finding:
    return Finding(check=check, subject=subject, outcome=outcome, severity=Severity.HIGH, because="", evidence=evidence)


def run(*findings: Finding, images: tuple[str, ...] = (), evidence: tuple[Evidence, ...] = ()) -> Run:
    environment = msgspec.structs.replace(STORED.environment, images=images)
    return msgspec.structs.replace(STORED, findings=findings, environment=environment, evidence=evidence)


def test_of_what_is_known_only_that_is_proven_anew_in_which_the_new_system_has_a_part() -> None:
    everything = run(*(finding(id) for id in ACTIVE))
    again = set(concerned(CATALOG, everything, {"kueue"})) & ACTIVE
    assert GANG in again
    assert POOLS not in again


def test_what_is_not_known_yet_is_tried_again_and_what_failed_is_not() -> None:
    judged = [finding(id) for id in ACTIVE - {GANG, POOLS}]
    before = run(*judged, finding(POOLS, Outcome.UNKNOWN), finding(GANG, Outcome.FAIL))
    again = set(concerned(CATALOG, before, ())) & ACTIVE
    assert again == {POOLS}


def test_what_only_reads_is_judged_anew_and_the_preflight_is_its_own_concern() -> None:
    everything = run(*(finding(check.id) for check in CATALOG.checks.values()))
    passive = {check.id for check in choose(CATALOG, None, ()) if not check.active}
    assert set(concerned(CATALOG, everything, ())) == passive
    assert not {id for id in concerned(CATALOG, run(), ()) if id.startswith("preflight.")}


def test_the_later_run_keeps_of_the_earlier_what_was_not_judged_anew() -> None:
    record = msgspec.structs.replace(STORED.evidence[0], id="one")
    other = msgspec.structs.replace(record, id="two")
    before = run(
        finding("a", evidence="one"),
        finding("b", Outcome.FAIL, "old", evidence="two"),
        finding("preflight.x", Outcome.UNKNOWN),
        images=("sha256:1",),
        evidence=(record, other),
    )
    later = STORED.started_at + dt.timedelta(minutes=5)
    after = msgspec.structs.replace(run(finding("b", subject="new"), images=("sha256:0",)), started_at=later)
    whole = joined(before, after, ("b",))
    assert [(one.check, one.subject) for one in whole.findings] == [("a", ""), ("b", "new")]
    assert [one.id for one in whole.evidence] == ["one"]
    assert whole.environment.images == ("sha256:0", "sha256:1")
    assert whole.started_at == before.started_at
