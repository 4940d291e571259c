"""Real objects that were deleted and stay, nodes that cannot be emptied, and pods that a namespace which ends does not let in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from seatrial.model.fact import Obj
from tests.live.waiting import node, pod, spec

_STAYS = "example.com/stays"


@dataclass(frozen=True)
class Left:
    name: str
    source: str
    holder: str
    says: str
    about: str
    objects: tuple[Obj, ...]
    commands: tuple[tuple[str, ...], ...] = ()

    @property
    def space(self) -> str:
        return f"left-{self.name}"

    @property
    def placed(self) -> Iterator[Obj]:
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
        for obj in (account, *self.objects):
            own = {} if obj["kind"] == "Node" else {"namespace": self.space}
            yield {**obj, "metadata": {**obj["metadata"], **own}}


def named(body: Obj, **metadata: object) -> Obj:
    return {**pod(body), "metadata": {"name": "stays", **metadata}}


_NOTE = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "note", "finalizers": [_STAYS]}}
_BUDGET = {
    "apiVersion": "policy/v1",
    "kind": "PodDisruptionBudget",
    "metadata": {"name": "all"},
    "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "left"}}},
}
_SERVER = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "server"},
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "server"}},
        "template": {"metadata": {"labels": {"app": "server"}}, "spec": {**spec(), "restartPolicy": "Always"}},
    },
}
_FULL = {
    "apiVersion": "v1",
    "kind": "ResourceQuota",
    "metadata": {"name": "none"},
    "spec": {"hard": {"pods": "0"}},
}

LEFT = (
    Left("space", "endings.namespace-does-not-go", "what is left in namespaces/left-space", _STAYS, "namespaces/left-space",
         (_NOTE,), (("delete", "namespace", "left-space", "--wait=false"),)),
    Left("pod", "endings.pod-does-not-go", f"finalizer {_STAYS}", "should have gone", "pods/left-pod/stays",
         (node("left-pod"), named(spec(on="left-pod"), finalizers=[_STAYS])),
         (("wait", "-n", "left-pod", "pod/stays", "--for=jsonpath={.spec.nodeName}=scene-left-pod"),
          ("delete", "-n", "left-pod", "pod", "stays", "--wait=false"))),
    Left("drain", "drains.budget-lets-nobody-go", "poddisruptionbudgets/left-drain/all", "allows no disruption", "nodes/scene-left-drain",
         (node("left-drain"), _BUDGET, named(spec(on="left-drain"), labels={"app": "left"})),
         (("wait", "-n", "left-drain", "pod/stays", "--for=jsonpath={.spec.nodeName}=scene-left-drain"),
          ("cordon", "scene-left-drain"))),
    Left("quota", "refusals.pods-are-not-let-in", "resourcequotas/left-quota/none", "exceeded quota", "apps/deployments/left-quota/server",
         (_FULL, _SERVER)),
)  # fmt: skip
