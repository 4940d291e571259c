"""One node, played for checks that look into containers: pods run as soon as they are created, or say why they do not."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from seatrial.model.fact import Apis, ClusterIdentity, Obj
from seatrial.model.workbench import Condition, Observation, Ran

NODE: Obj = {
    "metadata": {"name": "n1", "labels": {"kubernetes.io/hostname": "n1"}},
    "status": {"allocatable": {}, "nodeInfo": {"containerRuntimeVersion": "containerd://2.2.2"}},
}
Answer = Callable[[str, Sequence[str]], Any]


class NodeBench:
    """Implements ``model.workbench.Workbench``, as far as these checks use it."""

    namespace = "bench"
    apis = Apis({"resource.k8s.io/resourceslices": ("v1",)})
    cluster = ClusterIdentity()
    image = "seatrial.dev/lab/workload:v1"
    window = patience = 1.0

    def __init__(self, answer: Answer, *, others: dict[str, list[Obj]] | None = None) -> None:
        self.answer = answer  # what a command in a pod prints: JSON, or nothing that can be read
        self.objects: dict[str, list[Obj]] = {"nodes": [NODE], "pods": [], **(others or {})}
        self.refused: Callable[[Obj], str] = lambda pod: ""  # why the scheduler has no place for a pod
        self.broken: Callable[[Obj], str] = lambda pod: ""  # why it never runs where it was placed
        self.controls: list[tuple[str, dict[str, Any]]] = []

    async def create(self, obj: Obj) -> Obj:
        if obj["kind"] != "Pod":
            self.objects.setdefault("resource.k8s.io/resourceclaims", []).append(obj)
            return obj
        if refusal := self.refused(obj):
            condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": refusal}
            status: Obj = {"phase": "Pending", "conditions": [condition]}
        elif why := self.broken(obj):
            status = {"phase": "Failed", "message": why}
        else:
            each = [{"name": one["name"], "state": {"running": {}}} for one in obj["spec"]["containers"]]
            status = {"phase": "Running", "containerStatuses": each, "podIP": f"10.0.0.{len(self.objects['pods']) + 1}"}
        placed = {} if status["phase"] == "Pending" else {"nodeName": "n1"}
        made = {**obj, "spec": {**obj["spec"], **placed}, "status": status}
        self.objects["pods"].append(made)
        return made

    async def remove(self, resource: str, name: str, *, namespace: str | None = None) -> None:
        self.objects[resource] = [one for one in self.objects[resource] if one["metadata"]["name"] != name]
        waiting = [one for one in self.objects["pods"] if one["status"]["phase"] == "Pending"]
        if resource == "pods" and waiting and not self.refused(waiting[0]):
            self.objects["pods"].remove(waiting[0])
            await self.create(waiting[0])

    async def read(self, resource: str, name: str, *, namespace: str | None = None) -> Obj | None:
        return next((one for one in self.objects.get(resource, ()) if one["metadata"]["name"] == name), None)

    async def list(self, resource: str, *, selector: str = "", everywhere: bool = False) -> tuple[Obj, ...]:
        return tuple(self.objects.get(resource, ()))

    async def until(
        self,
        resource: str,
        condition: Condition,
        *,
        within: float,
        what: str,
        selector: str = "",
        everywhere: bool = False,
    ) -> Observation:
        there = await self.list(resource)
        return Observation(bool(condition(there)), there, 0.1)

    async def run(self, pod: str, argv: Sequence[str], *, container: str = "", within: float = 20.0) -> Ran:
        said = self.answer(pod, argv)
        return said if isinstance(said, Ran) else Ran(0, json.dumps(said), "")

    def note(self, what: str, **detail: Any) -> None: ...

    def control(self, what: str, **detail: Any) -> None:
        self.controls.append((what, detail))


def device(path: str, minor: int, **more: Any) -> Obj:
    """One entry of what ``workload devices`` prints."""
    return {"path": path, "how": "glob", "major": 7, "minor": minor, "opened": True, **more}
