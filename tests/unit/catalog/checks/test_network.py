from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from seatrial.catalog.checks.network import Interface
from seatrial.catalog.checks.network import claimed_interfaces_arrive_and_carry_data as the_check
from seatrial.catalog.roles import FastNetwork
from seatrial.catalog.systems.accelerator_lab import CARD_DRIVER, LAB_NETWORK_CARDS
from seatrial.catalog.systems.kubernetes.dra import DeviceClass
from seatrial.catalog.systems.networks import ATTACHED_NETWORKS
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import All, Meta, Obj
from seatrial.model.system import System
from seatrial.model.verdict import Outcome, Verdict
from seatrial.model.workbench import Ran
from tests.unit.catalog.checks.node import NodeBench

SIZE = 16 << 20
PODS = {"receiver": 1, "sender": 2, "outsider": 3}


def card(**without: None) -> Obj:
    attributes = {"pciAddress": {"string": "0000:81:00.0"}, "numaNode": {"int": 0}, "rdma": {"bool": False}}
    return {
        "name": "nic0",
        "attributes": {name: value for name, value in attributes.items() if name not in without},
        "capacity": {"bandwidth": {"value": "100G"}},
    }


def slices(*devices: Obj, on: str = "n1") -> list[Obj]:
    return [{"metadata": {"name": "s"}, "spec": {"driver": CARD_DRIVER, "nodeName": on, "devices": list(devices)}}]


class Fabric:
    """Two pods with a fast interface, one without, and the bytes that the kernel counts."""

    def __init__(self, **flaws: Any) -> None:
        self.flaws = flaws
        self.sent = {"eth0": 1000, "fast0": 0}

    def __call__(self, pod: str, argv: Sequence[str]) -> Any:
        if argv[1] == "interfaces":
            return {"interfaces": self.interfaces(pod)}
        reached = (pod == "sender" and not self.flaws.get("unplugged")) or (
            pod == "outsider" and self.flaws.get("open")
        )
        if not reached:
            return Ran(1, '{"error": "no route to host"}', "")
        self.sent[self.flaws.get("over", "fast0")] += SIZE + 5000
        self.sent["eth0"] += self.flaws.get("also", 0)
        return {"sent": SIZE, "received": SIZE}

    def interfaces(self, pod: str) -> list[Obj]:
        names = ["eth0"]
        if (pod != "outsider" and not self.flaws.get("stays")) or (pod == "outsider" and self.flaws.get("everywhere")):
            names.append("fast0")
        return [self.interface(name, PODS[pod]) for name in names]

    def interface(self, name: str, number: int) -> Obj:
        address = f"10.0.0.{number}/24" if name == "eth0" else f"10.216.0.{number}/24"
        up = name == "eth0" or not self.flaws.get("down")
        return {"name": name, "up": up, "addresses": [address, "fe80::1/64"], "received": 0, "sent": self.sent[name]}


def judge(fabric: Any, published: list[Obj] | None = None, system: System = LAB_NETWORK_CARDS) -> Verdict:
    (role,) = system.roles
    assert isinstance(role, FastNetwork)
    bench = NodeBench(
        fabric, others={"resource.k8s.io/resourceslices": slices(card()) if published is None else published}
    )
    classes = All((DeviceClass(metadata=Meta(name=CARD_DRIVER)),))
    return asyncio.run(the_check.judge(role, classes, bench))  # type: ignore[arg-type]


def test_data_goes_over_the_interface_that_was_claimed() -> None:
    made = judge(Fabric())
    assert made.outcome is Outcome.PASS, made.because
    assert "bandwidth, rdma, pci, numa" in made.because


@pytest.mark.parametrize(
    ("flaws", "says"),
    [
        ({"stays": True}, "has 0 beside its ordinary one"),
        ({"down": True}, "is down, or has no address"),
        ({"unplugged": True}, "carry nothing: no route to host"),
        ({"over": "eth0"}, "0 of them went over fast0"),
        ({"also": 2 << 20}, "went over other interfaces"),
        ({"everywhere": True}, "without a claim has the interfaces eth0, fast0"),
        ({"open": True}, "without a claim reaches 10.216.0.1:9000"),
    ],
)
def test_interfaces_that_do_not_arrive_or_not_for_those_who_claim_them(flaws: dict[str, Any], says: str) -> None:
    made = judge(Fabric(**flaws))
    assert made.outcome is Outcome.FAIL
    assert says in made.because


def test_what_can_be_claimed_has_to_say_what_it_is() -> None:
    assert "publishes no interface" in judge(Fabric(), []).because
    assert "not all tell their numa" in judge(Fabric(), slices(card(), card(numaNode=None))).because


def test_a_pod_with_a_claim_belongs_where_the_interfaces_are() -> None:
    assert "has no such interface" in judge(Fabric(), slices(card(), on="n2")).because


def test_networks_of_an_unknown_kind_are_unknown() -> None:
    assert judge(Fabric(), system=ATTACHED_NETWORKS).outcome is Outcome.UNKNOWN


def test_a_pod_that_says_nothing_readable_is_no_verdict() -> None:
    with pytest.raises(CannotJudge, match="did not report its interfaces"):
        judge(lambda pod, argv: Ran(1, "", "no such program"))


def test_an_address_is_the_first_that_others_can_reach() -> None:
    assert Interface("a", True, ("fe80::1/64", "fd00::2/64"), 0, 0).address == "fd00::2"
    assert Interface("a", True, ("fe80::1/64",), 0, 0).address == ""
