"""Devices that a real scheduler cannot give together, and claims that a real controller cannot make."""

from __future__ import annotations

from typing import Any

from seatrial.model.fact import Obj
from tests.live.waiting import Scene, node, spec
from tests.live.waiting_places import before, claim, claiming, device_class, slices, waits


def on_numa(name: str, numa: int) -> Obj:
    return {"name": name, "attributes": {"numa": {"int": numa}}}


def constrained(scene: str, count: int, **constraint: str) -> Obj:
    found = claim(scene, count=count)
    found["spec"]["devices"]["constraints"] = [constraint]
    return found


def either(*classes: str) -> Obj:
    """A prioritized list: the first that can be had."""
    wants = [{"name": f"s{number}", "deviceClassName": f"{one}.example"} for number, one in enumerate(classes)]
    found: dict[str, Any] = claim(classes[0])
    found["spec"] = {"devices": {"requests": [{"name": "r", "firstAvailable": wants}]}}
    return found


CHOICES = (
    Scene("numa", "constraints.no-devices-go-together", "the same numa.example/numa",
          (node("numa"), device_class("numa"), *slices("numa", on_numa("a", 0), on_numa("b", 1)),
           constrained("numa", 2, matchAttribute="numa.example/numa"), waits(claiming("numa"))),
          explains={}),
    Scene("either", "claims.cannot-be-allocated", "devices of either.example",
          (node("either"), device_class("none"), device_class("either"), *slices("either", {"name": "a"}),
           claim("either", "first"), before(claiming("either", "first")),
           either("none", "either"), waits(claiming("either")))),
    Scene("no-template", "claim-making.is-refused", "resourceclaimtemplates/scene-no-template/gone",
          (node("no-template"), waits(spec(on="no-template", resourceClaims=[{"name": "r", "resourceClaimTemplateName": "gone"}])))),
)  # fmt: skip
