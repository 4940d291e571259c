"""Dragonfly: nodes get images from each other. What its chart was told stands in ConfigMaps."""

from __future__ import annotations

import msgspec

from seatrial.catalog.systems.kubernetes.configmaps import BadSettings, ConfigMap, settings
from seatrial.catalog.systems.kubernetes.pods import KNOWN_BY, Pod
from seatrial.model.fact import Shape
from seatrial.model.system import Holds, Proof, System

# Labels ``component``: of the pods on every node, and of those that fetch for all.
CLIENT, SEED = "client", "seed-client"


def is_part(labels: dict[str, str], *components: str) -> bool:
    """Whether a pod is one of Dragonfly's. Its chart calls the application after the release."""
    return "dragonfly" in labels.get("app", "") and labels.get("component") in components


class Registry(Shape, frozen=True):
    host_namespace: str = ""
    server_addr: str = ""
    capabilities: tuple[str, ...] = ()
    skip_verify: bool = False


class Containerd(Shape, frozen=True):
    """What becomes of containerd's ``hosts.toml``."""

    enable: bool = False
    config_path: str = ""
    registries: tuple[Registry, ...] = ()


class ContainerRuntime(Shape, frozen=True):
    containerd: Containerd = Containerd()


class LocalProxy(Shape, frozen=True):
    addr: str = ""


class Dfinit(Shape, frozen=True):
    """How the container runtime of each node is pointed at the client beside it; there only where the chart enables it."""

    container_runtime: ContainerRuntime = ContainerRuntime()
    proxy: LocalProxy = LocalProxy()


def dfinit_of(config: ConfigMap) -> Dfinit | None:
    """What a ConfigMap tells dfinit; nothing where it is about something else."""
    if "dfinit.yaml" not in config.data:
        return None
    try:
        return msgspec.convert(settings(config, "dfinit.yaml"), Dfinit)
    except msgspec.ValidationError as error:
        raise BadSettings(f"{config.subject} dfinit.yaml: {error}") from error


DRAGONFLY = System(
    id="dragonfly",
    title="Dragonfly",
    home="https://d7y.io",
    found_by=Holds(Pod, lambda pod: is_part(pod.metadata.labels, CLIENT), "the labels of Dragonfly's client", KNOWN_BY),
    facts=(ConfigMap,),
    proof=Proof.DOCUMENTS,
)
