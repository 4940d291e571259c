"""What remedies make of other systems' objects: the fields that are to be otherwise, and no more. Seen to work in tests/live."""

from __future__ import annotations

from seatrial.catalog.checks.posture.interception import invalid_clients_are_refused
from seatrial.catalog.remedies.gateways import BACKEND_CA, CLIENT_CA
from seatrial.catalog.systems.alerts import PrometheusServer
from seatrial.catalog.systems.gateway_objects import BackendTLSPolicy, Gateway, HTTPRoute
from seatrial.catalog.systems.istio import PeerAuthentication
from seatrial.catalog.systems.keda import ScaledObject
from seatrial.catalog.systems.kubernetes.autoscaling import HorizontalPodAutoscaler
from seatrial.catalog.systems.kubernetes.configmaps import ConfigMap
from seatrial.catalog.systems.kubernetes.controllers import Deployment
from seatrial.catalog.systems.kubernetes.core import Namespace
from seatrial.model.fact import Fact, Obj, Snapshot
from seatrial.model.remedy import Fix
from tests.unit.catalog.test_remedies import REMEDIES, door, failing, gpu_pod, placed, server, snapshot

GATEWAY = "gateway.networking.k8s.io/gateways/team-a/models"


def gateway(**more: object) -> tuple[type[Fact], Obj]:
    listeners = [{"name": "s", "port": 443, "protocol": "HTTPS"}, {"name": "other", "port": 8443, "protocol": "HTTPS"}]
    return placed(Gateway, "models", {"listeners": listeners, **more})


ROUTE = placed(
    HTTPRoute,
    "models",
    {
        "parentRefs": [{"name": "models", "sectionName": "s"}],
        "rules": [{"backendRefs": [{"name": "server", "port": 80}]}],
    },
)


def meshed(**labels: str) -> tuple[type[Fact], Obj]:
    return Namespace, {"metadata": {"name": "team-a", "labels": labels}}


def fixed(id: str, at: Snapshot, *findings: tuple[str, str]) -> Fix:
    return REMEDIES[id].render(at, [failing(check, subject) for check, subject in findings])


def test_only_the_port_of_the_model_asks_for_certificates() -> None:
    at = snapshot(gpu_pod("a"), door("server"), ROUTE, gateway())
    fix = fixed("gateway-clients", at, ("interception.clients-are-verified", GATEWAY))
    validation = {
        "caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": CLIENT_CA}],
        "mode": "AllowValidOnly",
    }
    assert [one["spec"] for one in fix.enforce] == [
        {"tls": {"frontend": {"default": {}, "perPort": [{"port": 443, "tls": {"validation": validation}}]}}}
    ]
    assert "team-a" in fix.caution


def test_a_fallback_is_closed_with_the_authorities_that_are_named() -> None:
    named = [{"group": "", "kind": "ConfigMap", "name": "own"}]
    lenient = {"validation": {"caCertificateRefs": named, "mode": "AllowInsecureFallback"}}
    tls = {"frontend": {"default": lenient, "perPort": [{"port": 8443, "tls": lenient}]}}
    at = snapshot(gpu_pod("a"), door("server"), ROUTE, gateway(tls=tls))
    fix = fixed("gateway-clients", at, ("interception.invalid-clients-are-refused", GATEWAY))
    ((_, after),) = [placed(Gateway, "models", {**gateway()[1]["spec"], **one["spec"]}) for one in fix.enforce]
    changed = snapshot(gpu_pod("a"), door("server"), ROUTE, (Gateway, after))
    (one,) = changed.all(Gateway)
    assert invalid_clients_are_refused.judge(one).outcome == "pass"
    assert one.spec.tls.frontend.default.validation is not None
    assert one.spec.tls.frontend.default.validation.ca_certificate_refs == tuple(named)
    assert fix.caution == ""


def test_what_asks_for_certificates_already_is_left_alone() -> None:
    validation = {"validation": {"caCertificateRefs": [{"kind": "ConfigMap", "name": "own"}]}}
    at = snapshot(gpu_pod("a"), door("server"), ROUTE, gateway(tls={"frontend": {"default": validation}}))
    assert fixed("gateway-clients", at, ("interception.clients-are-verified", GATEWAY)).is_empty


def test_services_of_a_mesh_are_left_to_the_mesh() -> None:
    check = ("interception.backends-are-encrypted", GATEWAY)
    plain = snapshot(gpu_pod("a"), door("server"), ROUTE, gateway(), meshed())
    (policy,) = fixed("backend-tls", plain, check).enforce
    assert policy["spec"] == {
        "targetRefs": [{"group": "", "kind": "Service", "name": "server"}],
        "validation": {
            "caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": BACKEND_CA}],
            "hostname": "server.team-a.svc",
        },
    }
    assert policy["apiVersion"] == f"{BackendTLSPolicy.of.partition('/')[0]}/v1"
    outside = fixed("mesh-strict", plain, check)
    assert outside.is_empty
    assert "team-a is in no mesh" in outside.caution
    for label in ({"istio-injection": "enabled"}, {"istio.io/dataplane-mode": "ambient"}):
        inside = snapshot(gpu_pod("a"), door("server"), ROUTE, gateway(), meshed(**label))
        assert fixed("backend-tls", inside, check).is_empty
        (strict,) = fixed("mesh-strict", inside, check).enforce
        assert (strict["metadata"]["name"], strict["spec"]) == ("default", {"mtls": {"mode": "STRICT"}})


def test_weak_policies_of_the_mesh_are_made_strict_but_for_its_root() -> None:
    weak = {"mtls": {"mode": "PERMISSIVE"}, "portLevelMtls": {"8080": {"mode": "DISABLE"}, "9090": {"mode": "STRICT"}}}
    root = PeerAuthentication, {"metadata": {"name": "root", "namespace": "istio-system"}, "spec": weak}
    at = snapshot(gpu_pod("a"), placed(PeerAuthentication, "weak", weak), root)
    check = "interception.mesh-refuses-cleartext"
    subjects = [f"security.istio.io/peerauthentications/{name}" for name in ("team-a/weak", "istio-system/root")]
    fix = fixed("mesh-strict", at, *((check, subject) for subject in subjects))
    (one,) = fix.enforce
    assert one["spec"] == {"mtls": {"mode": "STRICT"}, "portLevelMtls": {"8080": {"mode": "STRICT"}}}
    assert [finding.subject for finding in fix.about or ()] == subjects[:1]


SCALER = {"scaleTargetRef": {"kind": "Deployment", "name": "server", "apiVersion": "apps/v1"}, "maxReplicas": 4}
HPA = "autoscaling/horizontalpodautoscalers/team-a/server"


def test_autoscalers_wait_and_keep_two() -> None:
    at = snapshot(server(Deployment), placed(HorizontalPodAutoscaler, "server", SCALER))
    waits = ("bursts.scaling-down-waits", HPA)
    second = ("bursts.servers-have-a-second-replica", "apps/deployments/team-a/server")
    other = ("bursts.servers-have-a-second-replica", "apps/deployments/team-a/alone")
    fix = fixed("steady-autoscalers", at, waits, second, other)
    (one,) = fix.enforce
    assert one["apiVersion"] == "autoscaling/v2"
    assert one["spec"] == {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 300}}, "minReplicas": 2}
    assert [(each.check, each.subject) for each in fix.about or ()] == [waits, second]


def test_what_keda_made_is_changed_where_keda_makes_it_of() -> None:
    kind, hpa = placed(HorizontalPodAutoscaler, "keda-hpa-server", SCALER)
    owner = {"kind": "ScaledObject", "name": "server", "uid": "u", "controller": True}
    trigger = {
        "type": "prometheus",
        "name": "queue",
        "authenticationRef": {"name": "own"},
        "metadata": {"query": "q", "threshold": "4"},
    }
    spec = {"scaleTargetRef": {"name": "server"}, "triggers": [trigger, {"type": "cpu", "metadata": {"value": "60"}}]}
    at = snapshot(
        server(Deployment),
        (kind, {**hpa, "metadata": {**hpa["metadata"], "ownerReferences": [owner]}}),
        placed(ScaledObject, "server", spec),
    )
    waits = ("bursts.scaling-down-waits", "autoscaling/horizontalpodautoscalers/team-a/keda-hpa-server")
    assert fixed("steady-autoscalers", at, waits).is_empty
    own = "keda.sh/scaledobjects/team-a/server"
    fix = fixed(
        "event-scalers",
        at,
        waits,
        ("keda.missing-metrics-are-errors", own),
        ("keda.failures-have-a-fallback", own),
        ("keda.last-replicas-stay-a-while", own),
    )
    (one,) = fix.enforce
    assert one["spec"] == {
        "advanced": {"horizontalPodAutoscalerConfig": {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 300}}}},
        "cooldownPeriod": 300,
        "fallback": {"failureThreshold": 3, "replicas": 1},
        "triggers": [
            {**trigger, "metadata": {"query": "q", "threshold": "4", "ignoreNullValues": "false"}},
            {"type": "cpu", "metadata": {"value": "60"}},
        ],
    }
    assert len(fix.about or ()) == 4


def test_kueue_keeps_what_it_was_told() -> None:
    check = ("deadlocks.kueue-waits-for-pods", "kueue")
    for version, more in (("v1beta2", {}), ("v1beta1", {"enable": True})):
        text = f"apiVersion: config.kueue.x-k8s.io/{version}\nkind: Configuration\nnamespace: own\nwaitForPodsReady: {{timeout: 9m}}\n"
        config = ConfigMap, {"metadata": {"name": "c"}, "data": {"controller_manager_config.yaml": text}}
        ((name, made),) = fixed("kueue-waits", snapshot(config), check).beside.items()
        assert name == "controller_manager_config.yaml"
        assert made["namespace"] == "own"
        assert made["waitForPodsReady"] == {"timeout": "9m", "blockAdmission": True, **more}


def test_nodes_are_told_of_the_registries_that_are_used_and_verify_them() -> None:
    kind, one = gpu_pod("a")
    images = ("registry.example.com:5000/models/a@sha256:0", "library/b:1", 'x";evil.example.com/c')
    containers = [{**one["spec"]["containers"][0], "name": f"c{n}", "image": image} for n, image in enumerate(images)]
    text = "containerRuntime: {containerd: {registries: [{hostNamespace: ghcr.io, serverAddr: 'https://mirror', skipVerify: true}]}}"
    config = ConfigMap, {"metadata": {"name": "d", "namespace": "dragonfly-system"}, "data": {"dfinit.yaml": text}}
    at = snapshot((kind, {**one, "spec": {"containers": containers}}), config)
    made = fixed("image-peers", at, ("dragonfly.registries-are-verified", "configmaps/d")).beside["values.yaml"]
    registries = made["client"]["dfinit"]["config"]["containerRuntime"]["containerd"]["registries"]
    assert [(each["hostNamespace"], each["serverAddr"]) for each in registries] == [
        ("docker.io", "https://index.docker.io"),
        ("ghcr.io", "https://mirror"),
        ("registry.example.com:5000", "https://registry.example.com:5000"),
    ]
    assert not any(each["skipVerify"] for each in registries)


def test_rules_go_where_a_server_takes_them() -> None:
    spec = {"ruleSelector": {"matchLabels": {"release": "main"}}, "ruleNamespaceSelector": {}}
    strange = {"ruleSelector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}}
    check = ("audit.failures-raise-an-alert", "prometheusrules")
    seen = snapshot(gpu_pod("a"), placed(PrometheusServer, "main", spec), placed(PrometheusServer, "strange", strange))
    (rule,) = fixed("accelerator-alerts", seen, check).enforce
    assert (rule["metadata"]["namespace"], rule["metadata"]["labels"]) == ("team-a", {"release": "main"})
    unseen = fixed("accelerator-alerts", snapshot(gpu_pod("a")), check)
    assert "No Prometheus of the operator was seen" in unseen.caution
    alerts = {one["alert"] for group in rule["spec"]["groups"] for one in group["rules"]}
    assert {"AcceleratorXid", "AcceleratorUnhealthy", "AcceleratorNodeUnheard", "AcceleratorJobHalfStarted"} <= alerts
    assert "AcceleratorUnhealthyAMD" not in alerts
