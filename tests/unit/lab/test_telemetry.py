"""The exporters of a lab: whom they speak as, and that everything says that it simulates."""

from __future__ import annotations

from pathlib import Path

import pytest

from seatrial.lab.fleet import profile
from seatrial.lab.fleet.objects import nodes
from seatrial.lab.fleet.products import PRODUCTS
from seatrial.lab.node import telemetry
from seatrial.lab.site import Site
from seatrial.model.lab import LabSpec


def site(fleet: str) -> Site:
    spec = LabSpec(name="one", fleet=profile.parse(fleet))
    return Site(spec=spec, base=spec, slot=0, ports={}, programs={})


@pytest.mark.parametrize(
    ("fleet", "dialects"),
    [
        ("", ("seatrial",)),
        ("h100:8x4,h200:8x1", ("seatrial", "nvidia")),
        ("max1550:4x1,mi300x:8x1", ("seatrial", "amd", "intel")),
    ],
)
def test_it_speaks_for_itself_and_for_the_vendors_of_the_fleet(fleet: str, dialects: tuple[str, ...]) -> None:
    assert telemetry.spoken(site(fleet)) == dialects
    pods = [one for one in telemetry.objects(site(fleet)) if one["kind"] == "Pod"]
    assert [one["metadata"]["name"] for one in pods] == [telemetry.DIALECTS[dialect][1] for dialect in dialects]
    assert all(one["metadata"]["labels"]["seatrial.dev/simulated"] == "true" for one in pods)
    assert all(one["spec"]["hostNetwork"] for one in pods)


def test_a_node_of_the_fleet_says_what_its_exporter_needs_to_know() -> None:
    (node,) = nodes(LabSpec(fleet=profile.parse("mi300x:4x1@6.13.0/dra")))
    notes = node["metadata"]["annotations"]
    assert notes["seatrial.dev/vendor"] == "amd"
    assert notes["seatrial.dev/devices"] == "4"
    assert notes["seatrial.dev/resource"] == "amd.com/gpu"
    assert notes["seatrial.dev/memory"] == PRODUCTS["mi300x"].memory
    assert notes["seatrial.dev/driver-version"] == "6.13.0"


def test_the_program_knows_the_notes_by_the_same_names() -> None:
    source = Path(telemetry.__file__).parents[1] / "programs" / "kube" / "accelerator" / "fleet_readings.go"
    (node,) = nodes(LabSpec(fleet=profile.parse("h100:8x1")))
    for note in node["metadata"]["annotations"]:
        if note.startswith("seatrial.dev/"):
            assert f'"{note}"' in source.read_text()


def test_monitoring_that_looks_for_the_usual_annotations_finds_the_exporters() -> None:
    pods = [one for one in telemetry.objects(site("h100:8x4")) if one["kind"] == "Pod"]
    ports = [one["metadata"]["annotations"]["prometheus.io/port"] for one in pods]
    assert ports == [str(telemetry.DIALECTS[dialect][0]) for dialect in ("seatrial", "nvidia")]
    assert all(one["metadata"]["annotations"]["prometheus.io/scrape"] == "true" for one in pods)
