"""Whom quotas, policies of the network and of the mesh, and rules about images would hit; what no object tells is told as that."""

from __future__ import annotations

from seatrial.catalog.remedies.headroom import begins_with_one_more
from seatrial.catalog.systems.gateway_objects import Gateway, HTTPRoute
from seatrial.catalog.systems.istio import PeerAuthentication
from seatrial.catalog.systems.kubernetes.controllers import Deployment
from seatrial.catalog.systems.kubernetes.core import Namespace
from seatrial.catalog.systems.kubernetes.dra import ResourceClaim, ResourceClaimTemplate
from seatrial.catalog.systems.kubernetes.governance import NetworkPolicy
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.systems.monitors import PodMonitor
from seatrial.catalog.systems.prometheus import Service
from seatrial.model.fact import Fact, Obj
from seatrial.model.remedy import Fate, Impact
from tests.unit.catalog.test_remedies import REMEDIES, failing, snapshot

A = {"app": "a"}
DIGEST = "sha256:" + "0" * 64


def spec(image: str = f"registry.example.com/a@{DIGEST}", **more: object) -> Obj:
    return {"containers": [{"name": "a", "image": image, "resources": {"limits": {"nvidia.com/gpu": "1"}}}], **more}


def owned(name: str, maker: str = "server", labels: Obj | None = None, **more: object) -> tuple[type[Fact], Obj]:
    owner = {"kind": "Deployment", "name": maker, "uid": maker, "controller": True}
    metadata = {"name": name, "namespace": "team-a", "labels": labels or A, "ownerReferences": [owner]}
    return Pod, {"metadata": metadata, "spec": spec(**more), "status": {"phase": "Running"}}


def deployment(name: str = "server", **more: object) -> tuple[type[Fact], Obj]:
    template = {"metadata": {"labels": A}, "spec": spec()}
    metadata = {"name": name, "namespace": "team-a", "uid": name}
    return Deployment, {"metadata": metadata, "spec": {"replicas": 1, "template": template, **more}}


def told(remedy: str, check: str, *objects: tuple[type[Fact], Obj], subject: str = "namespaces/team-a") -> Impact:
    impact = REMEDIES[remedy].render(snapshot(*objects), [failing(check, subject)]).impact
    assert impact is not None
    return impact


def fates(impact: Impact) -> dict[str, tuple[Fate, int]]:
    return {hit.subject: (hit.fate, hit.objects) for hit in impact.hits}


SERVER = "apps/deployments/team-a/server"
BOUNDED = "quotas.extended-resources-are-bounded"


def test_an_update_that_begins_with_one_pod_more_finds_no_room() -> None:
    stands = told("quotas", BOUNDED, deployment(), owned("a-1"))
    assert fates(stands) == {SERVER: (Fate.REFUSED, 1)}
    assert "requests.nvidia.com/gpu" in stands.hits[0].because[0]
    goes = told("quotas", BOUNDED, deployment(strategy={"rollingUpdate": {"maxUnavailable": 1}}), owned("a-1"))
    assert fates(goes) == {}
    assert goes.looked_at == 1


def test_what_may_be_away_is_rounded_down_and_what_is_beside_is_not() -> None:
    def begins(replicas: int, **rolling: object) -> bool:
        kind, obj = deployment(replicas=replicas, strategy={"rollingUpdate": rolling})
        (made,) = snapshot((kind, obj)).all(Deployment)
        return begins_with_one_more(made)

    assert begins(3)  # a quarter of three is none
    assert not begins(4)
    assert begins(10, maxUnavailable="0%", maxSurge="10%")
    assert not begins(10, maxUnavailable=0, maxSurge=0)  # Kubernetes then takes one away
    (other,) = snapshot(deployment(strategy={"type": "Recreate"})).all(Deployment)
    assert not begins_with_one_more(other)


def test_where_more_is_in_use_than_a_quota_allows_nobody_is_let_in() -> None:
    impact = told("quotas", BOUNDED, deployment(replicas=1), owned("a-1"), owned("a-2"))
    assert fates(impact) == {SERVER: (Fate.REFUSED, 2)}
    assert impact.hits[0].because == ("2 of requests.nvidia.com/gpu are in use, and the quota allows 1",)


def test_claims_that_a_template_makes_count_as_devices_and_as_claims() -> None:
    devices = {"devices": {"requests": [{"name": "a", "exactly": {"deviceClassName": "gpu.nvidia.com"}}]}}
    own = {"containers": [{"name": "a", "image": "a"}]}
    claimed = {**own, "resourceClaims": [{"name": "a", "resourceClaimTemplateName": "t"}]}
    at = [
        (ResourceClaimTemplate, {"metadata": {"name": "t", "namespace": "team-a"}, "spec": {"spec": devices}}),
        (ResourceClaim, {"metadata": {"name": "c", "namespace": "team-a"}, "spec": devices}),
        deployment(template={"metadata": {"labels": A}, "spec": claimed}),
    ]
    by_class = told("quotas", "quotas.device-classes-are-bounded", *at)
    assert "gpu.nvidia.com.deviceclass.resource.k8s.io/devices" in by_class.hits[0].because[0]
    by_count = told("quotas", "quotas.claims-are-counted", *at)
    assert "count/resourceclaims.resource.k8s.io" in by_count.hits[0].because[0]


DENY = "network-policy.ingress-is-denied-by-default"
DOOR = (Service, {"metadata": {"name": "door", "namespace": "team-a"}, "spec": {"selector": A, "type": "LoadBalancer"}})
INNER = (Service, {"metadata": {"name": "inner", "namespace": "team-a"}, "spec": {"selector": A}})
ROUTE = (
    HTTPRoute,
    {
        "metadata": {"name": "way", "namespace": "team-a"},
        "spec": {
            "parentRefs": [{"name": "front", "namespace": "edge"}],
            "rules": [{"backendRefs": [{"name": "inner"}]}],
        },
    },
)
MONITOR = (
    PodMonitor,
    {
        "metadata": {"name": "m", "namespace": "watch"},
        "spec": {"selector": {"matchLabels": A}, "namespaceSelector": {"any": True}},
    },
)


def test_of_the_ways_that_a_policy_ends_those_are_told_that_objects_tell() -> None:
    impact = told("network-default-deny", DENY, owned("a-1"), DOOR, INNER, ROUTE, MONITOR)
    (hit,) = impact.hits
    assert hit.fate is Fate.CUT
    assert len(hit.because) == 3
    for part in ("(LoadBalancer)", "Gateway edge/front", "podmonitors/watch/m"):
        assert any(part in one for one in hit.because), part
    assert any("flow log" in one for one in impact.unknown)


def test_a_pod_of_which_no_object_tells_a_way_is_unknown_and_never_unhit() -> None:
    other = (Service, {"metadata": {"name": "o", "namespace": "team-a"}, "spec": {"selector": {"app": "b"}}})
    elsewhere = (
        Service,
        {"metadata": {"name": "o", "namespace": "team-b"}, "spec": {"selector": A, "type": "NodePort"}},
    )
    assert {hit.fate for hit in told("network-default-deny", DENY, owned("a-1"), other, elsewhere).hits} == {
        Fate.UNKNOWN
    }


def test_a_pod_that_a_policy_bounds_already_and_one_of_the_node_s_network_lose_nothing() -> None:
    bound = (
        NetworkPolicy,
        {"metadata": {"name": "n", "namespace": "team-a"}, "spec": {"podSelector": {"matchLabels": A}}},
    )
    assert told("network-default-deny", DENY, owned("a-1"), DOOR, bound).hits == ()
    only_out = (bound[0], {**bound[1], "spec": {**bound[1]["spec"], "policyTypes": ["Egress"]}})
    assert told("network-default-deny", DENY, owned("a-1"), DOOR, only_out).count(Fate.CUT) == 1
    assert told("network-default-deny", DENY, owned("a-1", hostNetwork=True), DOOR).hits == ()


def test_what_a_server_loads_from_elsewhere_is_a_way_out() -> None:
    check = "network-policy.egress-is-denied-by-default"
    kind, pod = owned("a-1")
    pod["spec"]["containers"][0]["args"] = ["--model", "s3://weights/large"]
    (hit,) = told("network-default-deny", check, (kind, pod)).hits
    assert (hit.fate, hit.because) == (Fate.CUT, ("it is told to load s3://weights/large",))


STRICT = "interception.mesh-refuses-cleartext"
WEAK = "security.istio.io/peerauthentications/team-a/weak"


def in_mesh(*objects: tuple[type[Fact], Obj], labels: Obj | None = None) -> Impact:
    weak = {"metadata": {"name": "weak", "namespace": "team-a"}, "spec": {"mtls": {"mode": "PERMISSIVE"}}}
    home = {"metadata": {"name": "team-a", "labels": labels or {"istio-injection": "enabled"}}}
    return told("mesh-strict", STRICT, (PeerAuthentication, weak), (Namespace, home), *objects, subject=WEAK)


def with_sidecar(name: str) -> tuple[type[Fact], Obj]:
    kind, pod = owned(name)
    pod["spec"]["initContainers"] = [{"name": "istio-proxy", "image": "p", "restartPolicy": "Always"}]
    return kind, pod


def test_the_outside_of_the_cluster_is_in_no_mesh() -> None:
    assert fates(in_mesh(with_sidecar("a-1"), deployment(), DOOR)) == {SERVER: (Fate.CUT, 1)}
    ambient = in_mesh(owned("a-1"), deployment(), DOOR, labels={"istio.io/dataplane-mode": "ambient"})
    assert fates(ambient) == {SERVER: (Fate.CUT, 1)}


def test_who_else_speaks_in_the_clear_is_not_known_unless_it_is_istio_s_own_gateway() -> None:
    (hit,) = in_mesh(with_sidecar("a-1"), deployment(), INNER, ROUTE).hits
    assert (hit.fate, "Gateway edge/front" in hit.because[0]) == (Fate.UNKNOWN, True)
    front = (Gateway, {"metadata": {"name": "front", "namespace": "edge"}, "spec": {"gatewayClassName": "istio"}})
    (own,) = in_mesh(with_sidecar("a-1"), deployment(), INNER, ROUTE, front).hits
    assert (own.fate, "Gateway" in own.because[0]) == (Fate.UNKNOWN, False)


def test_a_pod_without_the_mesh_s_proxy_refuses_nobody() -> None:
    (hit,) = in_mesh(owned("a-1"), deployment(), DOOR).hits
    assert hit.fate is Fate.UNKNOWN
    assert "no sidecar" in hit.because[0]


def test_signatures_are_not_among_the_facts_and_each_image_is_named() -> None:
    check = "supply-chain.images-are-verified"
    model = {"name": "m", "image": {"reference": "registry.example.com/model:1"}}
    at = [owned("a-1", volumes=[model]), deployment()]
    by_sigstore, by_kyverno = told("signatures", check, *at), told("kyverno-signatures", check, *at)
    assert fates(by_sigstore) == fates(by_kyverno) == {SERVER: (Fate.UNKNOWN, 1)}
    assert "model:1" not in by_sigstore.hits[0].because[0]  # policy-controller does not look at volumes
    assert "model:1" in by_kyverno.hits[0].because[0]


def test_gatekeeper_refuses_what_its_template_says() -> None:
    check = "supply-chain.images-have-digests"
    tagged, silent = owned("b-1", "b", image="registry.example.com/a:1"), owned("c-1", "c", image=f"a@{DIGEST}")
    impact = told(
        "gatekeeper-images", check, owned("a-1"), tagged, silent, deployment(), deployment("b"), deployment("c")
    )
    said = {hit.subject: hit.because for hit in impact.hits}
    assert set(said) == {"apps/deployments/team-a/b", "apps/deployments/team-a/c"}
    assert "by its digest" in said["apps/deployments/team-a/b"][0]
    assert "registry of the list" in said["apps/deployments/team-a/c"][0]


def test_clients_of_a_gateway_and_servers_behind_it() -> None:
    listeners = [{"name": "s", "port": 443, "protocol": "HTTPS"}]
    front = (Gateway, {"metadata": {"name": "front", "namespace": "edge"}, "spec": {"listeners": listeners}})
    at = [owned("a-1"), deployment(), INNER, ROUTE, front]
    subject = "gateway.networking.k8s.io/gateways/edge/front"
    clients = told("gateway-clients", "interception.clients-are-verified", *at, subject=subject)
    assert fates(clients) == {subject: (Fate.CUT, 1)}
    servers = told("backend-tls", "interception.backends-are-encrypted", *at, subject=subject)
    assert fates(servers) == {"services/team-a/inner": (Fate.UNKNOWN, 1)}
