"""Real objects that cannot run, each in a namespace of its own, with the source of waiting that has to be named."""

from __future__ import annotations

from dataclasses import dataclass, field

from seatrial.lab.node.programs import IMAGE, NODE
from seatrial.model.fact import Obj

GPU = "nvidia.com/gpu"
WORK = ["/workload", "work", "--seconds", "0"]


@dataclass(frozen=True)
class Scene:
    name: str
    source: str
    holder: str  # what the first cause has in its holder
    objects: tuple[Obj, ...]
    about: str = "pods/{space}/waits"
    explains: dict[str, int] = field(default_factory=dict)  # constraint → nodes, where the scheduler says it, too

    @property
    def space(self) -> str:
        return f"scene-{self.name}"


def node(name: str, *taints: Obj) -> Obj:
    amounts = {"cpu": "64", "memory": "1Ti", "pods": "100", GPU: "8"}
    labels = {
        "scene": name,
        "kubernetes.io/hostname": f"scene-{name}",
        "type": "kwok",
        "seatrial.dev/simulated": "true",
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": f"scene-{name}", "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}},
        "spec": {"taints": [{"key": "scene", "value": name, "effect": "NoSchedule"}, *taints]},
        "status": {"capacity": amounts, "allocatable": amounts},
    }


def spec(devices: int = 0, *, on: str = "", image: str = IMAGE, **more: object) -> Obj:
    work: Obj = {"name": "work", "image": image, "command": WORK, "imagePullPolicy": "IfNotPresent"}
    if devices:
        work["resources"] = {"limits": {GPU: str(devices)}}
    found: Obj = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 0, "containers": [work]}
    if on:
        found |= {"nodeSelector": {"scene": on}, "tolerations": [{"key": "scene", "operator": "Exists"}]}
    return found | more


def pod(body: Obj) -> Obj:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "waits"}, "spec": body}


def job(body: Obj, pods: int) -> Obj:
    template = {"spec": body}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "waits"},
        "spec": {"parallelism": pods, "completions": pods, "template": template},
    }


def claim(device_class: str, count: int = 1, expression: str = "") -> Obj:
    selectors = [{"cel": {"expression": expression}}] if expression else []
    request = {"name": "gpu", "exactly": {"deviceClassName": device_class, "count": count, "selectors": selectors}}
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": "wanted"},
        "spec": {"devices": {"requests": [request]}},
    }


def claiming() -> Obj:
    return pod(spec(resourceClaims=[{"name": "gpu", "resourceClaimName": "wanted"}]))


def storage(storage_class: str) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": storage_class,
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }


def mounting() -> Obj:
    return pod(spec(volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]))


def real(**work: object) -> Obj:
    """A pod of the real node, where a kubelet really tries."""
    body = spec(nodeSelector={"kubernetes.io/hostname": NODE}, restartPolicy="Always")
    body["containers"][0] |= work
    return pod(body)


_QUOTA: Obj = {
    "apiVersion": "v1",
    "kind": "ResourceQuota",
    "metadata": {"name": "team"},
    "spec": {"hard": {f"requests.{GPU}": "1"}},
}
_NEW = {"key": "new-pool", "value": "true", "effect": "NoSchedule"}
_MISSING_SECRET = [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "no-such", "key": "token"}}}]

SCENES = (
    Scene("taint", "placement.no-node-lets-it-in", "taint new-pool=true:NoSchedule",
          (node("taint", _NEW), pod(spec(1, on="taint"))), explains={"untolerated taint": 1}),
    Scene("selector", "placement.no-node-lets-it-in", "selects",
          (pod(spec(1, nodeSelector={"no-such-label": "x"})),), explains={}),
    Scene("large", "placement.no-node-is-large-enough", GPU,
          (node("large"), pod(spec(16, on="large"))), explains={f"insufficient {GPU}": 1}),
    Scene("full", "placement.all-is-taken", GPU,
          (node("full"), job(spec(4, on="full"), 3)), about="jobs/{space}/waits", explains={f"insufficient {GPU}": 1}),
    Scene("no-claim", "claims.cannot-be-allocated", "resourceclaims/scene-no-claim/wanted", (claiming(),)),
    Scene("no-class", "claims.cannot-be-allocated", "deviceclasses/nobody.example", (claim("nobody.example"), claiming())),
    Scene("no-device", "claims.cannot-be-allocated", "a device of",
          (claim("gpu.nvidia.com", 1, "device.attributes['gpu.nvidia.com'].productName == 'none'"), claiming()),
          about="resourceclaims/{space}/wanted"),
    Scene("many-devices", "claims.cannot-be-allocated", "devices of gpu.nvidia.com",
          (claim("gpu.nvidia.com", 9), claiming())),
    Scene("quota", "refusals.pods-are-not-let-in", "resourcequotas/scene-quota/team",
          (node("quota"), _QUOTA, job(spec(1, on="quota"), 3)), about="jobs/{space}/waits"),
    Scene("account", "refusals.pods-are-not-let-in", "serviceaccounts/scene-account/nobody",
          (job(spec(serviceAccountName="nobody"), 1),), about="jobs/{space}/waits"),
    Scene("image", "images.cannot-be-pulled", "image registry.invalid/model:1", (real(image="registry.invalid/model:1"),)),
    Scene("secret", "containers.setting-is-missing", "secrets/scene-secret/no-such", (real(env=_MISSING_SECRET),)),
    Scene("crash", "containers.do-not-stay", "container work", (real(command=["/workload", "no-such-verb"]),)),
    Scene("no-volume", "volumes.claim-is-missing-or-unbound", "persistentvolumeclaims/scene-no-volume/data", (mounting(),)),
    Scene("no-storage-class", "volumes.claim-is-missing-or-unbound", "storageclasses/no-such",
          (storage("no-such"), mounting())),
    Scene("gate", "gangs.gate-is-closed", "gate example.com/later", (pod(spec(schedulingGates=[{"name": "example.com/later"}])),)),
    Scene("no-group", "gangs.group-does-not-exist", "podgroups/scene-no-group/none",
          (pod(spec(schedulingGroup={"podGroupName": "none"})),)),
    Scene("scheduler", "placement.scheduler-has-not-looked", "scheduler nobody", (pod(spec(schedulerName="nobody")),)),
)  # fmt: skip
