"""A workload of one pod behind a Service, what becomes of it when its pod has to be replaced, and how long each step takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from seatrial.catalog.checks.service import PORT
from seatrial.catalog.checks.traffic import SLICES, service
from seatrial.catalog.measures.moments import STAGES, Stopwatch, Time, parts, until_ready
from seatrial.catalog.systems.kubernetes.core import HOST, WORK, container
from seatrial.kit.clock import Clock
from seatrial.kit.together import together
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import Obj
from seatrial.model.workbench import Workbench

_GONE, _SERVES = "noticed", "serves"
_ALL = (
    (_GONE, "the old pod is marked as ended, or gone"),
    *STAGES,
    (_SERVES, "it is among the addresses of the Service"),
)
LOST = "seatrial.dev/lost"
_CLAIM, _TEMPLATE = "device", "one-device"
_UNHEALTHY = "seatrial.dev/unhealthy"


class Replaced:
    def __init__(
        self,
        bench: Workbench,
        clock: Clock,
        name: str,
        *,
        devices: Mapping[str, str],
        selector: Mapping[str, str] | None = None,
        claims: bool = False,
    ) -> None:
        self.bench, self.clock, self.name = bench, clock, name
        self.devices, self.selector, self.claims = devices, selector or {}, claims

    async def start(self) -> None:
        await self.bench.create(service(self.bench, self.name, {"app": self.name}))
        await self.bench.create(self._deployment())
        seen = await self.bench.until(
            SLICES, _has_address, within=self._long, what=f"{self.name} serves", selector=self._of_service
        )
        if not seen.met:
            raise CannotJudge(f"a Deployment of one pod does not serve within {self._long:g} s, so nothing can be lost")

    async def loses(self, lose: Callable[[], Awaitable[Any]]) -> Time:
        """Do what ends its pod; how long it took from then until another one serves."""
        old = await self._pod()
        watch, uid = Stopwatch(self.clock), old["metadata"]["uid"]
        begun = self.clock.monotonic()
        await lose()
        took = self.clock.monotonic() - begun
        await together(self._noticed(watch, uid), self._ready(watch, uid), self._serves(watch, old["metadata"]["name"]))
        found = parts(begun, _ALL, watch.seen, {_GONE: took + 0.1})
        self.bench.control(f"{self.name}: its pod was lost", **{one.name: one.seconds for one in found})
        return Time(found, took)

    async def kill(self) -> None:
        await self.bench.remove("pods", (await self._pod())["metadata"]["name"])

    async def lose_node(self) -> None:
        await self.bench.remove("nodes", (await self._pod())["spec"]["nodeName"])

    async def device(self) -> Obj:
        """The device that its pod holds, as its claim says."""
        pod = await self._pod()
        names = {one["resourceClaimName"] for one in pod["status"].get("resourceClaimStatuses") or ()}
        for claim in await self.bench.list("resource.k8s.io/resourceclaims"):
            found = claim.get("status", {}).get("allocation", {}).get("devices", {}).get("results") or ()
            if claim["metadata"]["name"] in names and found:
                return {key: found[0][key] for key in ("driver", "pool", "device")}
        raise CannotJudge("the claim of the pod names no device")

    async def _noticed(self, watch: Stopwatch, uid: str) -> None:
        def is_over(pods: Sequence[Obj]) -> bool:
            left = [
                one for one in pods if one["metadata"]["uid"] == uid and not one["metadata"].get("deletionTimestamp")
            ]
            if not left:
                watch.stamp(_GONE)
            return not left

        await self.bench.until(
            "pods", is_over, within=self._long, what="the old pod is ended", selector=f"app={self.name}"
        )

    async def _ready(self, watch: Stopwatch, uid: str) -> None:
        if not await until_ready(self.bench, watch, (uid,), selector=f"app={self.name}", within=self._long):
            done = ", ".join(watch.seen) or "nothing"
            raise CannotJudge(f"no other pod was ready within {self._long:g} s; seen were: {done}")

    async def _serves(self, watch: Stopwatch, old: str) -> None:
        def is_listed(slices: Sequence[Obj]) -> bool:
            listed = _has_address(slices, besides=old)
            if listed:
                watch.stamp(_SERVES)
            return listed

        seen = await self.bench.until(
            SLICES, is_listed, within=self._long, what=f"{self.name} serves again", selector=self._of_service
        )
        if not seen.met:
            raise CannotJudge(f"no other pod was among the Service's addresses within {self._long:g} s")

    async def _pod(self) -> Obj:
        pods = await self.bench.list("pods", selector=f"app={self.name}")
        (one,) = (pod for pod in pods if not pod["metadata"].get("deletionTimestamp"))
        return one

    @property
    def _of_service(self) -> str:
        return f"kubernetes.io/service-name={self.name}"

    @property
    def _long(self) -> float:
        return 5 * self.bench.patience

    def _deployment(self) -> Obj:
        labels = {"app": self.name}
        work = container(WORK, self.bench.image, ("metered", "--port", str(PORT)), dict(self.devices))
        spec: Obj = {
            "terminationGracePeriodSeconds": 1,
            "nodeSelector": dict(self.selector),
            "tolerations": [{"key": LOST, "operator": "Exists"}],
            "containers": [work],
        }
        if self.claims:
            spec["resourceClaims"] = [{"name": _CLAIM, "resourceClaimTemplateName": _TEMPLATE}]
            work["resources"]["claims"] = [{"name": _CLAIM}]
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": self.name, "namespace": self.bench.namespace},
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": spec},
            },
        }


def _has_address(slices: Sequence[Obj], besides: str = "") -> bool:
    return any(
        one.get("conditions", {}).get("ready") and one.get("targetRef", {}).get("name") != besides
        for part in slices
        for one in part.get("endpoints") or ()
    )


def played_node(name: str, group: str) -> Obj:
    """A node that KWOK plays, for the pods of one measure alone."""
    amounts = {"cpu": "8", "memory": "8Gi", "pods": "10"}
    labels = {HOST: name, "type": "kwok", "seatrial.dev/simulated": "true", LOST: group}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}},
        "spec": {"taints": [{"key": LOST, "value": group, "effect": "NoSchedule"}]},
        "status": {"capacity": amounts, "allocatable": amounts},
    }


def template_of_claims(namespace: str, device_class: str) -> Obj:
    wanted = {"name": _CLAIM, "exactly": {"deviceClassName": device_class, "count": 1}}
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaimTemplate",
        "metadata": {"name": _TEMPLATE, "namespace": namespace},
        "spec": {"spec": {"devices": {"requests": [wanted]}}},
    }


def taint_of_device(name: str, device: Obj, version: str) -> Obj:
    return {
        "apiVersion": f"resource.k8s.io/{version}",
        "kind": "DeviceTaintRule",
        "metadata": {"name": name},
        "spec": {"deviceSelector": device, "taint": {"key": _UNHEALTHY, "value": "true", "effect": "NoExecute"}},
    }
