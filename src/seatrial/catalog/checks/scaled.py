"""A service whose replicas follow its own queue, which a proof sets: the same for whoever asks whether they follow, and how fast."""

from __future__ import annotations

from collections import Counter

import msgspec

from seatrial.catalog.checks.service import PORT, QUEUE, expose, exposed, served
from seatrial.catalog.checks.stage import free_accelerators
from seatrial.catalog.roles import Exposure, PodAutoscaler, Scaled
from seatrial.catalog.systems.kubernetes.core import Node, runs_containers
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import All, Obj
from seatrial.model.workbench import Workbench

DEPLOYMENTS, HPAS = "apps/deployments", "autoscaling/horizontalpodautoscalers"


def most_free(nodes: All[Node], pods: All[Pod]) -> tuple[str, int]:
    """The kind of accelerator of which most are free where containers really run."""
    hosts = {one.host for one in nodes if runs_containers(one)}
    free: Counter[str] = Counter()
    for (host, resource), count in free_accelerators(nodes, pods).items():
        free[resource] += count if host in hosts else 0
    return max(free.items(), key=lambda one: one[1], default=("", 0))


class ScaledService:
    """Deployments whose pods hold one accelerator each, and what scales them by so long a queue for each replica."""

    def __init__(self, autoscaler: PodAutoscaler, bench: Workbench, resource: str, most: int, target: int) -> None:
        self.autoscaler, self.bench, self.resource = autoscaler, bench, resource
        self.most, self.target = most, target
        self._promql = ""  # where an autoscaler that asks is sent

    async def start(self, name: str) -> None:
        if self.autoscaler.asks and not self._promql:
            self._promql = await self._where_promql_is_answered()
        for obj in (await self._deployment(name), *self._hpa(name)):
            await self.bench.create(obj)

    def run(self, name: str) -> str:
        """By which the series of its pods are told from others."""
        return f"{self.bench.namespace}-{name}"

    async def _deployment(self, name: str) -> Obj:
        plain = exposed(self.bench, name)
        together = Exposure()
        for one in self.autoscaler.fed_by:
            if all(self.bench.apis.versions(resource) for resource in one.creates):
                more = await expose(one, self.bench, plain)
                together = msgspec.structs.replace(together, annotations={**together.annotations, **more.annotations})
        template = served(self.bench, plain, together, self.run(name), {self.resource: "1"})
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": self.bench.namespace},
            "spec": {"replicas": 1, "selector": {"matchLabels": plain.labels}, "template": template},
        }

    def _hpa(self, name: str) -> tuple[Obj, ...]:
        scaled = Scaled(name, self.bench.namespace, QUEUE, self.target, self.most, self._promql)
        return self.autoscaler.objects(scaled, self.bench.apis)

    async def _where_promql_is_answered(self) -> str:
        """By its address, since not every cluster has names for it; one without an address of its own by its name."""
        for service in await self.bench.list("services", everywhere=True):
            metadata, address = service["metadata"], service["spec"].get("clusterIP", "None")
            host = f"{metadata['name']}.{metadata['namespace']}.svc" if address == "None" else address
            if port := next(filter(None, (one.answers(service) for one in self.autoscaler.fed_by)), 0):
                return f"http://{f'[{host}]' if ':' in host else host}:{port}"
        raise CannotJudge(f"no Service answers PromQL, which {self.autoscaler.player} would ask")

    async def queue(self, pod: str, depth: int) -> None:
        ran = await self.bench.run(pod, ["/workload", "get", f"http://127.0.0.1:{PORT}/queue?depth={depth}"])
        if ran.code:
            raise CannotJudge(f"the queue of pod {pod} could not be set: {ran.stdout[:200]}")

    async def pods(self, name: str) -> tuple[Obj, ...]:
        found = await self.bench.list("pods", selector=f"app={name}")
        return tuple(one for one in found if not one["metadata"].get("deletionTimestamp"))
