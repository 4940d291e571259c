"""Devices by claims: parts of accelerators, shares of devices, taints, quotas, and devices on nodes that let nobody in."""

from __future__ import annotations

from typing import Any

import pytest

from seatrial.catalog.waits.shelf import Shelf
from seatrial.model.fact import Obj
from tests.unit.catalog.waits.scene import GPU, node, pod, seen, snapshot

Given = tuple[str, Obj]
_GROUP = "resource.k8s.io"
CLASS = (f"{_GROUP}/deviceclasses", {"metadata": {"name": "k"}, "spec": {"selectors": []}})
TAINT = {"key": "bad", "value": "x", "effect": "NoSchedule"}
TOLERATED = [{"key": "bad", "operator": "Exists"}]


def claim(name: str = "c", device: str = "", *, taken: Obj | None = None, **want: Any) -> Given:
    result = {"request": "r", "driver": "d.example", "pool": "n1", "device": device, "consumedCapacity": taken or {}}
    status = {"allocation": {"devices": {"results": [result]}}} if device else {}
    requests = [{"name": "r", "exactly": {"deviceClassName": "k", "count": 1, **want}}]
    return f"{_GROUP}/resourceclaims", {
        "metadata": {"name": name, "namespace": "team"},
        "spec": {"devices": {"requests": requests}},
        "status": status,
    }


def device(name: str, **more: Any) -> Obj:
    return {"name": name, "attributes": {"profile": {"string": name.partition("-")[0]}}, **more}


def part(name: str, memory: int) -> Obj:
    return device(name, consumesCounters=[{"counterSet": "gpu-0", "counters": {"memory": {"value": f"{memory}Gi"}}}])


def slices(*devices: Obj, node_name: str = "n1", memory: int = 0, **more: Any) -> Given:
    counters = [{"name": "gpu-0", "counters": {"memory": {"value": f"{memory}Gi"}}}] if memory else []
    spec = {
        "driver": "d.example",
        "nodeName": node_name,
        "pool": {"name": node_name or "pool", "generation": 1},
        "devices": list(devices),
        "sharedCounters": counters,
        **more,
    }
    return f"{_GROUP}/resourceslices", {"metadata": {"name": f"s-{node_name}"}, "spec": spec}


def claiming(name: str = "p", claim: str = "c", on: str = "", **more: Any) -> Given:
    return pod(name, 0, on, resourceClaims=[{"name": "r", "resourceClaimName": claim}], **more)


def profile(name: str) -> Obj:
    return {"selectors": [{"cel": {"expression": f"device.attributes['d.example'].profile == '{name}'"}}]}


def share(gib: int, **more: Any) -> Obj:
    return device("nic", allowMultipleAllocations=True, capacity={"memory": {"value": f"{gib}Gi"}}, **more)


def wants(gib: int) -> Obj:
    return {"capacity": {"requests": {"memory": f"{gib}Gi"}}}


def rule(**selector: str) -> Given:
    return f"{_GROUP}/devicetaintrules", {
        "metadata": {"name": "rule"},
        "spec": {"deviceSelector": selector, "taint": TAINT},
    }


def quota(hard: int, used: int) -> Given:
    key = "k.deviceclass.resource.k8s.io/devices"
    return "resourcequotas", {
        "metadata": {"name": "q", "namespace": "team"},
        "spec": {"hard": {key: str(hard)}},
        "status": {"used": {key: str(used)}},
    }


TEMPLATE = (
    f"{_GROUP}/resourceclaimtemplates",
    {
        "metadata": {"name": "t", "namespace": "team"},
        "spec": {"spec": {"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": "k", "count": 2}}]}}},
    },
)
BY_TEMPLATE = pod("p", resourceClaims=[{"name": "r", "resourceClaimTemplateName": "t"}])
PARTS = slices(part("whole-0", 80), part("small-0", 10), part("small-1", 10), memory=80)
BASE = [node("n1"), CLASS]
AS_RESOURCE = (f"{_GROUP}/deviceclasses", {"metadata": {"name": "k"}, "spec": {"extendedResourceName": GPU}})

CASES: dict[str, tuple[str, str, list[Given], list[Given]]] = {
    "a whole that is broken up": (
        "shares.counters-are-used-up", "pods/team/q",
        [*BASE, PARTS, claim("u", "small-0"), claiming("q", "u", "n1"), claim(**profile("whole")), claiming()],
        [*BASE, PARTS, claim("u", "small-0"), claiming("q", "u", "n1"), claim(**profile("small")), claiming()],
    ),
    "no capacity left": (
        "shares.capacity-is-used-up", "capacity of k",
        [*BASE, slices(share(10)), claim("u", "nic", taken={"memory": "8Gi"}), claiming("q", "u", "n1"), claim(**wants(4)), claiming()],
        [*BASE, slices(share(10)), claim("u", "nic", taken={"memory": "4Gi"}), claiming("q", "u", "n1"), claim(**wants(4)), claiming()],
    ),
    "who asks for no amount wants all of it": (
        "shares.capacity-is-used-up", "capacity of k",
        [*BASE, slices(share(10)), claim("u", "nic", taken={"memory": "1Gi"}), claiming("q", "u", "n1"), claim(), claiming()],
        [*BASE, slices(device("nic", allowMultipleAllocations=True)), claim("u", "nic"), claiming("q", "u", "n1"), claim(), claiming()],
    ),
    "a taint by a rule": (
        "claims.cannot-be-allocated", "device taint bad=x:NoSchedule",
        [*BASE, slices(device("a")), rule(driver="d.example", device="a"), claim(), claiming()],
        [*BASE, slices(device("a")), rule(driver="other.example"), claim(), claiming()],
    ),
    "a taint that is tolerated": (
        "claims.cannot-be-allocated", "device taint bad=x:NoSchedule",
        [*BASE, slices(device("a", taints=[TAINT])), claim(), claiming()],
        [*BASE, slices(device("a", taints=[TAINT])), claim(tolerations=TOLERATED), claiming()],
    ),
    "devices where it may not go": (
        "claims.cannot-be-allocated", "nodes with devices for",
        [*BASE, node("n2", unschedulable=True), slices(device("a"), node_name="n2"), claim(), claiming()],
        [*BASE, node("n2", unschedulable=True), slices(device("a")), claim(), claiming()],
    ),
    "devices that a network has": (
        "claims.cannot-be-allocated", "nodes with devices for",
        [*BASE, node("n2", unschedulable=True), slices(device("a"), node_name="n2"), claim(), claiming()],
        [*BASE, node("n2", unschedulable=True), slices(device("a"), node_name="", allNodes=True), claim(), claiming()],
    ),
    "all devices": (
        "claims.cannot-be-allocated", "devices of k",
        [*BASE, slices(device("a"), device("b")), claim("u", "a"), claiming("q", "u", "n1"), claim(allocationMode="All"), claiming()],
        [*BASE, slices(device("a"), device("b")), claim(allocationMode="All"), claiming()],
    ),
    "a resource that a class stands for": (
        "claims.cannot-be-allocated", "devices of k",
        [node("n1", 0), AS_RESOURCE, slices(device("a")), claim("u", "a"), claiming("q", "u", "n1"), pod("p", 1)],
        [node("n1", 0), AS_RESOURCE, slices(device("a")), pod("p", 1)],
    ),
    "a quota of devices": (
        "claims.quota-is-used-up", "resourcequotas/team/q",
        [*BASE, TEMPLATE, quota(4, 3), BY_TEMPLATE], [*BASE, TEMPLATE, quota(4, 2), BY_TEMPLATE],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_why_a_claim_waits_is_named(name: str) -> None:
    source, holder, given, _ = CASES[name]
    found = seen(*given)
    assert found.blind == ()
    causes = [one for one in found.causes if one.source == source and holder in one.holder]
    assert causes, [(one.source, one.holder, one.because) for one in found.causes]
    assert any(row.subject == "pods/team/p" for row in causes[0].blocked)


@pytest.mark.parametrize("name", CASES)
def test_and_not_where_it_can_be_had(name: str) -> None:
    source, holder, _, silent = CASES[name]
    found = seen(*silent)
    assert not [one for one in found.causes if one.source == source and holder in one.holder]


def test_parts_that_overlap_are_never_all_free_at_once() -> None:
    (shelf,) = snapshot(CLASS, PARTS, claim()).all(Shelf)
    want = want_of(claim()[1])
    assert shelf.offer(want).devices == 3
    assert shelf.offer(want).here == 2  # the whole, or its two small parts


def want_of(obj: Obj) -> Any:
    (fact,) = snapshot((f"{_GROUP}/resourceclaims", obj)).facts[f"{_GROUP}/resourceclaims"]
    return fact.spec.devices.requests[0].wants[0]  # type: ignore[attr-defined]
