"""Whom a policy would hit, told from facts: who is counted, who is left alone, and what is not known."""

from __future__ import annotations

import msgspec

from seatrial.catalog.remedies.impact import on_pods
from seatrial.catalog.systems.kubernetes.controllers import DaemonSet, Deployment
from seatrial.catalog.systems.kubernetes.core import Namespace
from seatrial.catalog.systems.kubernetes.dra import ResourceClaim, ResourceSlice
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.model.fact import Fact, Gap, GapReason, Obj
from seatrial.model.remedy import Fate, Impact
from tests.unit.catalog.test_remedies import REMEDIES, failing, gpu_pod, snapshot

POD = {"containers": [{"name": "a", "image": "a", "resources": {"limits": {"nvidia.com/gpu": "1"}}}]}


def in_phase(name: str, phase: str, namespace: str = "team-a", owner: str = "") -> tuple[type[Fact], Obj]:
    metadata: Obj = {"name": name, "namespace": namespace}
    if owner:
        metadata["ownerReferences"] = [{"kind": "Deployment", "name": owner, "uid": owner, "controller": True}]
    return Pod, {"metadata": metadata, "spec": POD, "status": {"phase": phase}}


def deployment(name: str, replicas: int) -> tuple[type[Fact], Obj]:
    spec = {"replicas": replicas, "template": {"spec": POD}}
    return Deployment, {"metadata": {"name": name, "namespace": "team-a", "uid": name}, "spec": spec}


def told(impact: Impact) -> dict[str, int]:
    return {hit.subject: hit.objects for hit in impact.hits}


def everything(*objects: tuple[type[Fact], Obj]) -> Impact:
    return on_pods(snapshot(*objects), lambda pod: ("said",), fate=Fate.REFUSED, left_alone=("kube-system",))


def test_pods_count_and_where_there_are_none_what_would_be_made() -> None:
    found = everything(
        deployment("busy", 9),
        in_phase("busy-1", "Running", owner="busy"),
        in_phase("busy-2", "Pending", owner="busy"),
        in_phase("busy-3", "Failed", owner="busy"),
        deployment("waiting", 4),
        in_phase("over", "Succeeded"),
        in_phase("own", "Running", "kube-system"),
    )
    assert told(found) == {"apps/deployments/team-a/busy": 2, "apps/deployments/team-a/waiting": 4}
    assert found.looked_at == 6
    assert found.count(Fate.REFUSED) == 6
    assert found.count(Fate.CHANGED) == 0


def test_pods_of_one_workload_that_differ_are_told_apart() -> None:
    at = snapshot(deployment("a", 2), in_phase("a-1", "Running", owner="a"), in_phase("a-2", "Running", owner="a"))
    found = on_pods(at, lambda pod: (pod.metadata.name,), fate=Fate.CHANGED)
    assert [(hit.subject, hit.because, hit.objects) for hit in found.hits] == [
        ("apps/deployments/team-a/a", ("a-1",), 1),
        ("apps/deployments/team-a/a", ("a-2",), 1),
    ]


def test_what_could_not_be_read_is_said() -> None:
    at = snapshot(gpu_pod("a"))
    gaps = {Deployment.of: Gap(Deployment.of, GapReason.FORBIDDEN, "nobody may")}
    found = on_pods(msgspec.structs.replace(at, gaps=gaps), lambda pod: (), fate=Fate.REFUSED)
    assert any("apps/deployments could not be read: nobody may" in why for why in found.unknown)


def test_drivers_and_the_platform_are_not_hit() -> None:
    volumes = [{"name": "s", "hostPath": {"path": "/var/lib/kubelet/device-plugins"}}]
    plugin = {"containers": [{"name": "p", "image": "p", "securityContext": {"privileged": True}}], "volumes": volumes}
    daemon = {"metadata": {"name": "plugin", "namespace": "gpu"}, "spec": {"template": {"spec": plugin}}}
    elsewhere = {"metadata": {"name": "own", "namespace": "team-a"}, "spec": {**plugin, **POD, "hostPID": True}}
    at = snapshot((DaemonSet, daemon), (Pod, elsewhere))
    impact = REMEDIES["privilege"].render(at, [failing("privilege.device-files-are-not-mounted")]).impact
    assert impact is not None
    assert [hit.subject for hit in impact.hits] == ["pods/team-a/own"]
    assert any("namespaces of its own" in word for word in impact.hits[0].because)


def test_who_makes_it_decides_about_admin_access() -> None:
    label = {"resource.kubernetes.io/admin-access": "true"}
    asks = {"devices": {"requests": [{"name": "a", "exactly": {"deviceClassName": "b", "adminAccess": True}}]}}
    at = snapshot(
        (Namespace, {"metadata": {"name": "monitoring", "labels": label}}),
        (Namespace, {"metadata": {"name": "team-a"}}),
        (ResourceClaim, {"metadata": {"name": "c", "namespace": "monitoring"}, "spec": asks}),
        (ResourceSlice, {"metadata": {"name": "s"}, "spec": {"driver": "gpu.nvidia.com", "nodeName": "n"}}),
        (ResourceSlice, {"metadata": {"name": "t"}, "spec": {"driver": "gpu.nvidia.com", "allNodes": True}}),
    )
    impact = REMEDIES["admin-access"].render(at, [failing("admin-access.tenants-may-not-claim-there")]).impact
    assert impact is not None
    assert {(hit.subject, hit.fate) for hit in impact.hits} == {
        ("namespaces/monitoring", Fate.DEPENDS),
        ("resource.k8s.io/resourceclaims/monitoring/c", Fate.DEPENDS),
    }
    held = REMEDIES["device-publishers"].render(at, [failing("admin-access.drivers-are-held-to-their-node")]).impact
    assert held is not None
    assert told(held) == {"resource.k8s.io/resourceslices/t": 1}
