"""What systems keep in ConfigMaps, and what becomes of text that is none of theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from seatrial.catalog.systems.cluster_autoscaler import status_of
from seatrial.catalog.systems.dragonfly import dfinit_of
from seatrial.catalog.systems.hami import devices_of
from seatrial.catalog.systems.kubernetes.configmaps import BadSettings, ConfigMap, settings
from seatrial.catalog.systems.kueue_objects import waiting_for_pods
from seatrial.cluster.decode import fact_from
from seatrial.model.fact import Meta
from tests import documents

OBJECTS = Path(__file__).parent / "objects"
HAMI = """\
nvidia:
  resourceCountName: nvidia.com/gpu
  resourceMemoryName: nvidia.com/gpumem
  resourceCoreName: nvidia.com/gpucores
  deviceSplitCount: 10
  deviceMemoryScaling: 1.5
  deviceCoreScaling: 1
  gpuCorePolicy: default
amd:
  resourceCountName: amd.com/gpu
"""


def config(**data: str) -> ConfigMap:
    return ConfigMap(
        metadata=Meta(name="any", namespace="a"), data={name.replace("_", "-"): text for name, text in data.items()}
    )


def documented(system: str) -> ConfigMap:
    (obj,) = (obj for obj in documents.read(OBJECTS / f"{system}.yaml").good if obj["kind"] == "ConfigMap")
    return fact_from(ConfigMap, obj)


def test_the_autoscaler_s_status_tells_each_group_of_nodes() -> None:
    status = status_of(documented("cluster-autoscaler"))
    assert (status.autoscaler_status, status.cluster_wide.scale_up.status) == ("Running", "InProgress")
    (group,) = status.node_groups
    assert (group.name, group.health.min_size, group.health.max_size, group.health.cloud_provider_target) == (
        "gpu",
        0,
        8,
        2,
    )


@pytest.mark.parametrize(
    "text",
    [
        "Cluster-autoscaler status at 2023-01-01:\nCluster-wide:\n  Health: Healthy (ready=5)",
        "nodeGroups: [1]",
        "a: *b",
    ],
)
def test_a_status_that_is_of_another_shape_is_said_to_be(text: str) -> None:
    with pytest.raises(BadSettings, match="configmaps/a/any status"):
        status_of(config(status=text))


def test_what_dragonfly_makes_of_containerd_is_read_only_where_it_stands() -> None:
    found = dfinit_of(documented("dragonfly"))
    assert found is not None
    (registry,) = found.container_runtime.containerd.registries
    assert found.container_runtime.containerd.enable is True
    assert (registry.host_namespace, registry.skip_verify) == ("docker.io", True)
    assert found.proxy.addr == "http://127.0.0.1:4001"
    assert dfinit_of(config(other="a: b")) is None
    with pytest.raises(BadSettings, match=r"dfinit\.yaml"):
        dfinit_of(ConfigMap(data={"dfinit.yaml": "containerRuntime: none"}))


def test_how_far_hami_divides_devices() -> None:
    found = devices_of(ConfigMap(data={"device-config.yaml": HAMI}))
    assert found is not None
    assert (found.nvidia.device_split_count, found.nvidia.device_memory_scaling, found.nvidia.device_core_scaling) == (
        10,
        1.5,
        1.0,
    )
    assert devices_of(config(other="a: b")) is None
    with pytest.raises(BadSettings, match=r"device-config\.yaml"):
        devices_of(ConfigMap(data={"device-config.yaml": "nvidia: {deviceSplitCount: many}"}))


def test_whether_kueue_waits_for_pods() -> None:
    assert waiting_for_pods(documented("kueue")) == {"timeout": "5m", "blockAdmission": True}
    assert waiting_for_pods(ConfigMap(data={"controller_manager_config.yaml": "kind: Configuration"})) is None


@pytest.mark.parametrize("text", ["- a", "a: 1\n---\nb: 2", "just text"])
def test_settings_are_one_mapping(text: str) -> None:
    with pytest.raises(BadSettings, match="not one mapping"):
        settings(config(text=text), "text")


def test_settings_that_are_not_there_are_empty_and_nothing_is_built_of_their_tags() -> None:
    assert settings(config(), "text") == {}
    with pytest.raises(BadSettings, match="plain data"):
        settings(config(text="a: !!python/object/apply:os.system [id]"), "text")
