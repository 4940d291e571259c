"""Systems of the lab that take long to build: what they are found by, what they are told, and whether it is pinned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

import seatrial.lab
from seatrial.catalog.faults.changes import sets
from seatrial.catalog.roles import (
    DisaggregatedServing,
    GatewayImplementation,
    InferenceRouter,
    LabelRule,
    ModelPool,
    NodeLabeller,
    ServingObjects,
    ServingStack,
)
from seatrial.catalog.systems import inference_extension, llm_d, traefik
from seatrial.catalog.systems.gatekeeper import GATEKEEPER
from seatrial.catalog.systems.gateway_api import GatewayClass, GatewayClassSpec
from seatrial.catalog.systems.keda import KEDA, ScaledObject
from seatrial.catalog.systems.kubernetes.pods import Container, Pod, PodSpec
from seatrial.catalog.systems.lab_registry import LAB_REGISTRY
from seatrial.catalog.systems.llm_d import LLM_D, SCHEDULER
from seatrial.catalog.systems.llm_d_stack import CONFIG, DECIDER
from seatrial.catalog.systems.node_feature_discovery import NODE_FEATURE_DISCOVERY, NodeFeature
from seatrial.catalog.systems.policy_controller import POLICY_CONTROLLER
from seatrial.catalog.systems.traefik import TRAEFIK
from seatrial.lab import systems
from seatrial.lab.forge.recipes import pinned_version
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import Apis
from seatrial.model.lab import LabSpec
from seatrial.model.system import Holds, Proof, Recipe, System
from tests.unit.catalog.checks.mesh import SERVED

SYSTEMS = (
    KEDA, NODE_FEATURE_DISCOVERY, LLM_D, TRAEFIK, GATEKEEPER, POLICY_CONTROLLER, LAB_REGISTRY
)  # fmt: skip
PINS = Path(seatrial.lab.__file__).parent / "programs" / "systems"
POOL = ModelPool("pool", "proof", {"app": "model"}, 8080, "models", "gateway")


def recipe(system: System) -> Recipe:
    assert system.recipe is not None
    return system.recipe


def started(system: System, **settings: Any) -> dict[str, tuple[str, ...]]:
    """The processes with their arguments, each port by a number of its own."""
    made = recipe(system)
    place = systems.Place(
        system=system.id,
        folder=Path("/lab"),
        kubeconfig=Path("/lab/kubeconfig"),
        address="10.213.7.2",
        ports={name: 21000 + number for number, name in enumerate(systems.ports(made))} | dict(made.ports),
        programs={name: Path("/cache") / name for name in made.programs},
        identity=systems.Identity("C", "K"),
    )
    return {one.name: (*one.argv, *one.files.values()) for one in systems.services(made, place, settings)}


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.id)
def test_what_is_built_is_pinned(system: System) -> None:
    made = recipe(system)
    lines = [line.strip() for line in (PINS / system.id / "go.mod").read_text().splitlines()]
    assert pinned_version(PINS / system.id, made.module) == made.version
    upstream = {package for package in made.programs.values() if package != "."}
    assert upstream <= {line.removeprefix("tool ") for line in lines}
    assert f"{made.module} {made.version} h1:" in (PINS / system.id / "go.sum").read_text()
    assert {process.program for process in made.processes} <= set(made.programs)
    assert (made.by_default, system.proof) == (False, Proof.REAL_PROCESS)


@pytest.mark.parametrize("system", [KEDA, NODE_FEATURE_DISCOVERY, TRAEFIK, GATEKEEPER], ids=lambda system: system.id)
def test_no_two_of_its_processes_listen_on_one_port(system: System) -> None:
    made = recipe(system)
    assert len(started(system)) == len(made.processes)
    told = [text for one in made.processes for text in (one.ready,) if text]
    assert len(told) == len(set(told))


def test_keda_s_webhooks_are_asked_where_they_listen() -> None:
    assert "--port=" in " ".join(started(KEDA)["keda-webhooks"])
    assert "webhook" in systems.ports(recipe(KEDA))


def test_keda_s_adapter_finds_its_operator() -> None:
    processes = started(KEDA)
    (serves,) = (
        arg.partition("=")[2] for arg in processes["keda-operator"] if arg.startswith("--metrics-service-bind")
    )
    (asks,) = (
        arg.partition("=")[2] for arg in processes["keda-adapter"] if arg.startswith("--metrics-service-address")
    )
    assert serves == asks


def test_a_scaled_object_shows_what_has_to_be_judged() -> None:
    obj = {
        "metadata": {"name": "model", "namespace": "team"},
        "spec": {
            "scaleTargetRef": {"name": "model"},
            "cooldownPeriod": 60,
            "advanced": {
                "horizontalPodAutoscalerConfig": {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 5}}}
            },
            "fallback": {"failureThreshold": 3, "replicas": 2},
            "triggers": [{"type": "prometheus", "metadata": {"query": "sum(x)", "ignoreNullValues": "false"}}],
        },
    }
    found = msgspec.convert(obj, ScaledObject)
    down = found.spec.advanced.horizontal_pod_autoscaler_config.behavior.scale_down
    assert down is not None
    assert (found.spec.cooldown_period, down.stabilization_window_seconds) == (60, 5)
    assert found.spec.fallback is not None
    assert found.spec.triggers[0].metadata["ignoreNullValues"] == "false"
    assert msgspec.convert({**obj, "spec": {}}, ScaledObject).spec.fallback is None


def test_a_rule_for_labels_differs_in_its_condition_from_one_that_never_holds() -> None:
    (role,) = NODE_FEATURE_DISCOVERY.roles
    assert isinstance(role, NodeLabeller)
    made = role.dialect(LabelRule("proof", "a/yes", "a/no"), Apis({role.rules: ("v1alpha1",)}))
    yes, no = made["spec"]["rules"]
    assert (yes["labels"], no["labels"]) == ({"a/yes": "@kernel.version.full"}, {"a/no": "true"})
    assert yes["matchFeatures"][0]["feature"] == no["matchFeatures"][0]["feature"]
    assert made["apiVersion"] == "nfd.k8s-sigs.io/v1alpha1"


def test_a_report_names_its_node() -> None:
    obj = {
        "metadata": {"name": "n1", "labels": {"nfd.node.kubernetes.io/node-name": "n1"}},
        "spec": {"features": {"attributes": {"kernel.version": {"elements": {"full": "6.12"}}}}, "labels": {"a": "b"}},
    }
    found = msgspec.convert(obj, NodeFeature)
    assert found.node == "n1"
    assert found.spec.features.attributes["kernel.version"].elements["full"] == "6.12"
    assert NodeFeature().node == ""


def test_labels_are_made_unless_it_is_told_not_to() -> None:
    def disabled(**settings: bool) -> bool:
        made = recipe(NODE_FEATURE_DISCOVERY)
        assert made.configure is not None
        files = made.configure({**made.settings, **settings})
        return bool(json.loads(files["nfd-master.json"])["restrictions"]["disableLabels"])

    assert disabled(labels=False)
    assert not disabled()


def test_traefik_listens_where_its_gateways_may() -> None:
    (role,) = TRAEFIK.roles
    assert isinstance(role, GatewayImplementation)
    config = yaml.safe_load(next(text for text in started(TRAEFIK)["traefik"] if "entryPoints" in text))
    assert config["entryPoints"]["web"]["address"] == f"10.213.7.2:{role.listens_on}"
    assert config["providers"]["kubernetesGateway"]["statusAddress"]["ip"] == "10.213.7.2"
    assert config["providers"]["kubernetesGateway"]["namespaces"] == []
    assert not config["global"]["sendAnonymousUsage"]


def test_traefik_may_look_elsewhere() -> None:
    spec = sets("traefik", namespaces=["nowhere"])(LabSpec())
    config = yaml.safe_load(
        next(text for text in started(TRAEFIK, **spec.settings["traefik"])["traefik"] if "entryPoints" in text)
    )
    assert config["providers"]["kubernetesGateway"]["namespaces"] == ["nowhere"]


def test_traefik_is_found_by_its_class() -> None:
    found = TRAEFIK.found_by
    assert isinstance(found, Holds)
    assert found.where(GatewayClass(spec=GatewayClassSpec(traefik.CONTROLLER)))
    assert not found.where(GatewayClass(spec=GatewayClassSpec("example.org/other")))


@pytest.mark.parametrize(
    ("image", "there"),
    [
        (SCHEDULER.image, True),
        ("ghcr.io/llm-d/llm-d-router-endpoint-picker:v0.10.0", True),
        ("registry.example.org/mirror/llm-d-inference-scheduler@sha256:00", True),
        (inference_extension.IMAGE, False),
        ("example.org/not-llm-d-inference-scheduler:v1", False),
    ],
)
def test_llm_d_is_found_by_its_scheduler(image: str, there: bool) -> None:
    found = LLM_D.found_by
    assert isinstance(found, Holds)
    assert found.where(Pod(spec=PodSpec(containers=(Container(image="other"), Container(image=image))))) is there


def routed(served: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    (role,) = (role for role in LLM_D.roles if isinstance(role, InferenceRouter))
    return {one["kind"]: one for one in role.dialect(POOL, Apis(served))}


def test_llm_d_picks_for_envoy_gateway_by_its_policies() -> None:
    made = routed(SERVED)
    assert {"EnvoyExtensionPolicy", "BackendTrafficPolicy", "InferencePool"} <= set(made)
    (container,) = made["Pod"]["spec"]["containers"]
    assert container["image"] == SCHEDULER.image
    (config,) = (json.loads(arg.partition("=")[2]) for arg in container["args"] if arg.startswith("--config-text="))
    named = {one["type"] for one in config["plugins"]}
    assert {one["pluginRef"] for one in config["schedulingProfiles"][0]["plugins"]} <= named
    assert "decode-filter" in named


def test_llm_d_s_pool_is_a_backend_where_nothing_else_is_known() -> None:
    made = routed({name: versions for name, versions in SERVED.items() if "envoyproxy" not in name})
    (rule,) = made["HTTPRoute"]["spec"]["rules"]
    assert rule["backendRefs"][0]["kind"] == "InferencePool"
    assert "BackendTrafficPolicy" not in made


def test_the_lab_s_standing_scheduler_is_what_llm_d_is_found_by() -> None:
    (pod,) = (one for one in recipe(LLM_D).overlay if one["kind"] == "Pod")
    assert isinstance(LLM_D.found_by, Holds)
    assert LLM_D.found_by.where(msgspec.convert(pod, Pod))
    assert pod["metadata"]["namespace"] == f"{LLM_D.id}-system"
    assert {image.reference for image in recipe(LLM_D).images} >= {llm_d.SCHEDULER.image}


def stack() -> ServingObjects:
    (role,) = (role for role in LLM_D.roles if isinstance(role, DisaggregatedServing))
    return role.dialect(ServingStack("stack", "proof", "workload:1", 8080), Apis(SERVED))


def test_llm_d_s_decoding_pod_is_entered_by_its_proxy() -> None:
    made = stack()
    pods = {one["metadata"]["name"]: one for one in made.objects if one["kind"] == "Pod"}
    decode, prefill = pods[made.decode]["spec"], pods[made.prefill]["spec"]
    (proxy,), (server,) = decode["initContainers"], decode["containers"]
    assert {"--port=8080", "--vllm-port=8081"} <= set(proxy["args"])
    assert proxy["restartPolicy"] == "Always"
    assert {"--port=8081", "--role=decode"} <= set(server["command"])
    assert "--port=8080" in prefill["containers"][0]["command"]
    roles = {pods[name]["metadata"]["labels"]["llm-d.ai/role"] for name in (made.prefill, made.decode)}
    assert roles == {"prefill", "decode"}


def test_llm_d_s_proxy_asks_the_picker_beside_it_and_goes_where_that_says() -> None:
    made = stack()
    (picker,) = (one for one in made.objects if one["metadata"].get("labels", {}).get("seatrial.dev/picker"))
    _, envoy = picker["spec"]["containers"]
    config = json.loads(envoy["args"][-1])["static_resources"]
    (listener,) = config["listeners"]
    assert listener["address"]["socket_address"]["port_value"] == 8080
    picked, asked = config["clusters"]
    assert picked["original_dst_lb_config"]["http_header_name"] == inference_extension.PICKED
    (endpoint,) = asked["load_assignment"]["endpoints"][0]["lb_endpoints"]
    assert endpoint["endpoint"]["address"]["socket_address"]["port_value"] == inference_extension.PICKER_PORT
    (service,) = (one for one in made.objects if one["kind"] == "Service" and one["metadata"]["name"] == made.service)
    assert service["spec"]["selector"] == picker["metadata"]["labels"]


def test_llm_d_s_picker_of_two_phases_knows_the_plugins_that_it_refers_to() -> None:
    named = {one["type"] for one in CONFIG["plugins"]}
    assert {one["pluginRef"] for profile in CONFIG["schedulingProfiles"] for one in profile["plugins"]} <= named
    assert DECIDER in named


def test_without_pools_llm_d_cannot_be_judged() -> None:
    (role,) = (role for role in LLM_D.roles if isinstance(role, DisaggregatedServing))
    with pytest.raises(CannotJudge):
        role.dialect(ServingStack("stack", "proof", "workload:1", 8080), Apis({}))


def test_gatekeeper_s_two_processes_are_its_two_deployments() -> None:
    """Who is asked may be away while who makes kinds of templates is there."""
    told = {
        name: {arg.removeprefix("--operation=") for arg in args if "--operation=" in arg}
        for name, args in started(GATEKEEPER).items()
    }
    assert told == {
        "gatekeeper-controller": {"webhook", "mutation-webhook"},
        "gatekeeper-audit": {"audit", "status", "mutation-status", "generate"},
    }


def test_whoever_verifies_signatures_trusts_the_lab_s_registry_and_nobody_else() -> None:
    place = systems.Place(
        system="x",
        folder=Path("/lab/systems/x"),
        kubeconfig=Path("/lab/kubeconfig"),
        ports=dict.fromkeys(("webhook", "metrics"), 1),
        programs={"policy-controller": Path("/cache/policy-controller")},
        identity=systems.Identity("C", "K"),
    )
    (service,) = systems.services(recipe(POLICY_CONTROLLER), place, {})
    assert Path(service.env["SSL_CERT_FILE"]).resolve() == Path("/lab/systems/lab-registry/tls.crt")
