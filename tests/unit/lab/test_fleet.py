from __future__ import annotations

import contextlib

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from seatrial.lab.fleet import kwok, objects
from seatrial.lab.fleet.products import PRODUCTS
from seatrial.lab.fleet.profile import parse
from seatrial.model.errors import UsageError
from seatrial.model.lab import FleetGroup, LabSpec


def test_a_profile_becomes_groups() -> None:
    assert parse("h100:8x64, mi300x:4x2@6.13.0/dra") == (
        FleetGroup("h100", 8, 64),
        FleetGroup("mi300x", 4, 2, "6.13.0", "dra"),
    )
    assert parse("") == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("h100", "'h100' is not understood"),
        ("h100:0x1", "not understood"),
        ("h100:8x64/sometimes", "not understood"),
        ("abacus:1x1", "no product 'abacus'"),
        ("h100:8x19999,a100:1x2", "more than 20000 nodes"),
    ],
)
def test_what_is_no_profile(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        parse(text)
    assert caught.value.way_out


@given(st.text(max_size=40))
def test_any_text_is_a_profile_or_a_usage_error(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert all(group.nodes > 0 and group.devices > 0 for group in parse(text))


@pytest.mark.parametrize(
    ("advertise", "allocatable", "slices"), [("plugin", True, 0), ("dra", False, 2), ("both", True, 2)]
)
def test_how_devices_are_advertised(advertise: str, allocatable: bool, slices: int) -> None:
    spec = LabSpec(fleet=(FleetGroup("h100", 8, 2, advertise=advertise),))
    assert all(("nvidia.com/gpu" in node["status"]["allocatable"]) is allocatable for node in objects.nodes(spec))
    assert len(list(objects.slices(spec))) == slices
    assert len(list(objects.device_classes(spec))) == (1 if slices else 0)


def test_every_device_has_an_identity_of_its_own_and_a_semantic_version() -> None:
    spec = LabSpec(fleet=(FleetGroup("h100", 8, 3, "595.91.07"),))
    devices = [device for one in objects.slices(spec) for device in one["spec"]["devices"]]
    assert len({device["attributes"]["uuid"]["string"] for device in devices}) == 24
    assert {device["attributes"]["driverVersion"]["version"] for device in devices} == {"595.91.7"}


@pytest.mark.parametrize("product", sorted(PRODUCTS))
def test_every_simulated_node_says_that_it_is_one(product: str) -> None:
    (node,) = objects.nodes(LabSpec(fleet=(FleetGroup(product, 1, 1),)))
    assert node["metadata"]["labels"]["seatrial.dev/simulated"] == "true"
    assert "{" not in "".join(node["metadata"]["labels"].values())


def test_a_simulated_pod_without_an_end_does_not_complete() -> None:
    selector = {"matchExpressions": [{"key": ".status.phase", "operator": "In", "values": ["Running"]}]}
    names = ("pod-ready", "pod-complete")
    shipped = [{"kind": "Stage", "metadata": {"name": name}, "spec": {"selector": selector}} for name in names]
    ready, complete = yaml.safe_load_all(kwok.stages_of(yaml.safe_dump_all(shipped)))
    assert ready == shipped[0]
    added = complete["spec"]["selector"]["matchExpressions"][1]
    assert added["operator"] == "DoesNotExist"
    assert '["/workload", "work", "--seconds", "0"]' in added["key"]
