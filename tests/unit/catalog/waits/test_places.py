"""Nodes that have room, and what keeps a pod from them all the same; and the same where nothing does."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from seatrial.catalog.systems.kubernetes.disruption import PodDisruptionBudget
from seatrial.catalog.waits.advice import Case
from seatrial.catalog.waits.explaining import explain
from seatrial.catalog.waits.floor import Floor
from seatrial.catalog.waits.groups import Group
from seatrial.model.fact import Obj
from seatrial.model.wait import Explanation
from tests.unit.catalog.waits.scene import GPU, NOW, gang, node, pod, seen, snapshot

Given = tuple[str, Obj]
ZONE = "topology.kubernetes.io/zone"
HOST = "kubernetes.io/hostname"


def zoned(name: str, zone: str, **more: Any) -> Given:
    return node(name, labels={ZONE: zone}, **more)


def labelled(**labels: str) -> Obj:
    return {"labels": labels}


def term(key: str = HOST, **labels: str) -> Obj:
    return {"topologyKey": key, "labelSelector": {"matchLabels": labels}}


def affinity(kind: str, *terms: Obj) -> Obj:
    return {"affinity": {kind: {"requiredDuringSchedulingIgnoredDuringExecution": list(terms)}}}


def spread(key: str = ZONE, **more: Any) -> Obj:
    constraint = {
        "topologyKey": key,
        "maxSkew": 1,
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "a"}},
        **more,
    }
    return {"topologySpreadConstraints": [constraint]}


def port(number: int) -> Obj:
    work = {"name": "work", "image": "i", "ports": [{"containerPort": number, "hostPort": number, "protocol": "TCP"}]}
    return {"containers": [work]}


def volume(name: str, zone: str = "", *, driver: str = "", phase: str = "Bound", **spec: Any) -> Given:
    terms = [{"matchExpressions": [{"key": ZONE, "operator": "In", "values": [zone]}]}]
    where = {"nodeAffinity": {"required": {"nodeSelectorTerms": terms}}} if zone else {}
    csi = {"csi": {"driver": driver, "volumeHandle": name}} if driver else {}
    return "persistentvolumes", {
        "metadata": {"name": name},
        "spec": {**where, **csi, **spec},
        "status": {"phase": phase},
    }


def storage_claim(name: str, volume: str = "", *, mode: str = "ReadWriteOnce", storage_class: str = "") -> Given:
    spec = {"volumeName": volume, "accessModes": [mode], "storageClassName": storage_class}
    status = {"phase": "Bound" if volume else "Pending"}
    return "persistentvolumeclaims", {
        "metadata": {"name": name, "namespace": "team"},
        "spec": spec,
        "status": status,
    }


def storage_class(name: str, provisioner: str = "kubernetes.io/no-provisioner") -> Given:
    found = {"provisioner": provisioner, "volumeBindingMode": "WaitForFirstConsumer"}
    return "storage.k8s.io/storageclasses", {"metadata": {"name": name}, **found}


def csi_node(name: str, count: int) -> Given:
    drivers = [{"name": "d.example", "allocatable": {"count": count}}]
    return "storage.k8s.io/csinodes", {"metadata": {"name": name}, "spec": {"drivers": drivers}}


def mounting(name: str) -> Obj:
    return {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": name}}]}


APART = affinity("podAntiAffinity", term(app="a"))
NEAR = affinity("podAffinity", term(ZONE, app="cache"))
A = labelled(app="a")
LOW, HIGH = {"priority": 0}, {"priority": 1000, "priorityClassName": "urgent"}
FULL = [node("n1"), pod("low", 8, "n1", **LOW)]
DYING = {"deletionTimestamp": NOW.isoformat()}

# What is named first and its holder, what is there where it waits, and what is where it does not.
CASES: dict[str, tuple[str, str, list[Given], list[Given]]] = {
    "its own anti-affinity": (
        "company.anti-affinity-keeps-it-out", "pods/team/q",
        [node("n1"), pod("q", 0, "n1", meta=A), pod("p", meta=A, **APART)],
        [node("n1"), pod("q", 0, "n1", meta=labelled(app="b")), pod("p", meta=A, **APART)],
    ),
    "anti-affinity of others": (
        "company.anti-affinity-keeps-it-out", "pods/team/q",
        [node("n1"), pod("q", 0, "n1", **APART), pod("p", meta=A)],
        [node("n1"), pod("q", 0, "n1", meta={"namespace": "other"}, **APART), pod("p", meta=A)],
    ),
    "one place for each": (
        "company.anti-affinity-keeps-it-out", "places apart for",
        [zoned("n1", "a"), zoned("n2", "b"), *(pod(f"q{n}", 0, f"n{n}", meta=A) for n in (1, 2)),
         pod("p", meta=A, **affinity("podAntiAffinity", term(ZONE, app="a")))],
        [zoned("n1", "a"), zoned("n2", "b"), zoned("n3", "c"), *(pod(f"q{n}", 0, f"n{n}", meta=A) for n in (1, 2)),
         pod("p", meta=A, **affinity("podAntiAffinity", term(ZONE, app="a")))],
    ),
    "nobody to be near": (
        "company.affinity-finds-nobody", "wants to be near",
        [zoned("n1", "a"), zoned("n2", "b", unschedulable=True), pod("c", 0, "n2", meta=labelled(app="cache")), pod("p", **NEAR)],
        [zoned("n1", "a"), zoned("n2", "a", unschedulable=True), pod("c", 0, "n2", meta=labelled(app="cache")), pod("p", **NEAR)],
    ),
    "the first of those who want to be near each other": (
        "company.affinity-finds-nobody", "wants to be near",
        [node("n1"), pod("p", meta=A, **affinity("podAffinity", term("rack", app="a")))],
        [zoned("n1", "a"), pod("p", meta=A, **affinity("podAffinity", term(ZONE, app="a")))],
    ),
    "uneven": (
        "company.spread-keeps-it-out", "an even spread",
        [zoned("n1", "a"), zoned("n2", "b", unschedulable=True), pod("q", 0, "n1", meta=A), pod("p", meta=A, **spread())],
        [zoned("n1", "a"), zoned("n2", "b", unschedulable=True), pod("q", 0, "n1", meta=A), pod("p", meta=A, **spread(maxSkew=2))],
    ),
    "too few places": (
        "company.spread-keeps-it-out", "an even spread",
        [zoned("n1", "a"), pod("q", 0, "n1", meta=A), pod("p", meta=A, **spread(minDomains=2))],
        [zoned("n1", "a"), zoned("n2", "b"), pod("q", 0, "n1", meta=A), pod("p", meta=A, **spread(minDomains=2))],
    ),
    "tainted nodes count unless it says so": (
        "company.spread-keeps-it-out", "an even spread",
        [zoned("n1", "a"), zoned("n2", "b", taints=[{"key": "x", "effect": "NoSchedule"}]), pod("q", 0, "n1", meta=A),
         pod("p", meta=A, **spread())],
        [zoned("n1", "a"), zoned("n2", "b", taints=[{"key": "x", "effect": "NoSchedule"}]), pod("q", 0, "n1", meta=A),
         pod("p", meta=A, **spread(nodeTaintsPolicy="Honor"))],
    ),
    "a port that is taken": (
        "placement.all-is-taken", "host port 80/TCP",
        [node("n1"), pod("q", 0, "n1", **port(80)), pod("p", **port(80))],
        [node("n1"), node("n2"), pod("q", 0, "n1", **port(80)), pod("p", **port(80))],
    ),
    "a volume in another zone": (
        "volumes.are-elsewhere", "persistentvolumes/v",
        [zoned("n1", "a"), volume("v", "b"), storage_claim("c", "v"), pod("p", **mounting("c"))],
        [zoned("n1", "b"), volume("v", "b"), storage_claim("c", "v"), pod("p", **mounting("c"))],
    ),
    "no volume to bind": (
        "volumes.are-elsewhere", "persistentvolumeclaims/team/c",
        [zoned("n1", "a"), storage_class("s"), volume("v", "b", phase="Available", storageClassName="s"),
         storage_claim("c", storage_class="s"), pod("p", **mounting("c"))],
        [zoned("n1", "b"), storage_class("s"), volume("v", "b", phase="Available", storageClassName="s"),
         storage_claim("c", storage_class="s"), pod("p", **mounting("c"))],
    ),
    "too many volumes": (
        "volumes.node-takes-no-more", "the volume limit of",
        [node("n1"), csi_node("n1", 1), volume("v", driver="d.example"), volume("w", driver="d.example"),
         storage_claim("c", "v"), storage_claim("d", "w"), pod("q", 0, "n1", **mounting("d")), pod("p", **mounting("c"))],
        [node("n1"), csi_node("n1", 1), volume("v", driver="d.example"), storage_claim("c", "v"),
         pod("q", 0, "n1", **mounting("c")), pod("p", **mounting("c"))],
    ),
    "a volume for one": (
        "volumes.another-has-it-alone", "pods/team/q",
        [node("n1"), volume("v"), storage_claim("c", "v", mode="ReadWriteOncePod"), pod("q", 0, "n1", **mounting("c")),
         pod("p", **mounting("c"))],
        [node("n1"), volume("v"), storage_claim("c", "v"), pod("q", 0, "n1", **mounting("c")), pod("p", **mounting("c"))],
    ),
    "may not preempt": (
        "preemption.may-not-preempt", "priorityclasses/urgent",
        [*FULL, pod("p", 1, preemptionPolicy="Never", **HIGH)],
        [node("n1"), pod("high", 8, "n1", **HIGH), pod("p", 1, preemptionPolicy="Never", **HIGH)],
    ),
    "victims that do not go": (
        "preemption.waits-for-those-who-leave", "pods/team/low",
        [node("n1"), pod("low", 8, "n1", meta=DYING, **LOW), pod("p", 1, status={"nominatedNodeName": "n1"}, **HIGH)],
        [*FULL, pod("p", 1, status={"nominatedNodeName": "n1"}, **HIGH)],
    ),
    "a taint on the only nodes that are large enough": (
        "placement.no-node-lets-it-in", "taint x:NoSchedule",
        [node("n1", 0), node("n2", taints=[{"key": "x", "effect": "NoSchedule"}]), pod("p", 1)],
        [node("n1"), node("n2", taints=[{"key": "x", "effect": "NoSchedule"}]), pod("p", 1)],
    ),
}  # fmt: skip


def sources(given: list[Given]) -> list[str]:
    return [cause.source for cause in seen(*given).causes]


@pytest.mark.parametrize("name", CASES)
def test_what_keeps_it_out_is_named(name: str) -> None:
    source, holder, given, _ = CASES[name]
    found = seen(*given)
    assert found.blind == ()
    cause = next((one for one in found.causes if one.source == source), None)
    assert cause is not None, [(one.source, one.because) for one in found.causes]
    assert holder in cause.holder
    assert cause.actions or source == "placement.all-is-taken"
    assert any(row.subject == "pods/team/p" for row in cause.blocked)


@pytest.mark.parametrize("name", CASES)
def test_and_not_where_nothing_does(name: str) -> None:
    source, _, _, silent = CASES[name]
    assert source not in sources(silent)


def explained(*given: Given) -> Explanation:
    facts = snapshot(*given)
    (floor,) = facts.all(Floor)
    groups = facts.all(Group)
    waits = next(one for group in groups for one in group.unplaced)
    return explain(Case(waits, floor.look(waits), floor, groups))


def test_what_most_nodes_fail_is_told_first_with_what_would_make_it_fit() -> None:
    told = explained(
        node("n1"), node("n2"), node("n3", unschedulable=True), pod("a", 2, "n1"), pod("b", 4, "n2"), pod("p", 8)
    )
    assert [(one.constraint, one.nodes) for one in told.fails] == [(f"insufficient {GPU}", 2), ("cordoned", 1)]
    assert told.first == f"insufficient {GPU}"
    assert told.needs == f"needs 8 of {GPU}; the best node, nodes/n1, has 6 free"
    assert [one.what for one in told.actions] == [f"wait for pods/team/a, or end it: it has 2 of {GPU} on nodes/n1"]


@pytest.mark.parametrize(
    ("given", "first", "needs"),
    [
        ([node("n1"), pod("p", 9)], f"insufficient {GPU}", "no node that lets it in has more than 8"),
        ([node("n1", 0), node("n2", taints=[{"key": "x", "effect": "NoSchedule"}]), pod("p", 1)], "untolerated taint", "x:NoSchedule"),
        ([node("n1"), pod("p", nodeSelector={"a": "b"})], "node affinity or selector", "a=b is met by 0 of 1"),
        ([*FULL, pod("p", 1, **HIGH)], f"insufficient {GPU}", "it may preempt: on 1 node pods of lower priority"),
        ([node("n1"), pod("q", 0, "n1", **port(80)), pod("p", **port(80))], "host ports", "host port 80/TCP"),
        ([node("n1"), pod("p")], "", "1 node would take it now"),
    ],
)  # fmt: skip
def test_what_it_needs(given: list[Given], first: str, needs: str) -> None:
    told = explained(*given)
    assert told.first == first
    assert needs in told.needs


def test_a_gang_that_may_not_be_beside_another_waits_for_that_one() -> None:
    apart = affinity("podAntiAffinity", term(app="a"))
    given = [node("n1"), *gang("g", 2, ["n1", "n1"]), pod("q", 0, "n1", meta=A), pod("p", **apart)]
    assert sources(given) == ["company.anti-affinity-keeps-it-out"]


@pytest.mark.parametrize(("allowed", "told"), [(0, True), (1, False)])
def test_a_preemption_that_a_budget_speaks_against_is_told_with_it(allowed: int, told: bool) -> None:
    low = pod("low", 8, "n1", meta=A, **LOW)
    facts = snapshot(node("n1"), low, pod("p", 1, **HIGH))
    spec = {"selector": {"matchLabels": {"app": "a"}}}
    given = {"metadata": {"name": "b", "namespace": "team"}, "spec": spec, "status": {"disruptionsAllowed": allowed}}
    budget = msgspec.convert(given, PodDisruptionBudget)
    (floor,), groups = facts.all(Floor), facts.all(Group)
    waits = next(one for group in groups for one in group.unplaced)
    found = explain(Case(waits, floor.look(waits), floor, groups, (budget,)))
    assert "it may preempt: on 1 node" in found.needs
    assert ("against policy/poddisruptionbudgets/team/b" in found.needs) is told
