"""What the lab makes of the Gateway API, of Envoy Gateway and of the endpoint picker."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import seatrial.lab
from seatrial.catalog.roles import GatewayImplementation, InferenceRouter, ModelPool
from seatrial.catalog.systems import envoy_gateway, inference_extension
from seatrial.catalog.systems.envoy_gateway import ENVOY_GATEWAY
from seatrial.catalog.systems.gateway_api import GATEWAY_API, GatewayClass, GatewayClassSpec
from seatrial.catalog.systems.inference_extension import INFERENCE_EXTENSION
from seatrial.lab import systems
from seatrial.lab.forge.recipes import pinned_version
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import Apis, Obj
from seatrial.model.system import Holds, Recipe, System
from tests.unit.catalog.checks.mesh import SERVED

SYSTEMS = (GATEWAY_API, ENVOY_GATEWAY, INFERENCE_EXTENSION)
PINS = Path(seatrial.lab.__file__).parent / "programs" / "systems"
POOL = ModelPool("pool", "proof", {"app": "model"}, 8080, "models", "gateway")


def recipe(system: System) -> Recipe:
    assert system.recipe is not None
    return system.recipe


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.id)
def test_what_is_built_is_pinned(system: System) -> None:
    made = recipe(system)
    lines = (PINS / system.id / "go.mod").read_text().splitlines()
    assert pinned_version(PINS / system.id, made.module) == made.version
    assert set(made.programs.values()) <= {line.removeprefix("tool").strip() for line in lines}
    assert f"{made.module} {made.version} h1:" in (PINS / system.id / "go.sum").read_text()
    assert not made.by_default


def test_an_image_holds_only_programs_that_the_lab_has() -> None:
    for system in (ENVOY_GATEWAY, INFERENCE_EXTENSION):
        had = {*recipe(system).programs, *recipe(system).wheel}
        for image in recipe(system).images:
            assert {image.program, *image.beside} <= had
            assert image.entrypoint == (f"/{image.program}",)


def objects() -> dict[tuple[str, str], Obj]:
    place = systems.Place(
        system="envoy-gateway",
        folder=Path("/lab"),
        kubeconfig=Path("/lab/kubeconfig"),
        address="10.213.7.2",
        ports={},
        programs={},
        identity=systems.Identity("C", "K"),
    )
    return {(one["kind"], one["metadata"]["name"]): one for one in systems.objects(recipe(ENVOY_GATEWAY), place, ())}


def test_envoy_finds_its_control_plane_by_a_file_of_hosts() -> None:
    made = objects()
    assert (
        "10.213.7.2 envoy-gateway.envoy-gateway-system.svc.cluster.local.\n"
        in made["ConfigMap", "envoy-hosts"]["data"]["hosts"]
    )
    proxy = made["EnvoyProxy", "lab"]["spec"]["provider"]["kubernetes"]["envoyDeployment"]
    (mount,) = proxy["container"]["volumeMounts"]
    assert (mount["mountPath"], mount["name"]) == ("/etc/hosts", proxy["pod"]["volumes"][0]["name"])
    assert made["Deployment", "envoy-gateway"]["spec"]["template"]["spec"]["hostNetwork"] is True


def test_all_of_it_lives_in_one_namespace_and_runs_one_image() -> None:
    made = objects()
    assert {one["metadata"].get("namespace", envoy_gateway.NAMESPACE) for one in made.values()} == {
        envoy_gateway.NAMESPACE
    }
    config = yaml.safe_load(made["ConfigMap", "envoy-gateway-config"]["data"]["envoy-gateway.yaml"])
    assert config["provider"]["kubernetes"]["shutdownManager"]["image"] == envoy_gateway.IMAGE
    for kind, name in (("Deployment", "envoy-gateway"), ("Job", "envoy-gateway-certgen")):
        (container,) = made[kind, name]["spec"]["template"]["spec"]["containers"]
        assert container["image"] == envoy_gateway.IMAGE
    assert made["GatewayClass", "envoy-gateway"]["spec"]["controllerName"] == envoy_gateway.CONTROLLER


def test_an_implementation_is_found_by_its_class() -> None:
    found = ENVOY_GATEWAY.found_by
    assert isinstance(found, Holds)
    assert found.where(GatewayClass(spec=GatewayClassSpec(envoy_gateway.CONTROLLER)))
    assert not found.where(GatewayClass(spec=GatewayClassSpec("example.org/other")))
    (anybody,) = (role for role in GATEWAY_API.roles if isinstance(role, GatewayImplementation))
    assert anybody.stand_in
    assert not anybody.controller


def dialect(system: System, served: dict[str, tuple[str, ...]] = SERVED) -> dict[str, Any]:
    (role,) = (role for role in system.roles if isinstance(role, InferenceRouter))
    return {one["kind"]: one for one in role.dialect(POOL, Apis(served))}


def test_the_extension_s_own_dialect_has_the_pool_as_the_backend() -> None:
    made = dialect(INFERENCE_EXTENSION)
    (rule,) = made["HTTPRoute"]["spec"]["rules"]
    assert rule["backendRefs"] == [{"group": inference_extension.GROUP, "kind": "InferencePool", "name": "pool"}]
    assert made["InferencePool"]["spec"]["endpointPickerRef"]["name"] == made["Service"]["metadata"]["name"]
    flags = made["Pod"]["spec"]["containers"][0]["args"]
    config = json.loads(next(flag for flag in flags if flag.startswith("--config-text=")).partition("=")[2])
    profile = {one["pluginRef"] for one in config["schedulingProfiles"][0]["plugins"]}
    assert profile <= {one["type"] for one in config["plugins"]}
    assert made["RoleBinding"]["subjects"][0]["name"] == made["Pod"]["spec"]["serviceAccountName"]


def test_envoy_gateway_asks_the_picker_and_heeds_it_by_policies_for_the_same_route() -> None:
    made = dialect(ENVOY_GATEWAY)
    route = made["HTTPRoute"]
    assert route["spec"]["rules"][0]["backendRefs"] == [{"name": "models", "port": 8080}]
    for kind in ("EnvoyExtensionPolicy", "BackendTrafficPolicy"):
        (target,) = made[kind]["spec"]["targetRefs"]
        assert (target["kind"], target["name"]) == ("HTTPRoute", route["metadata"]["name"])
    (asked,) = made["EnvoyExtensionPolicy"]["spec"]["extProc"]
    assert asked["backendRefs"][0]["name"] == made["Service"]["metadata"]["name"]
    sources = made["BackendTrafficPolicy"]["spec"]["loadBalancer"]["endpointOverride"]["extractFrom"]
    assert sources == [{"header": inference_extension.PICKED}]


def test_without_the_extension_s_definitions_nobody_can_judge() -> None:
    with pytest.raises(CannotJudge, match="InferencePool"):
        dialect(INFERENCE_EXTENSION, {})
