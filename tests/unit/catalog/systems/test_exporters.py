"""By what exporters are known."""

from __future__ import annotations

import pytest

from seatrial.catalog.roles import AcceleratorMetrics
from seatrial.catalog.systems import exporters
from seatrial.catalog.systems.kubernetes.pods import Container, Pod, PodSpec
from seatrial.lab.fleet.products import PRODUCTS
from seatrial.lab.node import telemetry
from seatrial.model.fact import Meta
from seatrial.model.system import Holds, System

ALL = [
    exporters.DCGM_EXPORTER,
    exporters.AMD_EXPORTER,
    exporters.INTEL_EXPORTER,
    exporters.TPU_METRICS,
    exporters.LAB_EXPORTER,
]


def found(labels: dict[str, str], image: str) -> list[str]:
    """The systems that see themselves in such a pod, in a snapshot and in a list alike."""
    fact = Pod(metadata=Meta(name="p", labels=labels), spec=PodSpec(containers=(Container(image=image),)))
    obj = {"metadata": {"labels": labels}, "spec": {"containers": [{"image": image}]}}

    def sees(system: System) -> bool:
        (role,) = system.roles
        assert isinstance(system.found_by, Holds)
        assert isinstance(role, AcceleratorMetrics)
        assert role.exporters(obj) is system.found_by.where(fact)
        return role.exporters(obj)

    return [system.id for system in ALL if sees(system)]


@pytest.mark.parametrize(
    ("labels", "image", "systems"),
    [
        ({"app": "nvidia-dcgm-exporter"}, "x", ["dcgm-exporter"]),
        ({}, "nvcr.io/nvidia/k8s/dcgm-exporter:4.6.0-4.8.3-ubi9", ["dcgm-exporter"]),
        ({}, "docker.io/rocm/device-metrics-exporter@sha256:00", ["amd-device-metrics-exporter"]),
        ({"app": "intel-xpumanager"}, "intel/xpumanager", ["intel-xpumanager"]),
        ({"k8s-app": "tpu-device-plugin"}, "x", ["tpu-metrics"]),
        ({"app": "metrics-exporter"}, "example.com/dcgm-exporter-dashboard:1", []),
        ({}, "", []),
    ],
)
def test_a_pod_is_an_exporter_by_a_usual_label_or_by_its_image(
    labels: dict[str, str], image: str, systems: list[str]
) -> None:
    assert found(labels, image) == systems


def test_the_lab_speaks_for_every_vendor_of_its_fleets_in_a_way_that_is_recognised() -> None:
    vendors = {product.vendor.lower() for product in PRODUCTS.values()}
    assert vendors | {"seatrial"} == set(telemetry.DIALECTS)
    for _, name in telemetry.DIALECTS.values():
        assert len(found({"app.kubernetes.io/name": name}, "seatrial.dev/lab/workload:v1")) == 1
