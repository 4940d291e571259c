"""A bench whose pods always run, and whose traffic a test decides: what a client pod would have printed is asked for by URL."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from seatrial.model.fact import Apis, Obj
from seatrial.model.workbench import Condition, Observation, Ran

ADDRESS = "192.0.2.1"
SERVED: dict[str, tuple[str, ...]] = {
    f"{group}/{name}": ("v1",)
    for group, names in (
        ("gateway.networking.k8s.io", ("gatewayclasses", "gateways", "httproutes")),
        ("inference.networking.k8s.io", ("inferencepools",)),
        ("gateway.envoyproxy.io", ("envoyextensionpolicies", "backendtrafficpolicies")),
    )
    for name in names
}

Print = Callable[[str, list[str]], Any]


class MeshBench:
    """``prints`` gets the URL and the flags of a command in the client, and returns what that prints as JSON, or a text."""

    namespace, image, window, patience = "bench", "workload:1", 1.0, 1.0

    def __init__(self, prints: Print, *, silent: tuple[str, ...] = (), programmed: bool = True) -> None:
        self.prints, self.silent, self.programmed = prints, silent, programmed
        self.apis = Apis(SERVED)
        self.objects: list[Obj] = []
        self.controls: dict[str, Any] = {}
        self.log: dict[str, str] = {}

    async def create(self, obj: Obj) -> Obj:
        self.objects.append(obj)
        if obj["kind"] == "Service":
            return {**obj, "spec": {**obj["spec"], "clusterIP": f"service-{obj['metadata']['name']}"}}
        return obj

    async def patch(self, resource: str, name: str, merge: Obj) -> Obj:
        found = next(obj for obj in self.objects if obj["metadata"]["name"] == name and obj["kind"] == "HTTPRoute")
        found["spec"] |= merge["spec"]
        return found

    async def remove(self, resource: str, name: str) -> None:
        self.objects = [obj for obj in self.objects if obj["kind"] != "Pod" or obj["metadata"]["name"] != name]

    async def read(self, resource: str, name: str) -> Obj:
        return {"metadata": {"name": name}, "spec": {"clusterIP": f"service-{name}"}}

    async def list(self, resource: str, *, selector: str = "") -> tuple[Obj, ...]:
        return tuple(map(self._running, self.pods()))

    def pods(self) -> Sequence[Obj]:
        return [obj for obj in self.objects if obj["kind"] == "Pod"]

    def routes(self) -> dict[str, Obj]:
        return {obj["metadata"]["name"]: obj for obj in self.objects if obj["kind"] == "HTTPRoute"}

    async def until(
        self, resource: str, condition: Condition, *, within: float, what: str, selector: str = ""
    ) -> Observation:
        match resource.rpartition("/")[2]:
            case "pods":
                seen = await self.list("pods")
            case "gateways":
                seen = (self._gateway(),)
            case _:
                seen = ({"endpoints": [{"addresses": ["192.0.2.9"]}] * 4},)
        return Observation(condition(seen), seen, within)

    def _gateway(self) -> Obj:
        said = {"type": "Programmed", "status": "True" if self.programmed else "False", "message": "no replicas"}
        return {"metadata": {"name": "gateway"}, "status": {"addresses": [{"value": ADDRESS}], "conditions": [said]}}

    def _running(self, pod: Obj) -> Obj:
        name = pod["metadata"]["name"]
        if name in self.silent:
            return {**pod, "status": {"phase": "Pending"}}
        status = {
            "phase": "Running",
            "podIP": f"pod-{name}",
            "containerStatuses": [{"state": {"running": {}}} for _ in pod["spec"]["containers"]],
            "conditions": [{"type": "Ready", "status": "True"}],
        }
        return {**pod, "status": status}

    async def run(self, pod: str, argv: Sequence[str], *, container: str = "", within: float = 20.0) -> Ran:
        printed = self.prints(argv[-1], list(argv))
        if isinstance(printed, str):
            return Ran(1, "", printed)
        return Ran(0, json.dumps(printed), "")

    async def logs(self, pod: str, *, container: str = "") -> str:
        return self.log.get(pod, "")

    def note(self, what: str, **detail: Any) -> None:
        pass

    def control(self, what: str, **detail: Any) -> None:
        self.controls[what] = detail
