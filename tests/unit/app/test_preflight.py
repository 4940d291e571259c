from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any, cast

import pytest

from seatrial.app.preflight import Preflight, _may, _needs, checks_for, look_ahead
from seatrial.app.prove import preflight, prove
from seatrial.app.reach import Ground
from seatrial.app.target import Target
from seatrial.catalog.checks.preflight import (
    HOLDS_BACK,
    LimitRange,
    MachineDeployment,
    ResourceQuota,
    ResourceSlice,
)
from seatrial.catalog.systems.kubernetes.core import Namespace, Node, NodeStatus
from seatrial.catalog.systems.kubernetes.pods import Condition, Pod
from seatrial.cluster.client import Client
from seatrial.engine.catalog import Catalog
from seatrial.engine.permissions import permissions
from seatrial.engine.plan import plan
from seatrial.engine.score import exit_code
from seatrial.kit.clock import FakeClock
from seatrial.model.errors import Refused, Unreachable
from seatrial.model.fact import Apis, ClusterIdentity, Fact, Meta, Obj, Snapshot
from seatrial.model.run import Environment, EnvironmentKind, Run
from seatrial.model.verdict import Outcome

CATALOG = Catalog.installed()
GANG, CRUD = "gang.starts-whole-or-not-at-all", "dra.resource-api-is-served-and-writable"
KINDS: tuple[type[Fact], ...] = (Node, Pod, Namespace, ResourceSlice, ResourceQuota, LimitRange, MachineDeployment)


def node(name: str, devices: int) -> Node:
    status = NodeStatus({"nvidia.com/gpu": str(devices)}, (Condition("Ready", "True"),))
    return Node(metadata=Meta(name=name, labels={"kubernetes.io/hostname": name}), status=status)


class Server:
    """As much of a client as the preflight needs."""

    def __init__(self, *denied: str, labels: dict[str, str] | None = None, error: Exception | None = None) -> None:
        self.denied, self.labels, self.error = denied, labels or {}, error
        self.created: list[tuple[Obj, bool]] = []

    async def create(self, obj: Obj, *, dry_run: bool = False) -> Obj:
        self.created.append((obj, dry_run))
        if self.error:
            raise self.error
        if obj["kind"] == "Namespace":
            return {**obj, "metadata": {**obj["metadata"], "labels": self.labels}}
        asked = obj["spec"]["resourceAttributes"]
        named = "/".join(part for part in (asked["group"], asked["resource"], asked["subresource"]) if part)
        return {**obj, "status": {"allowed": f"{asked['verb']} {named}" not in self.denied}}


async def look(
    *nodes: Node,
    server: Server | None = None,
    proofs: tuple[str, ...] = (GANG, CRUD),
    also: tuple[str, ...] = (),
    **more: Any,
) -> Preflight:
    facts = {kind.of: tuple(one for one in nodes if isinstance(one, kind)) for kind in KINDS}
    apis = Apis(
        dict.fromkeys((*also, "pods", "nodes", "scheduling.k8s.io/podgroups", "scheduling.k8s.io/workloads"), ("v1",))
    )
    snapshot = Snapshot(dt.datetime(2026, 1, 1, tzinfo=dt.UTC), ClusterIdentity(), apis, facts, {})
    environment = Environment(kind=EnvironmentKind.LIVE, simulated=None, cluster=ClusterIdentity())
    ground = Ground(snapshot, environment, cast(Client, server) if server else None)
    return await look_ahead(CATALOG, [CATALOG.check(id) for id in proofs], ground, FakeClock())


def held(found: Preflight) -> dict[str, str]:
    return {one.check: one.because for one in found.held}


def told(found: Preflight) -> dict[str, Outcome]:
    return {one.key: one.outcome for one in found.obstacles}


async def test_on_good_ground_nothing_is_held_and_nothing_is_kept_of_what_passed() -> None:
    found = await look(node("a", 4), server=Server())
    assert found.held == ()
    assert found.obstacles == ()
    assert {one.outcome for one in found.findings} <= {Outcome.PASS, Outcome.NOT_APPLICABLE}


async def test_one_accelerator_is_too_few_for_gangs_and_enough_for_an_api() -> None:
    found = await look(node("a", 1), server=Server())
    assert held(found) == {GANG: "cannot be proven here: fewer than two accelerators of one kind are free"}
    assert {one.outcome for one in found.held} == {Outcome.UNKNOWN}
    assert told(found) == {
        "preflight.two-accelerators-are-free": Outcome.UNKNOWN,
        "preflight.a-node-has-two-free-accelerators": Outcome.NOT_APPLICABLE,
    }
    assert [check.id for check in found.going([CATALOG.check(GANG), CATALOG.check(CRUD)])] == [CRUD]


async def test_only_what_needs_the_missing_permission_is_held() -> None:
    found = await look(node("a", 4), server=Server("create resource.k8s.io/resourceslices"))
    assert held(found) == {CRUD: "cannot be proven here: we may not create resource.k8s.io/resourceslices"}
    assert set(held(await look(node("a", 4), server=Server("create namespaces")))) == {GANG, CRUD}
    assert held(await look(node("a", 4), server=Server("create pods/exec"))) == {}, (
        "neither of them runs commands in pods"
    )


async def test_one_system_that_can_be_shown_is_worth_beginning_for() -> None:
    found = await look(
        node("a", 4), server=Server("create scheduling.k8s.io/podgroups"), also=("kueue.x-k8s.io/clusterqueues",)
    )
    assert held(found) == {}
    assert told(found) == {"preflight.permissions-suffice@create scheduling.k8s.io/podgroups": Outcome.NOT_APPLICABLE}


async def test_restricted_namespaces_hold_what_creates_pods() -> None:
    server = Server(labels={"pod-security.kubernetes.io/enforce": "restricted"})
    assert set(held(await look(node("a", 4), server=server))) == {GANG}


async def test_nothing_but_questions_is_sent() -> None:
    server = Server()
    await look(node("a", 4), server=server)
    assert {(obj["kind"], dry) for obj, dry in server.created} == {
        ("SelfSubjectAccessReview", False),
        ("Namespace", True),
    }
    verbs = [obj["spec"]["resourceAttributes"] for obj, _ in server.created if "spec" in obj]
    assert {"verb": "delete", "group": "", "resource": "namespaces", "subresource": ""} in verbs
    assert {"verb": "create", "group": "resource.k8s.io", "resource": "resourceslices", "subresource": ""} in verbs
    assert len(verbs) == len({str(one) for one in verbs})


def test_what_a_proof_needs_is_what_the_printed_role_allows() -> None:
    """Or somebody with just that role would be held back."""
    for check in CATALOG.checks.values():
        whole = plan(CATALOG, [check])
        if whole.acts:
            rules = permissions(whole)[-1]["rules"]
            allowed = {
                (verb, f"{group}/{plural}".lstrip("/"))
                for rule in rules
                for group in rule["apiGroups"]
                for plural in rule["resources"]
                for verb in rule["verbs"]
            }
            assert {need for act in whole.acts for need in _needs(act)} <= allowed, check.id


async def test_a_subresource_is_asked_for_as_one() -> None:
    server = Server()
    await _may(cast(Client, server), "create", "pods/exec")
    asked = server.created[0][0]["spec"]["resourceAttributes"]
    assert asked == {"verb": "create", "group": "", "resource": "pods", "subresource": "exec"}


@pytest.mark.parametrize("error", [Refused("no"), Unreachable("gone")])
async def test_what_cannot_be_asked_is_unknown_and_holds_nothing(error: Exception) -> None:
    found = await look(node("a", 4), server=Server(error=error))
    assert found.held == ()
    unknown = {one.check for one in found.findings if one.outcome is Outcome.UNKNOWN}
    assert unknown == {"preflight.permissions-suffice", "preflight.fresh-namespaces-take-proof-pods"}


def test_passive_checks_need_no_preflight_and_every_row_is_a_check() -> None:
    assert checks_for(CATALOG, [CATALOG.check("preflight.pools-can-grow")]) == ()
    assert set(HOLDS_BACK) <= set(CATALOG.checks)


def manifests(folder: Path, devices: int) -> Target:
    status = {"allocatable": {"nvidia.com/gpu": str(devices)}, "conditions": [{"type": "Ready", "status": "True"}]}
    objects: list[Obj] = [
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a"}, "status": status},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": []}},
    ]
    for number, obj in enumerate(objects):
        (folder / f"{number}.json").write_text(json.dumps(obj))
    return Target(manifests=str(folder))


def gang(run: Run) -> tuple[Outcome, str]:
    (result,) = (one for one in run.requirements if one.id == "gang_scheduling")
    return result.outcome, result.because


async def test_a_requirement_that_cannot_be_proven_is_unknown_for_that_reason(tmp_path: Path) -> None:
    target = manifests(tmp_path, 1)
    ahead = await preflight(target, standard="cncf-ai@1.36")
    assert gang(ahead) == (
        Outcome.UNKNOWN,
        f"unknown: {GANG}: cannot be proven here: fewer than two accelerators of one kind are free",
    )
    assert all(set(one.checks) & {found.check for found in ahead.findings} for one in ahead.requirements)
    assert exit_code(ahead) == 3
    whole = await prove(target, standard="cncf-ai@1.36", consent=lambda _: True)
    assert gang(whole) == gang(ahead)
    assert len(whole.requirements) > len(ahead.requirements)
    assert not {one.outcome for one in whole.findings if one.check.startswith("preflight.")} & {
        Outcome.PASS,
        Outcome.FAIL,
    }
    assert "limitranges" not in {gap.resource for gap in (*whole.gaps, *ahead.gaps)}


async def test_who_names_a_check_insists(tmp_path: Path) -> None:
    run = await prove(manifests(tmp_path, 1), only=(GANG,), consent=lambda _: True)
    assert {one.check for one in run.findings} == {GANG}
    assert "leave to create" in run.findings[0].because
    ahead = await preflight(manifests(tmp_path, 1), only=(GANG,))
    assert GANG in {one.check for one in ahead.findings}
