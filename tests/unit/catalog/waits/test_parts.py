"""The small parts: selectors of nodes and devices, what pods ask for, and the scheduler's words."""

from __future__ import annotations

import msgspec
import pytest

from seatrial.catalog.systems.kubernetes.dra import Device, Selector
from seatrial.catalog.systems.kubernetes.pods import PodSpec
from seatrial.catalog.systems.kubernetes.requests import asked
from seatrial.catalog.views.selectors import selects
from seatrial.catalog.waits.advice import Case
from seatrial.catalog.waits.explaining import explain, said
from seatrial.catalog.waits.expressions import matches
from seatrial.catalog.waits.floor import Floor
from seatrial.catalog.waits.groups import Group, release
from tests.unit.catalog.waits.scene import GPU, node, pod, snapshot

ATTRIBUTES = {
    "productName": {"string": "H100"},
    "index": {"int": 3},
    "ok": {"bool": True},
    "driverVersion": {"version": "570.10.2"},
    "other.example/model": {"string": "x"},
}
DEVICE = Device(name="gpu-0", attributes=ATTRIBUTES, capacity={"memory": {"value": "80Gi"}})


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("device.driver == 'gpu.example'", True),
        ('device.driver != "gpu.example"', False),
        ("device.attributes['gpu.example'].productName == 'H100'", True),
        ("device.attributes['gpu.example'].index >= 3", True),
        ("device.attributes['gpu.example'].index < 3", False),
        ("device.attributes['gpu.example'].ok == true", True),
        ("device.attributes['gpu.example'].absent == 1", False),
        ("device.attributes['other.example'].model == 'x'", True),
        ("device.attributes['gpu.example'].driverVersion.compareTo(semver('570.9.0')) > 0", True),
        ("device.capacity['gpu.example'].memory.compareTo(quantity('80Gi')) >= 0", True),
        ("device.capacity['gpu.example'].memory.compareTo(quantity('81Gi')) >= 0", False),
        ("device.driver == 'gpu.example' && device.attributes['gpu.example'].index == 4", False),
        ("device.driver == 'gpu.example' || true", None),
        ("device.attributes['gpu.example'].productName.startsWith('H')", None),
        ("device.driver == 'gpu.example' && strange()", None),
        ("device.driver == 'no' && strange()", False),
        ("(device.driver == 'gpu.example')", True),
        ("x" * 20_000, None),
        ("", None),
    ],
)
def test_device_selectors_say_yes_no_or_that_they_are_more_than_we_read(expression: str, expected: bool | None) -> None:
    assert matches([Selector(cel={"expression": expression})], DEVICE, "gpu.example") is expected


REQUIRED = {"nodeSelectorTerms": [{"matchExpressions": [{"key": "size", "operator": "Gt", "values": ["4"]}]}]}
BY_NAME = {"nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]}]}


@pytest.mark.parametrize(
    ("selector", "required", "labels", "expected"),
    [
        ({"a": "b"}, None, {"a": "b"}, True),
        ({"a": "b"}, None, {}, False),
        ({}, REQUIRED, {"size": "8"}, True),
        ({}, REQUIRED, {"size": "4"}, False),
        ({}, REQUIRED, {"size": "many"}, False),
        ({}, BY_NAME, {}, True),
        ({}, {"nodeSelectorTerms": []}, {}, False),
        ({}, {"nodeSelectorTerms": "nonsense"}, {}, False),
        ({}, {"nodeSelectorTerms": [{}]}, {}, False),
    ],
)
def test_node_selectors(selector: dict[str, str], required: object, labels: dict[str, str], expected: bool) -> None:
    assert selects(selector, required, labels, "n1") is expected


def test_what_a_pod_asks_is_its_containers_together_or_an_init_container_alone() -> None:
    def container(name: str, cpu: str, **more: str) -> dict[str, object]:
        return {"name": name, "resources": {"requests": {"cpu": cpu}}, **more}

    spec = {
        "containers": [container("a", "1"), container("b", "500m")],
        "initContainers": [container("side", "1", restartPolicy="Always"), container("first", "4")],
    }
    assert asked(msgspec.convert(spec, PodSpec)) == {"pods": 1000, "cpu": 5000}


MESSAGE = (
    "0/3 nodes are available: 1 Insufficient nvidia.com/gpu, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable. "
    "preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
)


def test_the_scheduler_is_understood() -> None:
    assert said(MESSAGE) == {"": 3, f"insufficient {GPU}": 1, "untolerated taint": 1, "cordoned": 1}
    assert said('0/3 nodes are available: persistentvolumeclaim "data" not found. not found') is None
    assert said("waiting for 2 more pods") is None


def waiting(message: str) -> dict[str, object]:
    return {"conditions": [{"type": "PodScheduled", "status": "False", "message": message}]}


TAINT = {"key": "a", "effect": "NoSchedule"}
NODES = (node("n1", 0), node("n2", taints=[TAINT]), node("n3", unschedulable=True))


def explained(message: str, *nodes: object) -> object:
    snap = snapshot(*nodes, pod("p", 1, status=waiting(message)))  # type: ignore[arg-type]
    (floor,), ((one, *_),) = snap.all(Floor), [snap.facts["pods"]]
    return explain(Case(one, floor.look(one), floor))


def test_what_we_count_and_what_the_scheduler_counts_is_compared() -> None:
    found = explained(MESSAGE, *NODES)
    assert {one.constraint: one.nodes for one in found.fails} == {  # type: ignore[attr-defined]
        f"insufficient {GPU}": 1,
        "untolerated taint": 1,
        "cordoned": 1,
    }
    assert found.agrees is True  # type: ignore[attr-defined]


def test_where_they_differ_it_is_said() -> None:
    found = explained(MESSAGE.replace("1 Insufficient", "2 Insufficient"), *NODES)
    assert found.agrees is False  # type: ignore[attr-defined]
    assert found.differs == (f"insufficient {GPU}: 1 nodes by our arithmetic, 2 by the scheduler",)  # type: ignore[attr-defined]


def test_counts_of_another_number_of_nodes_are_not_compared() -> None:
    found = explained(MESSAGE, *NODES, node("n4"))
    assert found.agrees is None  # type: ignore[attr-defined]
    assert "looked at 3 nodes and there are 4 now" in found.differs[0]  # type: ignore[attr-defined]


def test_a_command_quotes_names_that_a_snapshot_made_up() -> None:
    (group,) = snapshot(pod("$(reboot); x")).all(Group)
    assert release(group).command == "kubectl -n team delete pod '$(reboot); x'"
