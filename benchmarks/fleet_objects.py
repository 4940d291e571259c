"""A fleet as a busy platform has it: every object whole, with what controllers and kubelets write into it.

Per node: twenty pods, eight devices in a slice, two claims. Two pods of each node are members of gangs and hold four
devices by a claim, one is a DaemonSet's, the rest belong to Deployments.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

Obj = dict[str, Any]

DEVICES, CLAIMS, DEPLOYED = 8, 2, 17  # per node
PODS = CLAIMS + DEPLOYED + 1
GANG, REPLICAS, TENANTS = 20, 50, 100
NODE_SYSTEM = "node-system"
DRIVER = "gpu.nvidia.com"
SINCE = "2026-01-01T00:00:00Z"
IMAGE = "registry.example/platform/server:v1.4.2@sha256:" + "5a" * 32

_SPACE = uuid.UUID(int=20260101)


def objects(nodes: int) -> Iterator[tuple[str, Obj]]:
    """Each with the resource that it is of."""
    for number in range(TENANTS):
        yield (
            "namespaces",
            _named("v1", "Namespace", f"team-{number}", "", {"kubernetes.io/metadata.name": f"team-{number}"}),
        )
    yield "namespaces", _named("v1", "Namespace", NODE_SYSTEM, "")
    selectors = [{"cel": {"expression": f"device.driver == '{DRIVER}'"}}]
    yield (
        "resource.k8s.io/deviceclasses",
        _named("resource.k8s.io/v1", "DeviceClass", DRIVER, "") | {"spec": {"selectors": selectors}},
    )
    yield "apps/daemonsets", _daemons(nodes)
    for number in range(-(-nodes * DEPLOYED // REPLICAS)):
        yield from _deployment(number)
    for number in range(-(-nodes * CLAIMS // GANG)):
        yield from _gang(number)
    for number in range(nodes):
        yield "nodes", _node(number)
        yield "resource.k8s.io/resourceslices", _slice(number)
        yield "pods", _daemon_pod(number)
        for place in range(number * CLAIMS, (number + 1) * CLAIMS):
            yield "resource.k8s.io/resourceclaims", _claim(place)
            yield "pods", _gang_pod(place)
        for place in range(number * DEPLOYED, (number + 1) * DEPLOYED):
            yield "pods", _deployed_pod(place)


def _node(number: int) -> Obj:
    name = _node_name(number)
    labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "node.kubernetes.io/instance-type": "gpu-8x",
        "topology.kubernetes.io/zone": f"zone-{number % 3}",
        "nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3",
        "nvidia.com/cuda.driver-version.full": "580.65.06",
    }
    amounts = {"cpu": "128", "memory": "2113363388Ki", "pods": "110", "ephemeral-storage": "8126062288Ki"}
    info = {
        "kubeletVersion": "v1.36.1", "kernelVersion": "6.8.0-1031", "osImage": "Ubuntu 24.04.3 LTS",
        "containerRuntimeVersion": "containerd://2.1.4", "operatingSystem": "linux", "architecture": "amd64",
        "machineID": _uid("machine", name), "systemUUID": _uid("system", name), "bootID": _uid("boot", name),
        "kubeProxyVersion": "",
    }  # fmt: skip
    status = {
        "capacity": amounts,
        "allocatable": amounts,
        "conditions": [_condition(*each) for each in _NODE_CONDITIONS],
        "addresses": [{"type": "InternalIP", "address": _address(number)}, {"type": "Hostname", "address": name}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": info,
        "images": [{"names": [f"{IMAGE}-{each}"], "sizeBytes": 1 << 30} for each in range(10)],
    }
    return _named("v1", "Node", name, "", labels) | {"spec": {"podCIDR": "10.0.0.0/24"}, "status": status}


_NODE_CONDITIONS = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID"),
    ("Ready", "True", "KubeletReady"),
)


def _slice(number: int) -> Obj:
    def device(place: int) -> Obj:
        attributes = {
            "uuid": {"string": f"GPU-{_uid('device', f'{number}-{place}')}"},
            "productName": {"string": "NVIDIA H100 80GB HBM3"},
            "architecture": {"string": "Hopper"},
            "driverVersion": {"version": "580.65.6"},
            "cudaComputeCapability": {"version": "9.0.0"},
            "type": {"string": "gpu"},
        }
        return {"name": f"gpu-{place}", "attributes": attributes, "capacity": {"memory": {"value": "81559Mi"}}}

    node = _node_name(number)
    spec = {
        "driver": DRIVER,
        "nodeName": node,
        "pool": {"name": node, "generation": 1, "resourceSliceCount": 1},
        "devices": [device(place) for place in range(DEVICES)],
    }
    return _named("resource.k8s.io/v1", "ResourceSlice", f"{node}-{DRIVER}", "") | {"spec": spec}


def _claim(place: int) -> Obj:
    node, share = divmod(place, CLAIMS)
    half = DEVICES // CLAIMS
    results = [
        {"request": "gpu", "driver": DRIVER, "pool": _node_name(node), "device": f"gpu-{share * half + each}"}
        for each in range(half)
    ]
    status = {
        "allocation": {"devices": {"results": results}},
        "reservedFor": [{"resource": "pods", "name": f"train-{place}", "uid": _uid("pods", f"train-{place}")}],
    }
    wanted = {"deviceClassName": DRIVER, "allocationMode": "ExactCount", "count": half}
    spec = {"devices": {"requests": [{"name": "gpu", "exactly": wanted}]}}
    claim = _named("resource.k8s.io/v1", "ResourceClaim", f"train-{place}", _tenant(place // GANG))
    return claim | {"spec": spec, "status": status}


def _gang(number: int) -> Iterator[tuple[str, Obj]]:
    name, tenant = f"gang-{number}", _tenant(number)
    labels = {"app": "trainer", "batch.kubernetes.io/job-name": name}
    group = _named("scheduling.k8s.io/v1alpha2", "PodGroup", name, tenant)
    yield "scheduling.k8s.io/podgroups", group | {"spec": {"schedulingPolicy": {"gang": {"minCount": GANG}}}}
    claims = {"resourceClaims": [{"name": "gpu", "resourceClaimTemplateName": "four"}]}
    template = {"metadata": {"labels": labels}, "spec": _pod_spec("trainer") | claims | {"restartPolicy": "Never"}}
    spec = {
        "parallelism": GANG,
        "completions": GANG,
        "backoffLimit": 6,
        "completionMode": "Indexed",
        "template": template,
    }
    yield "batch/jobs", _named("batch/v1", "Job", name, tenant) | {"spec": spec, "status": {"active": GANG}}


def _deployment(number: int) -> Iterator[tuple[str, Obj]]:
    name, tenant = f"server-{number}", _tenant(number)
    labels = {"app": name}
    spec = {
        "replicas": REPLICAS,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": _pod_spec("server")},
    }
    counts = {"replicas": REPLICAS, "readyReplicas": REPLICAS, "availableReplicas": REPLICAS, "observedGeneration": 1}
    made = {"spec": spec, "status": counts}
    yield "apps/deployments", _named("apps/v1", "Deployment", name, tenant, labels) | made
    owner = ("apps/v1", "Deployment", "apps/deployments", name)
    yield "apps/replicasets", _named("apps/v1", "ReplicaSet", f"{name}-5d4f", tenant, labels, owner=owner) | made


def _daemons(nodes: int) -> Obj:
    labels = {"app": "node-agent"}
    spec = {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": _pod_spec("agent")},
    }
    counts = {
        "currentNumberScheduled": nodes,
        "desiredNumberScheduled": nodes,
        "numberReady": nodes,
        "numberMisscheduled": 0,
    }
    return _named("apps/v1", "DaemonSet", "node-agent", NODE_SYSTEM, labels) | {"spec": spec, "status": counts}


def _daemon_pod(number: int) -> Obj:
    owner = ("apps/v1", "DaemonSet", "apps/daemonsets", "node-agent")
    return _pod(f"node-agent-{number}", NODE_SYSTEM, "agent", number, owner=owner, labels={"app": "node-agent"})


def _gang_pod(place: int) -> Obj:
    number = place // GANG
    name, gang = f"train-{place}", f"gang-{number}"
    labels = {
        "app": "trainer",
        "batch.kubernetes.io/job-name": gang,
        "batch.kubernetes.io/job-completion-index": str(place % GANG),
    }
    owner = ("batch/v1", "Job", "batch/jobs", gang)
    pod = _pod(name, _tenant(number), "trainer", place // CLAIMS, owner=owner, labels=labels)
    pod["spec"] |= {
        "restartPolicy": "Never",
        "schedulingGroup": {"podGroupName": gang},
        "resourceClaims": [{"name": "gpu", "resourceClaimName": name}],
    }
    return pod


def _deployed_pod(place: int) -> Obj:
    name = f"server-{place // REPLICAS}"
    owner = ("apps/v1", "ReplicaSet", "apps/replicasets", f"{name}-5d4f")
    labels = {"app": name, "pod-template-hash": "5d4f"}
    return _pod(
        f"{name}-5d4f-{place}", _tenant(place // REPLICAS), "server", place // DEPLOYED, owner=owner, labels=labels
    )


def _pod(
    name: str, namespace: str, role: str, node: int, *, owner: tuple[str, str, str, str], labels: dict[str, str]
) -> Obj:
    began = f"2026-01-{node % 28 + 1:02}T{len(name) % 24:02}:{node % 60:02}:{sum(name.encode()) % 60:02}Z"
    spec = _pod_spec(role, _uid("token", name)[:5]) | {"nodeName": _node_name(node)}
    ran = {
        "name": role, "image": IMAGE, "imageID": IMAGE, "containerID": f"containerd://{_uid('run', name).replace('-', '') * 2}",
        "ready": True, "started": True, "restartCount": 0, "state": {"running": {"startedAt": began}}, "lastState": {},
    }  # fmt: skip
    status = {
        "phase": "Running",
        "qosClass": "Burstable",
        "hostIP": _address(node),
        "podIP": _address(node + (1 << 20)),
        "podIPs": [{"ip": _address(node + (1 << 20))}],
        "startTime": began,
        "conditions": [_condition(type, "True", "", began) for type in _POD_CONDITIONS],
        "containerStatuses": [ran],
    }
    return _named("v1", "Pod", name, namespace, labels, owner=owner) | {"spec": spec, "status": status}


_POD_CONDITIONS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")


def _pod_spec(role: str, volume: str = "x2v7q") -> Obj:
    port = {"name": "http", "containerPort": 8080, "protocol": "TCP"}
    probe = {"httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"}, "periodSeconds": 10, "timeoutSeconds": 1,
             "successThreshold": 1, "failureThreshold": 3}  # fmt: skip
    token = {
        "name": f"kube-api-access-{volume}",
        "readOnly": True,
        "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
    }
    container = {
        "name": role, "image": IMAGE, "imagePullPolicy": "IfNotPresent", "command": [f"/{role}", "--config=/etc/platform/config.yaml"],
        "env": [
            {"name": "LOG_LEVEL", "value": "info"},
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}},
        ],
        "ports": [port],
        "resources": {"requests": {"cpu": "2", "memory": "4Gi"}, "limits": {"cpu": "4", "memory": "8Gi"}},
        "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}, token],
        "livenessProbe": probe, "readinessProbe": probe,
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
        "securityContext": {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
        },
    }  # fmt: skip
    tolerations = [
        {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
        for key in ("not-ready", "unreachable")
    ]
    return {
        "containers": [container],
        "volumes": [{"name": "scratch", "emptyDir": {"sizeLimit": "1Gi"}}, {"name": token["name"], "projected": _TOKEN}],
        "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler",
        "serviceAccountName": "default", "serviceAccount": "default", "priority": 0, "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority", "tolerations": tolerations,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
    }  # fmt: skip


_TOKEN = {
    "defaultMode": 420,
    "sources": [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {
            "downwardAPI": {
                "items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]
            }
        },
    ],
}


def _named(
    api_version: str,
    kind: str,
    name: str,
    namespace: str,
    labels: dict[str, str] | None = None,
    *,
    owner: tuple[str, str, str, str] | None = None,
) -> Obj:
    metadata: Obj = {"name": name, "uid": _uid(kind, name), "creationTimestamp": SINCE, "generation": 1}
    if namespace:
        metadata["namespace"] = namespace
    if labels:
        metadata["labels"] = labels
    if owner:
        of_version, of_kind, _, of_name = owner
        metadata["ownerReferences"] = [
            {
                "apiVersion": of_version, "kind": of_kind, "name": of_name, "uid": _uid(of_kind, of_name),
                "controller": True, "blockOwnerDeletion": True,
            }
        ]  # fmt: skip
    metadata["managedFields"] = [_managed(api_version, manager) for manager in ("kube-controller-manager", "kubelet")]
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


def _managed(api_version: str, manager: str) -> Obj:
    fields = {
        "f:metadata": {"f:labels": {".": {}, "f:app": {}}, "f:ownerReferences": {".": {}}},
        "f:spec": {
            f"f:{name}": {}
            for name in ("containers", "dnsPolicy", "nodeName", "restartPolicy", "schedulerName", "volumes")
        },
        "f:status": {f"f:{name}": {".": {}, "f:status": {}} for name in ("conditions", "phase", "podIP", "startTime")},
    }
    return {"manager": manager, "operation": "Update", "apiVersion": api_version, "time": SINCE,
            "fieldsType": "FieldsV1", "fieldsV1": fields}  # fmt: skip


def _condition(type: str, status: str, reason: str, since: str = SINCE) -> Obj:
    return {"type": type, "status": status, "reason": reason, "lastTransitionTime": since}


def _node_name(number: int) -> str:
    return f"gpu-{number:05}"


def _tenant(number: int) -> str:
    return f"team-{number % TENANTS}"


def _address(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def _uid(kind: str, name: str) -> str:
    return str(uuid.uuid5(_SPACE, f"{kind}/{name}"))
