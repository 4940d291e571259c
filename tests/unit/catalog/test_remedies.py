"""What every remedy owes, and what each makes of a cluster. That they work is shown on a real API server: tests/live/test_harden.py."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

import msgspec
import pytest

from seatrial.catalog.checks.posture.privilege import ALL_DEVICES, DEVICE_FILES, NODE_SOCKETS
from seatrial.catalog.remedies.pods import paths
from seatrial.catalog.systems.fluid import Dataset
from seatrial.catalog.systems.gateway_objects import Gateway, HTTPRoute
from seatrial.catalog.systems.istio import PeerAuthentication
from seatrial.catalog.systems.keda import ScaledObject
from seatrial.catalog.systems.kubernetes.autoscaling import HorizontalPodAutoscaler
from seatrial.catalog.systems.kubernetes.configmaps import ConfigMap
from seatrial.catalog.systems.kubernetes.controllers import DaemonSet, Deployment, StatefulSet
from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.catalog.systems.kubernetes.dra import ResourceClaim, ResourceSlice
from seatrial.catalog.systems.kubernetes.governance import (
    NetworkPolicy,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
)
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.systems.kyverno import ImageValidatingPolicy
from seatrial.catalog.systems.policy_controller import ClusterImagePolicy
from seatrial.catalog.systems.prometheus import Service
from seatrial.catalog.views.signatures import SignatureRule
from seatrial.engine.catalog import Catalog
from seatrial.model.fact import Apis, ClusterIdentity, Fact, Gap, GapReason, Obj, Snapshot
from seatrial.model.remedy import Fix, Remedy
from seatrial.model.verdict import Finding, Outcome, Severity

REMEDIES = Catalog.load("seatrial.catalog").remedies
each = pytest.mark.parametrize("remedy", REMEDIES.values(), ids=REMEDIES)


def snapshot(
    *objects: tuple[type[Fact], Obj], version: str = "v1.37.1", served: dict[str, Any] | None = None
) -> Snapshot:
    facts: dict[str, tuple[Fact, ...]] = {}
    for kind, obj in objects:
        facts[kind.of] = (*facts.get(kind.of, ()), msgspec.convert(obj, kind))
    return Snapshot(
        taken_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        cluster=ClusterIdentity(version=version),
        apis=Apis(served or {}),
        facts=facts,
        gaps={},
    )


def failing(check: str, subject: str = "namespaces/team-a") -> Finding:
    return Finding(
        check=check,
        subject=subject,
        outcome=Outcome.FAIL,
        severity=Severity.HIGH,
        because="it is so",
        touches=("resource.k8s.io/resourceclaims",),
    )


def device(driver: str, node: str = "n1") -> tuple[type[Fact], Obj]:
    return ResourceSlice, {"metadata": {"name": driver[:20]}, "spec": {"driver": driver, "nodeName": node}}


def policy(name: str, labels: dict[str, str]) -> tuple[type[Fact], Obj]:
    spec = {"podSelector": {"matchLabels": labels}, "policyTypes": ["Ingress"], "ingress": [{"ports": [{"port": 80}]}]}
    return NetworkPolicy, {"metadata": {"name": name, "namespace": "team-a"}, "spec": spec}


def gpu_pod(name: str, count: int = 1) -> tuple[type[Fact], Obj]:
    one = {"name": "a", "image": "a", "resources": {"limits": {"nvidia.com/gpu": count}}}
    return Pod, {
        "metadata": {"name": name, "namespace": "team-a", "labels": {"app": "a"}},
        "spec": {"containers": [one]},
    }


def server(kind: type[Fact], name: str = "server") -> tuple[type[Fact], Obj]:
    spec = {"selector": {"matchLabels": {"app": "a"}, "matchExpressions": [{"key": "b", "operator": "Exists"}]}}
    return kind, {"metadata": {"name": name, "namespace": "team-a"}, "spec": spec}


def door(name: str) -> tuple[type[Fact], Obj]:
    return Service, {"metadata": {"name": name, "namespace": "team-a"}, "spec": {"selector": {"app": "a"}}}


def placed(kind: type[Fact], name: str, spec: Obj) -> tuple[type[Fact], Obj]:
    return kind, {"metadata": {"name": name, "namespace": "team-a"}, "spec": spec}


_RULE = {"apiGroups": ["resource.k8s.io"], "resources": ["resourceclaims"]}
_REF = {"name": "models"}
_CONFIG = {"controller_manager_config.yaml": "apiVersion: config.kueue.x-k8s.io/v1beta2\nkind: Configuration\n"}
_BARE = {"key": "pool", "value": "new", "effect": "NoSchedule"}
CLUSTER = snapshot(
    (
        Node,
        {
            "metadata": {"name": "new"},
            "spec": {"taints": [_BARE]},
            "status": {"allocatable": {"nvidia.com/gpu": "8"}},
        },
    ),
    placed(
        DaemonSet,
        "dcgm-exporter",
        {"template": {"metadata": {"labels": {"app": "dcgm-exporter"}}, "spec": {"tolerations": [{"key": "a"}]}}},
    ),
    gpu_pod("a"),
    server(Deployment),
    door("server"),
    device("gpu.nvidia.com"),
    policy("labelled", {"nvidia.com/gpu": "true"}),
    placed(
        Gateway, "models", {"gatewayClassName": "a", "listeners": [{"name": "s", "port": 443, "protocol": "HTTPS"}]}
    ),
    placed(HTTPRoute, "models", {"parentRefs": [_REF], "rules": [{"backendRefs": [{"name": "server", "port": 80}]}]}),
    placed(PeerAuthentication, "weak", {"selector": {"matchLabels": {"app": "a"}}, "mtls": {"mode": "PERMISSIVE"}}),
    placed(HorizontalPodAutoscaler, "server", {"scaleTargetRef": {"kind": "Deployment", "name": "server"}}),
    placed(ScaledObject, "server", {"scaleTargetRef": {"name": "server"}, "triggers": [{"type": "prometheus"}]}),
    placed(Dataset, "weights", {}),
    (
        ValidatingAdmissionPolicy,
        {"metadata": {"name": "no-claims"}, "spec": {"matchConstraints": {"resourceRules": [_RULE]}}},
    ),
    (
        ValidatingAdmissionPolicyBinding,
        {"metadata": {"name": "no-claims"}, "spec": {"policyName": "no-claims", "validationActions": ["Deny"]}},
    ),
    (ConfigMap, {"metadata": {"name": "kueue-manager-config", "namespace": "kueue-system"}, "data": _CONFIG}),
)
SUBJECTS = {
    "bursts.scaling-down-waits": "autoscaling/horizontalpodautoscalers/team-a/server",
    "fluid.datasets-are-loaded-beforehand": "data.fluid.io/datasets/team-a/weights",
    "interception.backends-are-encrypted": "gateway.networking.k8s.io/gateways/team-a/models",
    "interception.clients-are-verified": "gateway.networking.k8s.io/gateways/team-a/models",
    "interception.mesh-refuses-cleartext": "security.istio.io/peerauthentications/team-a/weak",
    "keda.missing-metrics-are-errors": "keda.sh/scaledobjects/team-a/server",
    "network-policy.policies-select-pods": "networking.k8s.io/networkpolicies/team-a/labelled",
    "bursts.servers-have-a-budget": "apps/deployments/team-a/server",
    "interception.model-services-stay-inside": "services/team-a/server",
}


def rendered(remedy: Remedy, at: Snapshot = CLUSTER) -> Fix:
    return remedy.render(at, [failing(check, SUBJECTS.get(check, "namespaces/team-a")) for check in remedy.answers])


@each
def test_a_remedy_says_what_why_and_what_follows(remedy: Remedy) -> None:
    assert not remedy.title.endswith(".")
    assert remedy.why.endswith(".")
    assert remedy.effect.endswith(".")
    assert re.fullmatch(r"[a-z][a-z-]*[a-z]", remedy.id)


@each
def test_a_remedy_that_changes_what_is_let_in_is_tried_both_ways(remedy: Remedy) -> None:
    """Of what lets in nothing else the proofs are in the live tests: budgets, audit policies, and settings of other systems."""
    if not remedy.trials:
        assert not remedy.refuses
        assert not rendered(remedy).base
        return
    assert any(trial.refused or trial.becomes for trial in remedy.trials)
    assert any(not trial.refused for trial in remedy.trials)
    whats = [trial.what for trial in remedy.trials]
    assert len(whats) == len(set(whats))


@each
def test_each_policy_is_bound_in_both_steps_to_one_name(remedy: Remedy) -> None:
    fix = rendered(remedy)
    assert not fix.is_empty
    policies = [one for one in fix.base if one["kind"] == "ValidatingAdmissionPolicy"]
    for one in policies:
        actions = {
            step: binding["spec"]["validationActions"]
            for step, objects in (("audit", fix.audit), ("enforce", fix.enforce))
            for binding in objects
            if binding["metadata"]["name"] == binding["spec"]["policyName"] == one["metadata"]["name"]
        }
        assert actions == {"audit": ["Warn", "Audit"], "enforce": ["Deny"]}
        assert one["spec"]["failurePolicy"] == "Fail"
        assert all(rule["message"] for rule in one["spec"]["validations"])


@each
def test_policies_for_pods_leave_kubernetes_and_drivers_alone(remedy: Remedy) -> None:
    daemon = {
        "metadata": {"name": "plugin", "namespace": "gpu-operator"},
        "spec": {
            "template": {"spec": {"volumes": [{"name": "s", "hostPath": {"path": "/var/lib/kubelet/device-plugins"}}]}}
        },
    }
    objects = [(type(fact), msgspec.to_builtins(fact)) for facts in CLUSTER.facts.values() for fact in facts]
    fix = rendered(remedy, snapshot(*objects, (DaemonSet, daemon)))
    for one in fix.base:
        constraints = one.get("spec", {}).get("matchConstraints", {})
        if any("pods" in rule["resources"] for rule in constraints.get("resourceRules", ())):
            (left,) = constraints["namespaceSelector"]["matchExpressions"]
            assert left["operator"] == "NotIn"
            assert {"kube-system", "gpu-operator"} <= set(left["values"])


def test_where_drivers_were_not_seen_a_person_is_told_to_look() -> None:
    fact = {Pod.of: (), DaemonSet.of: ()}
    known = msgspec.structs.replace(snapshot(), facts=fact)
    reasons = (GapReason.FORBIDDEN, GapReason.NOT_GIVEN)
    forbidden, files = (
        msgspec.structs.replace(known, gaps={DaemonSet.of: Gap(DaemonSet.of, reason, "")}) for reason in reasons
    )
    told = {
        name: bool(rendered(REMEDIES["privilege"], at).caution)
        for name, at in (("known", known), ("pods tell", forbidden), ("files", files))
    }
    assert told == {"known": False, "pods tell": False, "files": True}
    assert rendered(REMEDIES["privilege"], snapshot()).caution
    assert not rendered(REMEDIES["admin-access"], files).caution


@each
def test_versions_are_those_that_are_served(remedy: Remedy) -> None:
    served = dict.fromkeys(remedy.serves, ("v9beta1",))
    objects = [(type(fact), msgspec.to_builtins(fact)) for facts in CLUSTER.facts.values() for fact in facts]
    fix = rendered(remedy, snapshot(*objects, served=served))
    for one in (*fix.base, *fix.audit, *fix.enforce):
        if "AdmissionPolicy" in one["kind"]:
            assert one["apiVersion"] == "admissionregistration.k8s.io/v9beta1"


@each
def test_what_is_rendered_is_plain_data_and_always_the_same(remedy: Remedy) -> None:
    assert json.dumps(msgspec.to_builtins(rendered(remedy).enforce)) == json.dumps(
        msgspec.to_builtins(rendered(remedy).enforce)
    )


def test_exporters_tolerate_what_keeps_them_away_and_what_they_tolerated_before() -> None:
    (part,) = rendered(REMEDIES["exporters-everywhere"]).enforce
    tolerations = part["spec"]["template"]["spec"]["tolerations"]
    assert tolerations == [{"key": "a"}, {"key": "pool", "operator": "Exists", "effect": "NoSchedule"}]
    check = failing("blind-spots.every-accelerator-node-has-an-exporter", "")

    def made(node: Obj, daemon: Obj | None = None, labels: Obj | None = None) -> Fix:
        offered = {
            "metadata": {"name": "n", "labels": labels or {}},
            "status": {"allocatable": {"nvidia.com/gpu": "8"}},
        }
        template = {"metadata": {"labels": {"app": "dcgm-exporter"}}, "spec": {"nodeSelector": {"gpu": "yes"}}}
        owned = {"metadata": {"name": "dcgm", "namespace": "gpu", **(daemon or {})}, "spec": {"template": template}}
        at = snapshot((Node, {**offered, "spec": node}), (DaemonSet, owned))
        return REMEDIES["exporters-everywhere"].render(at, [check])

    tainted, gpu = {"taints": [_BARE]}, {"gpu": "yes"}
    assert len(made(tainted, labels=gpu).enforce) == 1
    assert made(tainted).is_empty  # it does not select it, which no toleration changes
    assert "apps/daemonsets/gpu/dcgm" in made(tainted).caution
    cordoned = {"unschedulable": True}
    assert made(cordoned, labels=gpu).is_empty
    operator = {"kind": "ClusterPolicy", "name": "p", "uid": "u", "controller": True}
    of_operator = made(tainted, {"ownerReferences": [operator]}, labels=gpu)
    assert of_operator.is_empty
    assert "apps/daemonsets/gpu/dcgm" in of_operator.caution


def test_quotas_are_what_is_asked_for_now() -> None:
    devices = {"requests": [{"name": "g", "exactly": {"deviceClassName": "gpu.nvidia.com", "count": 3}}]}
    either = {
        "requests": [
            {
                "name": "g",
                "firstAvailable": [
                    {"name": "one", "deviceClassName": "gpu.nvidia.com", "allocationMode": "All"},
                    {"name": "two", "deviceClassName": "mig.nvidia.com", "count": 2},
                ],
            }
        ]
    }
    claims = [
        (ResourceClaim, {"metadata": {"name": name, "namespace": "team-a"}, "spec": {"devices": asked}})
        for name, asked in (("one", devices), ("two", either))
    ]
    (quota,) = rendered(REMEDIES["quotas"], snapshot(gpu_pod("a", 4), gpu_pod("b", 2), *claims)).enforce
    assert quota["spec"]["hard"] == {
        "count/resourceclaims.resource.k8s.io": "2",
        "gpu.nvidia.com.deviceclass.resource.k8s.io/devices": "35",
        "mig.nvidia.com.deviceclass.resource.k8s.io/devices": "2",
        "requests.nvidia.com/gpu": "6",
    }


def test_a_namespace_is_never_given_up_with_its_labels() -> None:
    remedy = REMEDIES["pod-security"]
    for one in (*rendered(remedy).audit, *rendered(remedy).enforce):
        assert one["metadata"]["annotations"]["kustomize.toolkit.fluxcd.io/prune"] == "disabled"
    assert "Never `kubectl delete -k`" in remedy.undo


def test_a_standard_is_of_the_version_of_the_cluster_where_that_is_known() -> None:
    labels = [
        rendered(REMEDIES["pod-security"], snapshot(version=text)).enforce[0]["metadata"]["labels"]
        for text in ("v1.37.1", "")
    ]
    assert labels[0]["pod-security.kubernetes.io/enforce-version"] == "v1.37"
    assert "pod-security.kubernetes.io/enforce-version" not in labels[1]


def test_a_driver_whose_name_is_an_expression_gets_into_none() -> None:
    made = rendered(REMEDIES["device-publishers"], snapshot(device("gpu.nvidia.com"), device('x"] || true || ["')))
    assert "|| true" not in json.dumps(made.base)
    assert rendered(REMEDIES["device-publishers"], snapshot(device("x' || true"))).is_empty


def test_a_policy_that_selects_by_something_else_is_left_to_its_owner() -> None:
    check = "network-policy.policies-select-pods"
    findings = [failing(check, f"networking.k8s.io/networkpolicies/team-a/{name}") for name in ("labelled", "own")]
    at = snapshot(policy("labelled", {"nvidia.com/gpu": "true"}), policy("own", {"app": "gone"}))
    fix = REMEDIES["accelerator-label"].render(at, findings)
    assert fix.about == (findings[0],)
    (moved,) = (one for one in fix.enforce if one["kind"] == "NetworkPolicy")
    assert moved["metadata"]["name"] == "labelled"
    assert moved["spec"] == {
        "podSelector": {"matchLabels": {"seatrial.dev/accelerator": "true"}},
        "policyTypes": ["Ingress"],
        "ingress": [{"ports": [{"port": 80}]}],
    }


def test_budgets_select_as_their_controllers_do() -> None:
    remedy = REMEDIES["disruption-budgets"]
    at = snapshot(server(Deployment), server(StatefulSet))
    findings = [failing(remedy.cures[0], f"apps/{kind}/team-a/server") for kind in ("statefulsets", "deployments")]
    made = remedy.render(at, [*findings, failing(remedy.cures[0], "apps/deployments/team-a/gone")])
    assert [one["metadata"]["name"] for one in made.enforce] == ["server-deployment", "server-statefulset"]
    assert made.about == tuple(findings)
    for one in made.enforce:
        assert one["spec"] == {
            "maxUnavailable": 1,
            "selector": {"matchLabels": {"app": "a"}, "matchExpressions": [{"key": "b", "operator": "Exists"}]},
        }


@pytest.mark.parametrize(
    ("patterns", "path", "matches"),
    [
        (DEVICE_FILES, "/dev/nvidia0", True),
        (DEVICE_FILES, "//dev/.//nvidia-caps/x", True),
        (DEVICE_FILES, "/dev/dri/", True),
        (DEVICE_FILES, "/dev/kfd/.", True),
        (DEVICE_FILES, "/dev/kfdx", False),
        (DEVICE_FILES, "/devel/nvidia", False),
        (DEVICE_FILES, "/srv/dev/nvidia0", False),
        (NODE_SOCKETS, "/var/run/docker.sock", True),
        (NODE_SOCKETS, "/var/run/dockerxsock", False),
        (NODE_SOCKETS, "/var/lib/kubelet", True),
        (ALL_DEVICES, "/", True),
        (ALL_DEVICES, "/./", True),
        (ALL_DEVICES, "/dev", True),
        (ALL_DEVICES, "/data", False),
    ],
)
def test_paths_are_recognised_however_they_are_written(patterns: tuple[str, ...], path: str, matches: bool) -> None:
    assert bool(re.match(paths(patterns), path)) is matches


def signed(**changes: Any) -> Fix:
    """The remedy for signatures where these policies are there already."""
    policies = [(ClusterImagePolicy, {"metadata": {"name": name}, "spec": spec}) for name, spec in changes.items()]
    return rendered(REMEDIES["signatures"], snapshot(*policies))


def test_where_nobody_says_who_signs_a_policy_is_made_that_first_warns() -> None:
    fix = signed()
    for step, mode in ((fix.audit, "warn"), (fix.enforce, "enforce")):
        policy, namespace = step
        assert policy["spec"]["mode"] == mode
        assert policy["spec"]["images"] == [{"glob": "**"}]
        assert "data" not in policy["spec"]["authorities"][0]["key"]  # no key is made up
        assert namespace["metadata"]["labels"] == {"policy.sigstore.dev/include": "true"}
    assert "kubectl create secret generic seatrial-signers" in fix.caution


def test_where_a_policy_is_in_force_namespaces_are_shown_to_it_and_no_other_is_made() -> None:
    key = {"images": [{"glob": "**"}], "authorities": [{"name": "key", "key": {"data": "PEM"}}]}
    fix = signed(ours=key)
    assert [one["kind"] for one in (*fix.base, *fix.audit, *fix.enforce)] == ["Namespace"]
    assert fix.caution == ""
    assert len(signed(ours={**key, "mode": "warn"}).enforce) == 2  # one that refuses nothing is no reason


def test_gatekeeper_s_list_is_of_the_registries_that_are_in_use_beside_accelerators() -> None:
    limits = {"resources": {"limits": {"nvidia.com/gpu": 1}}}
    images = ("registry.example.com:5000/a:1", "ghcr.io/b@sha256:0", "nginx", "library/c", "localhost/d")
    pods = [
        (
            Pod,
            {
                "metadata": {"name": f"p{n}", "namespace": "a"},
                "spec": {"containers": [{"name": "w", "image": one, **limits}]},
            },
        )
        for n, one in enumerate(images)
    ]
    plain = (
        Pod,
        {"metadata": {"name": "x", "namespace": "a"}, "spec": {"containers": [{"name": "w", "image": "quay.io/x"}]}},
    )
    fix = rendered(REMEDIES["gatekeeper-images"], snapshot(*pods, plain))
    (template,), (warning,), (denying,) = fix.base, fix.audit, fix.enforce
    assert (warning["spec"].pop("enforcementAction"), denying["spec"].pop("enforcementAction")) == ("warn", "deny")
    assert warning == denying
    assert denying["kind"] == template["spec"]["crd"]["spec"]["names"]["kind"]
    assert denying["spec"]["parameters"]["registries"] == ["ghcr.io/", "localhost/", "registry.example.com:5000/"]
    assert "kube-system" in denying["spec"]["match"]["excludedNamespaces"]
    assert "ghcr.io, localhost, registry.example.com:5000" in fix.caution


def test_kyverno_s_policy_is_about_volumes_as_well_and_checks_know_it() -> None:
    (policy,) = rendered(REMEDIES["kyverno-signatures"]).enforce
    at = snapshot((ImageValidatingPolicy, policy))
    (rule,) = SignatureRule.draw(at)
    assert (rule.lenient, rule.fails_closed, rule.sees_volumes) == ("", True, True)
    (told,) = rendered(REMEDIES["kyverno-signatures"]).audit
    (rule,) = SignatureRule.draw(snapshot((ImageValidatingPolicy, told)))
    assert rule.lenient
