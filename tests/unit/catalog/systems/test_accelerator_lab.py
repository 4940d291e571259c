"""How the lab's accelerators are found and asked for."""

import datetime as dt

from seatrial.catalog.roles import AcceleratorSource
from seatrial.catalog.systems.accelerator_lab import LAB_DEVICE_PLUGIN, LAB_DRA_DRIVER, DeviceClass
from seatrial.catalog.systems.kubernetes.core import Node, NodeStatus
from seatrial.model.fact import Apis, ClusterIdentity, Fact, Gap, GapReason, Meta, Obj, Snapshot
from seatrial.model.system import System

POD: Obj = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "probe", "namespace": "bench"},
    "spec": {"containers": [{"name": "with"}, {"name": "without"}]},
}


def role(system: System) -> AcceleratorSource:
    (found,) = system.roles
    assert isinstance(found, AcceleratorSource)
    return found


def snapshot(*facts: Fact, gaps: tuple[Gap, ...] = ()) -> Snapshot:
    kinds = {kind.of: tuple(fact for fact in facts if isinstance(fact, kind)) for kind in (Node, DeviceClass)}
    at = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
    return Snapshot(at, ClusterIdentity(), Apis(), kinds, {gap.resource: gap for gap in gaps})


def node(amount: str) -> Node:
    return Node(metadata=Meta(name="a"), status=NodeStatus(allocatable={"seatrial.dev/accelerator": amount}))


def test_the_device_plugin_is_found_by_what_a_node_can_allocate() -> None:
    look = LAB_DEVICE_PLUGIN.found_by.look
    assert look(snapshot(node("4"))).there is True
    assert look(snapshot(node("0"))).there is False
    assert look(snapshot(Node(metadata=Meta(name="b")))).there is False


def test_the_dra_driver_is_found_by_its_device_class_even_while_it_publishes_nothing() -> None:
    look = LAB_DRA_DRIVER.found_by.look
    forbidden = Gap("resource.k8s.io/deviceclasses", GapReason.FORBIDDEN, "403")
    assert look(snapshot(DeviceClass(metadata=Meta(name="accelerator.seatrial.dev")))).there is True
    assert look(snapshot(DeviceClass(metadata=Meta(name="gpu.nvidia.com")))).there is False
    assert look(snapshot(gaps=(forbidden,))).there is None


def test_the_device_plugin_is_asked_by_limit_of_one_container() -> None:
    (pod,) = role(LAB_DEVICE_PLUGIN).request(POD, "with", 2)
    asking, other = pod["spec"]["containers"]
    assert asking["resources"] == {"limits": {"seatrial.dev/accelerator": "2"}}
    assert "resources" not in other
    assert "resources" not in POD["spec"]["containers"][0], "the pod that was handed in is left as it was"


def test_the_dra_driver_is_asked_by_a_claim_for_one_container() -> None:
    pod, claim = role(LAB_DRA_DRIVER).request(POD, "with", 2)
    asking, other = pod["spec"]["containers"]
    (named,) = pod["spec"]["resourceClaims"]
    assert asking["resources"]["claims"] == [{"name": named["name"]}]
    assert "resources" not in other
    assert (claim["metadata"]["name"], claim["metadata"]["namespace"]) == (named["resourceClaimName"], "bench")
    (request,) = claim["spec"]["devices"]["requests"]
    assert request["exactly"] == {"deviceClassName": "accelerator.seatrial.dev", "count": 2}
    assert "resourceClaims" not in POD["spec"]


def test_two_containers_get_claims_of_their_own() -> None:
    pod, first = role(LAB_DRA_DRIVER).request(POD, "with", 1)
    pod, second = role(LAB_DRA_DRIVER).request(pod, "without", 1)
    assert len({claim["resourceClaimName"] for claim in pod["spec"]["resourceClaims"]}) == 2
    assert first["metadata"]["name"] != second["metadata"]["name"]
