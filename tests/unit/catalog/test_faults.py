"""Every fault of the lab: who notices it, how ``diagnose`` names it, and what mends it. The live tests break real labs with them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import msgspec
import pytest

from seatrial.app.broken import broken
from seatrial.catalog.systems.kubernetes.controllers import DaemonSet
from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.catalog.systems.kubernetes.governance import (
    MutatingAdmissionPolicy,
    MutatingAdmissionPolicyBinding,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
)
from seatrial.catalog.systems.kubernetes.pods import PodSpec
from seatrial.catalog.views.placing import admits
from seatrial.engine.catalog import Catalog
from seatrial.engine.docket import Trial, finding
from seatrial.model.fact import ClusterIdentity, Fact, Obj, Snapshot
from seatrial.model.fault import Fault
from seatrial.model.lab import LabSpec
from seatrial.model.run import Environment, EnvironmentKind, Run
from seatrial.model.verdict import Finding, failed
from seatrial.model.wait import DEADLOCK, Broken
from tests.unit.catalog.test_remedies import failing, snapshot

CATALOG = Catalog.load("seatrial.catalog")
KINDS: dict[str, type[Fact]] = {
    one.__name__: one
    for one in (
        ValidatingAdmissionPolicy,
        ValidatingAdmissionPolicyBinding,
        MutatingAdmissionPolicy,
        MutatingAdmissionPolicyBinding,
    )
}
ROLES = [role for system in CATALOG.systems.values() for role in system.roles]
HERE = Environment(kind=EnvironmentKind.LAB, simulated=True, cluster=ClusterIdentity())
each = pytest.mark.parametrize("fault", CATALOG.faults.values(), ids=CATALOG.faults)
OF_POLICIES = [one for one in CATALOG.faults.values() if one.change.mended_by == "policies-set-aside"]


def findings(fault: Fault) -> list[Finding]:
    """As the proofs find them; what a role writes and looks at is the system's own word."""
    found = []
    for key in fault.fails:
        id, _, subject = key.partition("@")
        check = CATALOG.check(id)
        playing = [one for one in ROLES if check.role and isinstance(one, check.role) and one.player == subject]
        trial = Trial(check, subject, dict(enumerate(playing)))
        found.append(finding(check, subject, failed("it is so"), touches=trial.touches))
    return found


def objects(fault: Fault) -> list[Obj]:
    release = fault.kubernetes[-1] if fault.kubernetes else LabSpec().kubernetes
    return list(fault.change(LabSpec(kubernetes=release, systems=fault.needs)).objects)


def policies(given: list[Obj]) -> Snapshot:
    return snapshot(*((KINDS[one["kind"]], one) for one in given if one["kind"] in KINDS))


def told(fault: Fault, folder: Path, at: Snapshot) -> tuple[Broken, ...]:
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    run = Run(
        id="r",
        seatrial="0",
        command="prove",
        started_at=now,
        finished_at=now,
        environment=HERE,
        findings=tuple(findings(fault)),
    )
    path = folder / "run.json"
    path.write_bytes(msgspec.json.encode(run))
    return broken(path, at, HERE, ())


@each
def test_a_fault_is_noticed_by_a_proof_or_makes_something_wait(fault: Fault) -> None:
    assert bool(fault.fails) is not bool(fault.diagnosed)
    assert all(CATALOG.check(key.partition("@")[0]).active for key in fault.fails)
    assert not fault.diagnosed or fault.diagnosed in {*CATALOG.sources, DEADLOCK}


@each
def test_diagnose_names_what_the_proofs_found_of_a_fault(fault: Fault, tmp_path: Path) -> None:
    if fault.diagnosed:
        return  # by a cause, which a real lab shows: tests/live/test_diagnose.py
    named = {f"{one.check}@{one.subject}".rstrip("@") for one in told(fault, tmp_path, policies([]))}
    assert named == set(fault.fails)


@each
def test_a_remedy_mends_a_fault_or_it_is_said_what_does(fault: Fault) -> None:
    change = fault.change
    assert change.undone_by
    assert not change.undone_by.endswith(".")
    assert not change.mended_by or change.mended_by in CATALOG.remedies
    assert not change.mended_by or fault in OF_POLICIES or fault.diagnosed
    is_policy = any(one["kind"] in KINDS for one in objects(fault))
    assert is_policy is (fault in OF_POLICIES)


@pytest.mark.parametrize("fault", [pytest.param(one, id=one.id) for one in OF_POLICIES])
def test_the_policy_behind_a_failing_proof_is_named_and_set_aside(fault: Fault, tmp_path: Path) -> None:
    given = objects(fault)
    unrelated = also(given, resource="configmaps")
    at = policies([*given, *unrelated])
    (policy,) = (one["metadata"]["name"] for one in given if one["kind"].endswith("Policy"))
    for one in told(fault, tmp_path, at):
        assert [near.subject.rpartition("/")[2] for near in one.near] == [policy]

    fix = CATALOG.remedies["policies-set-aside"].render(at, findings(fault))
    (binding,) = fix.enforce
    assert binding["metadata"]["name"] == next(o["metadata"]["name"] for o in given if o["kind"].endswith("Binding"))
    assert binding["spec"]["policyName"] == policy
    assert policy in fix.caution
    assert {one.key for one in fix.about or ()} == set(fault.fails)
    after = policies([*(one for one in given if one["kind"] != binding["kind"]), merged(given, binding)])
    assert all(one.near == () for one in told(fault, tmp_path, after))
    assert CATALOG.remedies["policies-set-aside"].render(after, findings(fault)).is_empty


def test_the_exporter_of_the_game_day_is_let_onto_the_nodes_that_it_missed() -> None:
    fault = CATALOG.faults["nodes-unseen"]
    kinds: dict[str, type[Fact]] = {"Node": Node, "DaemonSet": DaemonSet}
    at = snapshot(*((kinds[one["kind"]], one) for one in objects(fault) if one["kind"] in kinds))
    remedy = CATALOG.remedies[fault.change.mended_by]
    (part,) = remedy.render(at, [failing(remedy.cures[0], "")]).enforce
    spec = msgspec.convert(part["spec"]["template"]["spec"], PodSpec)
    (before,) = (one.spec.template.spec for one in at.all(DaemonSet))
    missed = [node for node in at.all(Node) if not admits(node, before)]
    assert [one.name for one in missed] == ["nodes-unseen-1"]
    after = msgspec.structs.replace(before, tolerations=spec.tolerations)
    assert all(admits(node, after) for node in at.all(Node))


def also(given: list[Obj], *, resource: str) -> list[Obj]:
    """The same policy about something that no proof has to do with."""
    found = msgspec.json.decode(msgspec.json.encode(given))
    for one in found:
        one["metadata"]["name"] = "unrelated"
        if "policyName" in one["spec"]:
            one["spec"]["policyName"] = "unrelated"
        else:
            one["spec"]["matchConstraints"]["resourceRules"][0] |= {"apiGroups": [""], "resources": [resource]}
    return list(found)


def merged(given: list[Obj], binding: Obj) -> Obj:
    """As server-side apply leaves it."""
    (own,) = (one for one in given if one["kind"] == binding["kind"])
    return {**own, "spec": {**own["spec"], **binding["spec"]}}
