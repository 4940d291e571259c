"""Devices that have to go together, alternatives of a request, and claims that nobody may make."""

from __future__ import annotations

from typing import Any

import pytest

from seatrial.catalog.systems.kubernetes.dra import ResourceClaim
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.waits.advice import Case
from seatrial.catalog.waits.constraints import rules_of
from seatrial.catalog.waits.explaining import explain
from seatrial.catalog.waits.floor import Floor
from seatrial.catalog.waits.shelf import Shelf
from seatrial.catalog.waits.wishes import open_requests
from seatrial.model.fact import Obj
from seatrial.model.wait import Explanation
from tests.unit.catalog.waits.scene import NOW, named, node, pod, seen, snapshot
from tests.unit.catalog.waits.test_devices import CLASS, claiming, device, slices

Given = tuple[str, Obj]
_GROUP = "resource.k8s.io"
LARGE = (f"{_GROUP}/deviceclasses", {"metadata": {"name": "large"}, "spec": {"selectors": [{"cel": {"expression": "device.attributes['d.example'].profile == 'large'"}}]}})  # fmt: skip


def claim(count: int = 2, *, name: str = "c", results: tuple[str, ...] = (), **constraint: Any) -> Given:
    allotted = [{"request": "r", "driver": "d.example", "pool": "n1", "device": one} for one in results]
    return f"{_GROUP}/resourceclaims", {
        "metadata": {"name": name, "namespace": "team"},
        "spec": {
            "devices": {
                "requests": [{"name": "r", "exactly": {"deviceClassName": "k", "count": count}}],
                "constraints": [constraint] if constraint else [],
            }
        },
        "status": {"allocation": {"devices": {"results": allotted}}} if allotted else {},
    }


def either(*classes: str) -> Given:
    """A prioritized list, as ``firstAvailable`` is."""
    wants = [{"name": f"s{number}", "deviceClassName": one, "count": 1} for number, one in enumerate(classes)]
    return f"{_GROUP}/resourceclaims", {
        "metadata": {"name": "c", "namespace": "team"},
        "spec": {"devices": {"requests": [{"name": "r", "firstAvailable": wants}]}},
    }


def on_numa(name: str, numa: int) -> Obj:
    return device(name, attributes={"numa": {"int": numa}, "profile": {"string": "small"}})


def refused(message: str) -> list[Given]:
    """A pod whose claim nobody has made, and what the controller said of it."""
    wants = pod("p", resourceClaims=[{"name": "r", "resourceClaimTemplateName": "t"}])
    event = {
        "metadata": {"name": "p.1", "namespace": "team"},
        "involvedObject": {"kind": "Pod", "namespace": "team", "name": "p"},
        "reason": "FailedResourceClaimCreation",
        "message": f"PodResourceClaim r: {message}",
        "lastTimestamp": NOW.isoformat(),
    }
    return [node("n1"), wants, ("events", event)]


SAME = {"matchAttribute": "d.example/numa"}
OTHER = {"distinctAttribute": "d.example/numa"}
NODES = [node("n1"), CLASS]
TWO = slices(on_numa("a", 0), on_numa("b", 0), on_numa("c", 1), on_numa("d", 1))
TORN = [TWO, claim(1, name="u", results=("a", "c")), claiming("q", "u", "n1")]

CASES: dict[str, tuple[str, str, list[Given], list[Given]]] = {
    "devices of one numa node are not free together": (
        "constraints.no-devices-go-together", "the same d.example/numa",
        [*NODES, *TORN, claim(2, **SAME), claiming()], [*NODES, TWO, claim(2, **SAME), claiming()],
    ),
    "so many of one numa node there never are": (
        "constraints.no-devices-go-together", "the same d.example/numa",
        [*NODES, TWO, claim(3, **SAME), claiming()], [*NODES, TWO, claim(2, requests=["r"], **SAME), claiming()],
    ),
    "so many numa nodes there are not": (
        "constraints.no-devices-go-together", "a different d.example/numa",
        [*NODES, TWO, claim(3, **OTHER), claiming()], [*NODES, TWO, claim(2, **OTHER), claiming()],
    ),
    "an attribute that no device has": (
        "constraints.no-devices-go-together", "the same d.example/rack",
        [*NODES, TWO, claim(2, matchAttribute="d.example/rack"), claiming()],
        [*NODES, TWO, claim(2), claiming()],
    ),
    "the alternative is free": (
        "claims.cannot-be-allocated", "",
        [*NODES, LARGE, TWO, either("large", "none"), claiming()], [*NODES, LARGE, TWO, either("large", "k"), claiming()],
    ),
    "all alternatives are taken": (
        "claims.cannot-be-allocated", "devices of k",
        [*NODES, LARGE, slices(on_numa("a", 0)), claim(1, name="u", results=("a",)), claiming("q", "u", "n1"), either("large", "k"), claiming()],
        [*NODES, LARGE, slices(on_numa("a", 0)), either("large", "k"), claiming()],
    ),
    "administrative access without leave": (
        "claim-making.is-refused", "leave for admin access in namespaces/team",
        refused('create ResourceClaim p-r-: ResourceClaim "" is invalid: spec.devices.requests[0].exactly.adminAccess: Forbidden: admin access to devices requires the `resource.kubernetes.io/admin-access: true` label on the containing namespace'),
        [],
    ),
    "no template": (
        "claim-making.is-refused", "resourceclaimtemplates/team/t",
        refused('resource claim template "t": resourceclaimtemplate.resource.k8s.io "t" not found'), [],
    ),
    "a quota": (
        "claim-making.is-refused", "resourcequotas/team/q",
        refused('create ResourceClaim p-r-: resourceclaims.resource.k8s.io "p-r-x" is forbidden: exceeded quota: q, requested: count/resourceclaims.resource.k8s.io=1, used: 4, limited: 4'),
        [],
    ),
    "something else": (
        "claim-making.is-refused", "a claim for pods/team/p", refused("create ResourceClaim p-r-: the server is on fire"), [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_it_is_named(name: str) -> None:
    source, holder, given, _ = CASES[name]
    cause = named(given, source, holder)
    assert "pods/team/p" in [row.subject for row in cause.blocked]
    assert cause.because


@pytest.mark.parametrize("name", CASES)
def test_and_not_where_it_can_be_had(name: str) -> None:
    source, _, _, silent = CASES[name]
    assert source not in [one.source for one in seen(*silent).causes]


def test_a_template_that_is_refused_is_told_instead_of_the_guess_that_nobody_made_a_claim() -> None:
    (cause,) = seen(*CASES["no template"][2]).causes
    assert cause.source == "claim-making.is-refused"


def explained(*given: Given) -> Explanation:
    here = snapshot(*given)
    (floor,), (shelf,) = here.all(Floor), here.all(Shelf)
    waits = next(one for one in here.all(Pod) if one.name == "p")
    known = {(one.metadata.namespace, one.name): one for one in here.all(ResourceClaim)}
    wants = tuple(want for _, want in open_requests(shelf, waits, known))
    return explain(Case(waits, floor.look(waits), floor, shelf=shelf, wants=wants, rules=rules_of(waits, known)))


def test_a_node_whose_devices_do_not_go_together_does_not_fit() -> None:
    given = [*NODES, *TORN, claim(2, **SAME), claiming()]
    told = explained(*given)
    assert (told.fits, {one.constraint: one.nodes for one in told.fails}) == (0, {"claimed devices": 1})
    assert "the same d.example/numa" in told.needs
    assert explained(*NODES, TWO, claim(2, **SAME), claiming()).fits == 1
