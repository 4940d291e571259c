"""Pods that a real scheduler does not place, though nodes are there: each with what it must be told, and who was there before."""

from __future__ import annotations

from typing import Any

from seatrial.model.fact import Obj
from tests.live.waiting import GPU, Scene, node, pod, spec

ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
_RESOURCE = "resource.k8s.io/v1"
_APP = {"app": "scene"}


def before(body: Obj, name: str = "before", **metadata: Any) -> Obj:
    """A pod that has its place before the one that waits comes."""
    return {**pod(body), "metadata": {"name": name, "labels": _APP, **metadata}}


def waits(body: Obj, **metadata: Any) -> Obj:
    return {**pod(body), "metadata": {"name": "waits", "labels": _APP, **metadata}}


def zoned(name: str, zone: str, *taints: Obj, scene: str = "") -> Obj:
    found = node(name, *taints)
    found["metadata"]["labels"] |= {ZONE: zone, **({"scene": scene} if scene else {})}
    return found


def affinity(kind: str, key: str = HOST) -> Obj:
    term = {"topologyKey": key, "labelSelector": {"matchLabels": _APP}}
    return {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def spread(**more: Any) -> list[Obj]:
    constraint = {"topologyKey": ZONE, "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}
    return [constraint | {"labelSelector": {"matchLabels": _APP}} | more]


def port(on: str, number: int) -> Obj:
    body = spec(on=on)
    body["containers"][0]["ports"] = [{"containerPort": number, "hostPort": number}]
    return body


def volume(
    name: str, *, zone: str = "", driver: str = "", claim: str = "", mode: str = "ReadWriteOnce", of: str = ""
) -> Obj:
    kind: Obj = {"csi": {"driver": driver, "volumeHandle": name}} if driver else {"local": {"path": "/none"}}
    terms = [{"matchExpressions": [{"key": ZONE, "operator": "In", "values": [zone]}]}]
    where = {"nodeAffinity": {"required": {"nodeSelectorTerms": terms}}} if zone else {}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {"capacity": {"storage": "1Gi"}, "accessModes": [mode], "storageClassName": of, **kind, **where},
    }


def storage_claim(name: str, volume: str = "", *, mode: str = "ReadWriteOnce", of: str = "") -> Obj:
    bound = {"volumeName": volume} if volume else {}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name},
        "spec": {
            "accessModes": [mode],
            "storageClassName": of,
            "resources": {"requests": {"storage": "1Gi"}},
            **bound,
        },
    }


def mounting(on: str, name: str) -> Obj:
    return spec(on=on, volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": name}}])


def priority(name: str, policy: str) -> Obj:
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": name},
        "value": 1000,
        "preemptionPolicy": policy,
    }


def device_class(scene: str, **more: Any) -> Obj:
    selectors = [{"cel": {"expression": f"device.driver == '{scene}.example'"}}]
    return {
        "apiVersion": _RESOURCE,
        "kind": "DeviceClass",
        "metadata": {"name": f"{scene}.example"},
        "spec": {"selectors": selectors, **more},
    }


def slices(scene: str, *devices: Obj, memory: int = 0, on: str = "") -> tuple[Obj, ...]:
    """Counters stand in a slice of their own."""
    pool = {"name": scene, "generation": 1, "resourceSliceCount": 2 if memory else 1}
    common = {"driver": f"{scene}.example", "nodeName": f"scene-{on or scene}", "pool": pool}
    counters = [{"name": "gpu-0", "counters": {"memory": {"value": f"{memory}Gi"}}}]
    contents: list[Obj] = [{"devices": list(devices)}, *([{"sharedCounters": counters}] if memory else [])]
    return tuple(
        {
            "apiVersion": _RESOURCE,
            "kind": "ResourceSlice",
            "metadata": {"name": f"{scene}-{number}"},
            "spec": {**common, **content},
        }
        for number, content in enumerate(contents)
    )


def part(name: str, memory: int) -> Obj:
    counters = {"memory": {"value": f"{memory}Gi"}}
    profile = {"profile": {"string": name.partition("-")[0]}}
    return {"name": name, "attributes": profile, "consumesCounters": [{"counterSet": "gpu-0", "counters": counters}]}


def share(gib: int) -> Obj:
    return {"name": "nic", "allowMultipleAllocations": True, "capacity": {"memory": {"value": f"{gib}Gi"}}}


def devices(scene: str, **want: Any) -> Obj:
    return {"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": f"{scene}.example", **want}}]}}


def claim(scene: str, name: str = "wanted", **want: Any) -> Obj:
    return {
        "apiVersion": _RESOURCE,
        "kind": "ResourceClaim",
        "metadata": {"name": name},
        "spec": devices(scene, **want),
    }


def template(scene: str, **want: Any) -> Obj:
    return {
        "apiVersion": _RESOURCE,
        "kind": "ResourceClaimTemplate",
        "metadata": {"name": "wanted"},
        "spec": {"spec": devices(scene, **want)},
    }


def claiming(on: str, name: str = "wanted") -> Obj:
    return spec(on=on, resourceClaims=[{"name": "r", "resourceClaimName": name}])


def profile(scene: str, name: str) -> list[Obj]:
    return [{"cel": {"expression": f"device.attributes['{scene}.example'].profile == '{name}'"}}]


def quota(key: str, hard: int) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "team"},
        "spec": {"hard": {key: str(hard)}},
    }


def taint_rule(scene: str) -> Obj:
    taint = {"key": "bad", "value": "x", "effect": "NoSchedule"}
    return {
        "apiVersion": _RESOURCE,
        "kind": "DeviceTaintRule",
        "metadata": {"name": scene},
        "spec": {"deviceSelector": {"driver": f"{scene}.example"}, "taint": taint},
    }


def by_resource(scene: str) -> Obj:
    body = spec(on=scene)
    body["containers"][0]["resources"] = {"limits": {f"{scene}.example/gpu": "1"}}
    return body


def parts(scene: str) -> tuple[Obj, ...]:
    return (node(scene), device_class(scene), *slices(scene, part("whole-0", 80), part("small-0", 10), memory=80))


_OUT = {"key": "out", "value": "true", "effect": "NoSchedule"}
_CSI = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "CSINode",
    "metadata": {"name": "scene-limit"},
    "spec": {"drivers": [{"name": "limit.example", "nodeID": "n", "allocatable": {"count": 1}}]},
}
_BY_HAND = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": "scene-unbound"},
    "provisioner": "kubernetes.io/no-provisioner",
    "volumeBindingMode": "WaitForFirstConsumer",
}

PLACES = (
    Scene("apart", "company.anti-affinity-keeps-it-out", "pods/scene-apart/before",
          (node("apart"), before(spec(on="apart")), waits(spec(on="apart", affinity=affinity("podAntiAffinity")))),
          explains={"pod anti-affinity": 1}),
    Scene("repelled", "company.anti-affinity-keeps-it-out", "pods/scene-repelled/before",
          (node("repelled"), before(spec(on="repelled", affinity=affinity("podAntiAffinity"))), waits(spec(on="repelled"))),
          explains={"anti-affinity of other pods": 1}),
    Scene("near", "company.affinity-finds-nobody", "wants to be near",
          (zoned("near", "a"), zoned("near-2", "b", scene="far"), before(spec(on="far")),
           waits(spec(on="near", affinity=affinity("podAffinity", ZONE)))),
          explains={"pod affinity": 1}),
    Scene("spread", "company.spread-keeps-it-out", "an even spread",
          (zoned("spread", "a"), zoned("spread-2", "b", _OUT, scene="spread"),
           before(spec(on="spread", nodeSelector={HOST: "scene-spread"})),
           waits(spec(on="spread", tolerations=[{"key": "scene", "operator": "Exists"}], topologySpreadConstraints=spread()))),
          explains={"topology spread": 1}),
    Scene("port", "placement.all-is-taken", "host port 8080/TCP",
          (node("port"), before(port("port", 8080)), waits(port("port", 8080))), explains={"host ports": 1}),
    Scene("elsewhere", "volumes.are-elsewhere", "persistentvolumes/scene-elsewhere",
          (zoned("elsewhere", "a"), volume("scene-elsewhere", zone="b"), storage_claim("data", "scene-elsewhere"),
           waits(mounting("elsewhere", "data"))), explains={"volumes elsewhere": 1}),
    Scene("unbound", "volumes.are-elsewhere", "persistentvolumeclaims/scene-unbound/data",
          (zoned("unbound", "a"), _BY_HAND, volume("scene-unbound", zone="b", of="scene-unbound"),
           storage_claim("data", of="scene-unbound"), waits(mounting("unbound", "data"))),
          explains={"no volume to bind": 1}),
    Scene("limit", "volumes.node-takes-no-more", "the volume limit of",
          (node("limit"), _CSI, *(volume(f"scene-limit-{n}", driver="limit.example") for n in (1, 2)),
           *(storage_claim(f"data-{n}", f"scene-limit-{n}") for n in (1, 2)),
           before(mounting("limit", "data-1")), waits(mounting("limit", "data-2"))), explains={"volume limit": 1}),
    Scene("alone", "volumes.another-has-it-alone", "pods/scene-alone/before",
          (node("alone"), volume("scene-alone", driver="alone.example", mode="ReadWriteOncePod"),
           storage_claim("data", "scene-alone", mode="ReadWriteOncePod"),
           before(mounting("alone", "data")), waits(mounting("alone", "data")))),
    Scene("never", "preemption.may-not-preempt", "priorityclasses/scene-never",
          (node("never"), priority("scene-never", "Never"), before(spec(8, on="never")),
           waits(spec(8, on="never", priorityClassName="scene-never"))), explains={f"insufficient {GPU}": 1}),
    Scene("victims", "preemption.waits-for-those-who-leave", "pods/scene-victims/before",
          (node("victims"), priority("scene-urgent", "PreemptLowerPriority"),
           before(spec(8, on="victims"), finalizers=["example.com/stays"]),
           waits(spec(8, on="victims", priorityClassName="scene-urgent"))), explains={f"insufficient {GPU}": 1}),
    Scene("parts", "shares.counters-are-used-up", "pods/scene-parts/before",
          (*parts("parts"), claim("parts", "small", selectors=profile("parts", "small")), before(claiming("parts", "small")),
           claim("parts", selectors=profile("parts", "whole")), waits(claiming("parts"))), explains={"claimed devices": 1}),
    Scene("capacity", "shares.capacity-is-used-up", "capacity of capacity.example",
          (node("capacity"), device_class("capacity"), *slices("capacity", share(10)),
           claim("capacity", "first", capacity={"requests": {"memory": "8Gi"}}), before(claiming("capacity", "first")),
           claim("capacity", capacity={"requests": {"memory": "4Gi"}}), waits(claiming("capacity"))),
          explains={"claimed devices": 1}),
    Scene("rule", "claims.cannot-be-allocated", "device taint bad=x:NoSchedule",
          (node("rule"), device_class("rule"), *slices("rule", {"name": "a"}), taint_rule("rule"), claim("rule"),
           waits(claiming("rule"))), explains={"claimed devices": 1}),
    Scene("taken", "claims.cannot-be-allocated", "devices of taken.example",
          (node("taken"), device_class("taken"), *slices("taken", {"name": "a"}), claim("taken", "first"),
           before(claiming("taken", "first")), claim("taken"), waits(claiming("taken"))), explains={"claimed devices": 1}),
    Scene("implicit", "claims.cannot-be-allocated", "devices of implicit.example",
          (node("implicit"), device_class("implicit", extendedResourceName="implicit.example/gpu"),
           *slices("implicit", {"name": "a"}), before(by_resource("implicit")), waits(by_resource("implicit")))),
    Scene("locked", "claims.cannot-be-allocated", "nodes with devices for",
          (node("locked"), {**node("locked-2", _OUT)}, device_class("locked"),
           *slices("locked", {"name": "a"}, on="locked-2"), claim("locked"), waits(claiming("locked"))),
          explains={"claimed devices": 1}),
    Scene("class-quota", "claims.quota-is-used-up", "resourcequotas/scene-class-quota/team",
          (node("class-quota"), device_class("class-quota"), quota("class-quota.example.deviceclass.resource.k8s.io/devices", 1),
           template("class-quota", count=2),
           waits(spec(on="class-quota", resourceClaims=[{"name": "r", "resourceClaimTemplateName": "wanted"}])))),
)  # fmt: skip
