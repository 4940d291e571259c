"""A tenant as one finds him: nothing bounds him, his policy selects nothing, his pods may do anything, and nothing is recorded."""

from __future__ import annotations

from collections.abc import Iterator

from seatrial.catalog.remedies.pods import container, pod
from seatrial.model.fact import Obj

TENANT, ELSEWHERE, PLUGIN = "tenant-a", "tenant-b", "gpu-driver"  # the second is empty: policies hold for it, too
HELD = {"schedulingGates": [{"name": "example.com/hold"}]}  # nothing has to run, and what is deleted is gone at once


def binding(name: str, rule: Obj, *subjects: Obj) -> tuple[Obj, Obj]:
    group = "rbac.authorization.k8s.io"
    role = {"apiVersion": f"{group}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": [rule]}
    bound = {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
        "subjects": list(subjects),
    }
    return role, bound


def named(obj: Obj, name: str, namespace: str = TENANT) -> Obj:
    return {**obj, "metadata": {**obj["metadata"], "name": name, "namespace": namespace}}


GOOD = [named(pod(**HELD), name) for name in ("one", "two")]
BAD = [
    named(
        pod(
            hostPID=True,
            securityContext={"seccompProfile": {"type": "Unconfined"}},
            containers=[
                container(
                    image="server:latest",
                    env=[{"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}],
                    securityContext={"privileged": True, "capabilities": {"add": ["SYS_ADMIN"]}},
                )
            ],
            volumes=[
                {"name": "device", "hostPath": {"path": "/dev/nvidia0"}},
                {"name": "sockets", "hostPath": {"path": "/var/lib/kubelet/device-plugins"}},
            ],
            **HELD,
        ),
        "one",
    ),
    named(pod(containers=[container(image="server")], **HELD), "two"),
]


CLAIM: Obj = {
    "apiVersion": "resource.k8s.io/v1",
    "kind": "ResourceClaim",
    "metadata": {"name": "held", "namespace": TENANT},
    "spec": {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu.nvidia.com"}}]}},
}
SERVER: Obj = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "server", "namespace": TENANT},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "server"}},
        "template": {
            "metadata": {"labels": {"app": "server"}},
            "spec": pod(
                securityContext={"seccompProfile": {"type": "RuntimeDefault"}},
                containers=[container(ports=[{"containerPort": 8000}])],
            )["spec"],
        },
    },
}


JUMPY: Obj = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "server", "namespace": TENANT},
    "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "server"},
        "minReplicas": 1,
        "maxReplicas": 2,
        "metrics": [
            {
                "type": "Pods",
                "pods": {"metric": {"name": "waiting"}, "target": {"type": "AverageValue", "averageValue": "4"}},
            }
        ],
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 0}},
    },
}


def door(type: str) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "server", "namespace": TENANT},
        "spec": {"type": type, "selector": {"app": "server"}, "ports": [{"port": 8000}]},
    }


def server_of_api(*flags: str) -> Obj:
    """As kubeadm shows it."""
    one = {"name": "kube-apiserver", "image": "kube-apiserver", "command": ["kube-apiserver", *flags]}
    metadata = {"name": "kube-apiserver-a", "namespace": "kube-system"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [one], **HELD}}


def audit_policy(text: str) -> Obj:
    metadata = {"name": "audit-policy", "namespace": "kube-system"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"policy.yaml": text}}


EXPORTER: Obj = {
    "apiVersion": "apps/v1",
    "kind": "DaemonSet",
    "metadata": {"name": "dcgm-exporter", "namespace": PLUGIN},
    "spec": {
        "selector": {"matchLabels": {"app": "dcgm-exporter"}},
        "template": {
            "metadata": {"labels": {"app": "dcgm-exporter"}},
            "spec": {"containers": [{"name": "exporter", "image": "registry.example.com/dcgm-exporter:4.5.3"}]},
        },
    },
}


def new_pool() -> Obj:
    """A node that KWOK plays, of which the exporter does not know yet."""
    amounts = {"cpu": "128", "memory": "2Ti", "pods": "250", "nvidia.com/gpu": "8"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": "new-pool-0",
            "labels": {"kubernetes.io/hostname": "new-pool-0", "type": "kwok"},
            "annotations": {"kwok.x-k8s.io/node": "fake"},
        },
        "spec": {"taints": [{"key": "example.com/new-pool", "value": "true", "effect": "NoSchedule"}]},
        "status": {"capacity": amounts, "allocatable": amounts},
    }


def scene() -> Iterator[Obj]:
    for name in (TENANT, ELSEWHERE, PLUGIN):
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": name}}
    everywhere = {"apiGroup": "rbac.authorization.k8s.io"}
    yield from binding(
        "test-tenant",
        {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["create", "update"]},
        {**everywhere, "kind": "User", "name": "tenant"},
        {"kind": "ServiceAccount", "name": "default", "namespace": TENANT},
    )
    yield from binding(
        "test-plugin",
        {"apiGroups": ["resource.k8s.io"], "resources": ["resourceslices"], "verbs": ["create"]},
        {"kind": "ServiceAccount", "name": "plugin", "namespace": PLUGIN},
    )
    yield {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "protects-nothing", "namespace": TENANT},
        "spec": {
            "podSelector": {"matchLabels": {"nvidia.com/gpu": "true"}},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "gateway"}}}]}],
        },
    }
    yield CLAIM
    yield EXPORTER
    yield new_pool()
    yield server_of_api("--profiling=false")
    yield audit_policy("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n")
    yield SERVER
    yield JUMPY
    yield door("NodePort")
    yield from BAD
