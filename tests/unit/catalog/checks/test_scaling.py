"""The verdict on pod autoscaling, by how a cluster follows a queue."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, ClassVar, cast

import msgspec
import pytest

from seatrial.catalog.checks.scaling import DEPLOYMENTS, HPAS, replicas_follow_a_metric_of_the_workload
from seatrial.catalog.roles import PodAutoscaler
from seatrial.catalog.systems.keda import KEDA
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.systems.prometheus_adapter import CUSTOM_METRICS
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import All, Apis, Obj
from seatrial.model.verdict import Outcome, Verdict
from seatrial.model.workbench import Condition, Observation, Ran, Workbench
from tests.unit.catalog.checks.test_gauges import node

(AUTOSCALER,) = CUSTOM_METRICS.roles


class Cluster(msgspec.Struct, kw_only=True):
    """How autoscaling behaves; by default as it should."""

    runs: bool = True
    sees: bool = True
    grows: bool = True
    shrinks: bool = True
    infects: bool = False  # the other deployment grows too
    refuses: int = 0


class Bench:
    namespace, image, window, patience = "bench", "workload:1", 1.0, 1.0
    apis: ClassVar[Apis] = Apis({})

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.made: dict[tuple[str, str], Obj] = {}
        self.peak = 1
        self.depth = 0
        self.controls: dict[str, Any] = {}

    async def create(self, obj: Obj) -> Obj:
        self.made[obj["kind"], obj["metadata"]["name"]] = obj
        return obj

    async def remove(self, resource: str, name: str) -> None:
        del self.made["Deployment", name]

    async def run(self, pod: str, argv: Sequence[str], **_: Any) -> Ran:
        assert pod == "busy-0"
        self.depth = int(argv[-1].partition("depth=")[2])
        if self.cluster.grows and self.depth:
            most = self.made["HorizontalPodAutoscaler", "busy"]["spec"]["maxReplicas"]
            self.peak = min(most, -(-self.depth // 4))
        elif self.cluster.shrinks:
            self.peak = 1
        return Ran(self.cluster.refuses, "", "")

    def _replicas(self, name: str) -> int:
        return self.peak if name == "busy" or self.cluster.infects else 1

    def _objects(self, resource: str, name: str = "") -> list[Obj]:
        made = [one for (kind, _), one in self.made.items() if kind == "Deployment"]
        if resource == DEPLOYMENTS:
            return [self._deployment(one) for one in made]
        if resource == "pods":
            return [
                {"metadata": {"name": f"{one['metadata']['name']}-{number}"}, "spec": {"nodeName": "n"}}
                for one in made
                for number in range(self._replicas(one["metadata"]["name"]))
                if name in ("", one["metadata"]["name"])
            ]
        metrics = [{"type": "Pods", "pods": {"current": {"averageValue": "0"}}}] if self.cluster.sees else None
        conditions = [{"type": "ScalingActive", "status": "False", "reason": "FailedGetPodsMetric", "message": "none"}]
        hpas = [one for (kind, _), one in self.made.items() if kind == "HorizontalPodAutoscaler"]
        return [{**one, "status": {"currentMetrics": metrics, "conditions": conditions}} for one in hpas]

    def _deployment(self, obj: Obj) -> Obj:
        count = self._replicas(obj["metadata"]["name"]) if self.cluster.runs else 0
        return {**obj, "spec": {"replicas": count or 1}, "status": {"replicas": count or 1, "readyReplicas": count}}

    async def list(self, resource: str, *, selector: str = "", everywhere: bool = False) -> tuple[Obj, ...]:
        assert resource in (DEPLOYMENTS, HPAS, "pods")
        return tuple(self._objects(resource, selector.partition("app=")[2]))

    async def until(self, resource: str, condition: Condition, **_: Any) -> Observation:
        found = self._objects(resource)
        return Observation(bool(condition(found)), tuple(found), 0.1)

    def control(self, what: str, **detail: Any) -> None:
        self.controls[what] = detail


class Alone:
    async def take(self, *choices: Collection[str]) -> int:
        assert choices == (("accelerators/seatrial.dev/accelerator",),)
        return 0


async def judged(cluster: Cluster, free: str = "4", kind: str = "") -> Verdict:
    assert isinstance(AUTOSCALER, PodAutoscaler)
    labels = {"kubernetes.io/hostname": "n"} | ({"type": kind} if kind else {})
    nodes = All([node("n", labels=labels, seatrial_dev__accelerator=free)])
    judge = replicas_follow_a_metric_of_the_workload.judge
    no_pods: All[Pod] = All()
    bench = cast(Workbench, Bench(cluster))
    return await cast(Any, judge)(autoscaler=AUTOSCALER, nodes=nodes, pods=no_pods, bench=bench, room=Alone())


async def test_replicas_come_and_go_with_the_queue() -> None:
    verdict = await judged(Cluster())
    assert verdict.outcome is Outcome.PASS
    assert "from 1 to 3 replicas, each with one seatrial.dev/accelerator, and back to 1" in verdict.because


async def test_with_three_accelerators_there_is_room_for_two_replicas_and_the_control() -> None:
    assert "from 1 to 2 replicas" in (await judged(Cluster(), free="3")).because


@pytest.mark.parametrize(("free", "kind"), [("2", ""), ("8", "kwok")])
async def test_without_room_where_containers_run_nothing_can_be_shown(free: str, kind: str) -> None:
    assert (await judged(Cluster(), free, kind)).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("cluster", "says"),
    [
        (Cluster(sees=False), "does not see seatrial_queue_depth: FailedGetPodsMetric"),
        (Cluster(grows=False), "should bring 3 replicas, and there are 1"),
        (Cluster(shrinks=False), "the queue is empty again, and 3 replicas still run"),
        (Cluster(infects=True), "whose queue is empty has 3 replicas"),
    ],
)
async def test_what_autoscaling_can_have_wrong(cluster: Cluster, says: str) -> None:
    verdict = await judged(cluster)
    assert (verdict.outcome, says in verdict.because) == (Outcome.FAIL, True), verdict.because


@pytest.mark.parametrize("cluster", [Cluster(runs=False), Cluster(refuses=1)])
async def test_what_never_began_proves_nothing(cluster: Cluster) -> None:
    with pytest.raises(CannotJudge):
        await judged(cluster)


class Asking(Bench):
    """With KEDA: it makes the autoscaler of each ScaledObject, under a name of its own."""

    apis: ClassVar[Apis] = Apis({"keda.sh/scaledobjects": ("v1alpha1",)})
    services: tuple[Obj, ...] = ({"metadata": {"name": "api", "namespace": "a"}, "spec": {"clusterIP": "192.0.2.7"}},)

    def __init__(self, *services: Obj, works: bool = True) -> None:
        super().__init__(Cluster())
        self.found, self.works = services, works

    async def create(self, obj: Obj) -> Obj:
        if obj["kind"] == "ScaledObject" and self.works:
            spec = obj["spec"]
            made = {"scaleTargetRef": spec["scaleTargetRef"], "maxReplicas": spec["maxReplicaCount"]}
            name = obj["metadata"]["name"]
            self.made["HorizontalPodAutoscaler", name] = {"metadata": {"name": f"keda-hpa-{name}"}, "spec": made}
        return await super().create(obj)

    async def list(self, resource: str, *, selector: str = "", everywhere: bool = False) -> tuple[Obj, ...]:
        if resource == "services":
            assert everywhere
            return (*self.services, *self.found)
        return await super().list(resource, selector=selector)


def prometheus(address: str, **spec: Any) -> Obj:
    metadata = {"name": "prometheus", "namespace": "monitoring", "labels": {"app.kubernetes.io/name": "prometheus"}}
    return {"metadata": metadata, "spec": {"clusterIP": address, "ports": [{"name": "web", "port": 9090}], **spec}}


async def asked(bench: Asking) -> Verdict:
    (role,) = KEDA.roles
    nodes = All([node("n", labels={"kubernetes.io/hostname": "n"}, seatrial_dev__accelerator="4")])
    judge = cast(Any, replicas_follow_a_metric_of_the_workload.judge)
    return cast(Verdict, await judge(autoscaler=role, nodes=nodes, pods=All(), bench=bench, room=Alone()))


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("192.0.2.9", "http://192.0.2.9:9090"),
        ("2001:db8::9", "http://[2001:db8::9]:9090"),
        ("None", "http://prometheus.monitoring.svc:9090"),
    ],
)
async def test_an_autoscaler_that_asks_is_told_where(address: str, url: str) -> None:
    bench = Asking(prometheus(address))
    verdict = await asked(bench)
    assert (verdict.outcome, verdict.because[:20]) == (Outcome.PASS, "seatrial_queue_depth")
    (trigger,) = bench.made["ScaledObject", "busy"]["spec"]["triggers"]
    assert trigger["metadata"]["serverAddress"] == url
    assert 'pod=~"busy-.+"' in trigger["metadata"]["query"]


async def test_an_operator_that_makes_no_autoscaler_has_failed() -> None:
    verdict = await asked(Asking(prometheus("192.0.2.9"), works=False))
    assert (verdict.outcome, "there are 0 HorizontalPodAutoscalers" in verdict.because) == (Outcome.FAIL, True)


async def test_an_autoscaler_that_has_nobody_to_ask_shows_nothing() -> None:
    with pytest.raises(CannotJudge, match="no Service answers PromQL"):
        await asked(Asking())
