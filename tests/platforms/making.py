"""Builders for the objects that platforms run, as an API server would hand them out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Obj = dict[str, Any]

BORN = "2026-03-01T08:00:00Z"
NOW = "2026-03-01T10:00:00Z"
_GROUPS = {"Deployment": "apps/v1", "DaemonSet": "apps/v1", "StatefulSet": "apps/v1", "Job": "batch/v1"}


def uid(*words: str) -> str:
    digest = hashlib.sha256("/".join(words).encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"


def obj(api: str, kind: str, name: str, namespace: str = "", **more: Any) -> Obj:
    meta: Obj = {"name": name, "uid": uid(kind, namespace, name), "resourceVersion": "1000", "creationTimestamp": BORN}
    if namespace:
        meta["namespace"] = namespace
    return {"apiVersion": api, "kind": kind, "metadata": meta | more.pop("metadata", {}), **more}


def namespace(name: str, **labels: str) -> Obj:
    own = {"kubernetes.io/metadata.name": name}
    return obj(
        "v1",
        "Namespace",
        name,
        metadata={"labels": own | labels},
        spec={"finalizers": ["kubernetes"]},
        status={"phase": "Active"},
    )


def node(
    name: str,
    version: str,
    *,
    labels: Mapping[str, str],
    provider: str = "",
    taints: Iterable[str] = (),
    **amounts: str,
) -> Obj:
    """A taint as ``kubectl taint`` writes it; amounts by name, with ``__`` for a slash and ``_`` for a dot."""
    offered = {key.replace("__", "/").replace("_", "."): amount for key, amount in amounts.items()}
    whole = {"cpu": "96", "memory": "1000Gi", "ephemeral-storage": "500Gi", "pods": "110", **offered}
    own = {"kubernetes.io/hostname": name, "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux"}
    spec: Obj = {"taints": [taint(one) for one in taints]}
    if provider:
        spec["providerID"] = provider
    ready = {
        "type": "Ready",
        "status": "True",
        "lastHeartbeatTime": NOW,
        "lastTransitionTime": BORN,
        "reason": "KubeletReady",
    }
    info = {
        "kubeletVersion": version,
        "containerRuntimeVersion": "containerd://2.1.4",
        "osImage": "",
        "architecture": "amd64",
    }
    return obj(
        "v1", "Node", name,
        metadata={"labels": own | dict(labels)},
        spec=spec,
        status={"capacity": whole, "allocatable": whole, "conditions": [ready], "nodeInfo": info},
    )  # fmt: skip


def taint(text: str) -> Obj:
    key, _, effect = text.rpartition(":")
    key, _, value = key.partition("=")
    return {"key": key, "effect": effect} | ({"value": value} if value else {})


def container(name: str, image: str, *, privileged: bool = False, mounts: Sequence[str] = (), **more: Any) -> Obj:
    made: Obj = {"name": name, "image": image, "resources": {}, "imagePullPolicy": "IfNotPresent"}
    if privileged:
        made["securityContext"] = {"privileged": True}
    if mounts:
        made["volumeMounts"] = [{"name": f"v{number}", "mountPath": path} for number, path in enumerate(mounts)]
    return made | more


def pod_spec(*containers: Obj, paths: Sequence[str] = (), **more: Any) -> Obj:
    volumes = [{"name": f"v{number}", "hostPath": {"path": path}} for number, path in enumerate(paths)]
    return {"containers": list(containers), "volumes": volumes, "serviceAccountName": "default", **more}


def made(
    kind: str,
    name: str,
    home: str,
    spec: Obj,
    on: Sequence[str],
    *,
    labels: Mapping[str, str] | None = None,
    **more: Any,
) -> list[Obj]:
    """A controller and its pods, which run on these nodes."""
    labels = {"app": name, **(labels or {})}
    template = {"metadata": {"labels": labels}, "spec": spec}
    count = {"DaemonSet": {}, "Job": {"parallelism": len(on), "completions": len(on)}}.get(kind, {"replicas": len(on)})
    owner = obj(
        _GROUPS[kind],
        kind,
        name,
        home,
        metadata={"labels": labels},
        spec={"selector": {"matchLabels": labels}, "template": template, **count, **more},
    )
    reference = {
        "apiVersion": _GROUPS[kind],
        "kind": kind,
        "name": name,
        "uid": owner["metadata"]["uid"],
        "controller": True,
    }
    return [
        owner,
        *(pod(f"{name}-{number}", home, spec, at, owner=reference, labels=labels) for number, at in enumerate(on)),
    ]


def pod(
    name: str,
    home: str,
    spec: Obj,
    at: str,
    *,
    owner: Obj | None = None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Obj:
    meta: Obj = {"labels": dict(labels or {}), "annotations": dict(annotations or {})}
    if owner is not None:
        meta["ownerReferences"] = [owner]
    statuses = [
        {
            "name": one["name"],
            "image": one["image"],
            "imageID": f"{one['image'].partition('@')[0]}@sha256:{uid(one['image']).replace('-', '') * 2}",
            "ready": True,
            "restartCount": 0,
            "state": {"running": {"startedAt": BORN}},
        }
        for one in spec["containers"]
    ]
    conditions = [
        {"type": kind, "status": "True", "lastTransitionTime": BORN}
        for kind in ("PodScheduled", "Initialized", "Ready")
    ]
    return obj(
        "v1", "Pod", name, home,
        metadata=meta,
        spec=spec | {"nodeName": at, "schedulerName": "default-scheduler"},
        status={"phase": "Running", "startTime": BORN, "conditions": conditions, "containerStatuses": statuses},
    )  # fmt: skip


def static_pod(name: str, spec: Obj, at: str) -> Obj:
    owner = {"apiVersion": "v1", "kind": "Node", "name": at, "uid": uid("Node", "", at), "controller": True}
    notes = {"kubernetes.io/config.mirror": "abc", "kubernetes.io/config.source": "file"}
    return pod(
        f"{name}-{at}",
        "kube-system",
        spec | {"hostNetwork": True},
        at,
        owner=owner,
        labels={"component": name, "tier": "control-plane"},
        annotations=notes,
    )


def crd(group: str, plural: str, version: str = "v1", scope: str = "Namespaced") -> Obj:
    return obj(
        "apiextensions.k8s.io/v1", "CustomResourceDefinition", f"{plural}.{group}",
        spec={"group": group, "names": {"plural": plural, "kind": plural.title()}, "scope": scope, "versions": [{"name": version, "served": True, "storage": True}]},
    )  # fmt: skip


def listed(objects: Iterable[Obj]) -> Obj:
    return {"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": list(objects)}
