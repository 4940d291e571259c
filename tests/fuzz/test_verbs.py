"""Diagnosing and hardening whatever could be read: no source and no remedy breaks, and each face can show what comes of it."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import yaml
from hypothesis import given
from hypothesis import strategies as st

from seatrial.app import diagnose
from seatrial.app.target import Target
from seatrial.bundle.chosen import Chosen
from seatrial.bundle.hardening import files
from seatrial.catalog.systems.karpenter import NodePool
from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.catalog.systems.kubernetes.dra import DeviceClass, ResourceClaim, ResourceSlice
from seatrial.catalog.systems.kubernetes.events import Event
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.systems.kueue_objects import ClusterQueue, LocalQueue, QueuedWorkload
from seatrial.cluster import snapshots as saved
from seatrial.engine.waiting import diagnosis
from seatrial.model.errors import SeatrialError
from seatrial.model.fact import Fact, Snapshot, sources
from seatrial.model.verdict import Finding, Outcome, Severity
from tests.fuzz import few, half
from tests.fuzz.clusters import snapshots
from tests.fuzz.judging import CATALOG, KINDS
from tests.fuzz.test_files import told

WAITED_FOR = {kind.of: kind for kind in diagnose.facts(CATALOG)}
OFTEN = (Pod, Pod, Node, ResourceClaim, ResourceSlice, DeviceClass, Event, QueuedWorkload, LocalQueue, ClusterQueue, NodePool)  # fmt: skip
MENDED = {
    kind.of: kind
    for kind in (
        *KINDS.values(),
        *(one for remedy in CATALOG.remedies.values() for read in remedy.reads for one in sources(read)),
    )
}
LOOKED_AT = {check for remedy in CATALOG.remedies.values() for check in remedy.answers}


@half
@given(snapshots(WAITED_FOR, OFTEN))
def test_no_source_of_waiting_breaks(snapshot: Snapshot) -> None:
    found = diagnosis.diagnose(CATALOG.sources.values(), snapshot)
    assert [gap for gap in found.blind if gap.detail.startswith("crashed")] == []


@few
@given(snapshots(WAITED_FOR, OFTEN), st.data())
def test_any_one_thing_is_diagnosed_and_shown(snapshot: Snapshot, data: st.DataObject) -> None:
    subjects = sorted({fact.subject for facts in snapshot.facts.values() for fact in facts})
    about = data.draw(st.sampled_from(["", "x/y", *subjects]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "snapshot")
        saved.save(snapshot, path)
        try:
            found = asyncio.run(diagnose.diagnose(Target(snapshot=path), about))
        except SeatrialError as error:
            told(error)
            return
    assert diagnose.exit_code(found) in (0, 1, 3)
    for face in diagnose.FACES:
        shown = diagnose.render(found, face)
        assert "\x1b" not in shown
        assert "\u202e" not in shown


def _of(snapshot: Snapshot, facts: list[Fact], checks: list[str]) -> list[Finding]:
    subjects = [one.subject for one in facts] or ["x"]
    return [
        Finding(check=check, subject=subject, outcome=Outcome.FAIL, severity=Severity.HIGH, because="b")
        for check in checks
        for subject in subjects
    ]


@few
@given(snapshots(MENDED, (Pod, Node)), st.sampled_from(sorted(CATALOG.remedies)))
def test_every_remedy_renders_files_or_nothing(snapshot: Snapshot, id: str) -> None:
    remedy = CATALOG.remedy(id)
    facts = [fact for some in snapshot.facts.values() for fact in some]
    findings = _of(snapshot, facts, sorted(remedy.answers))
    fix = remedy.render(snapshot, findings)
    if not fix.is_empty:
        for name, text in files([Chosen(remedy, tuple(fix.about or findings), fix)], of="fuzz").items():
            if name.endswith(".yaml"):
                assert list(yaml.safe_load_all(text)) is not None
