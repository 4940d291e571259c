"""The verdicts on exporters and on monitoring, by how they behave."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, cast

import msgspec
import pytest

from seatrial.catalog.checks.telemetry import (
    every_accelerator_reports_utilisation_and_memory,
    workload_metrics_are_collected,
)
from seatrial.catalog.roles import AcceleratorMetrics
from seatrial.catalog.systems.exporters import UNMETERED
from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.systems.prometheus import ANNOTATED
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import All, Apis, Obj
from seatrial.model.verdict import Outcome, Verdict
from seatrial.model.workbench import Condition, Door, Heard, Observation, Ran, Workbench
from tests.unit.catalog.checks.test_gauges import LAB, NVIDIA, node

NODES = All([node("n", labels={"kubernetes.io/hostname": "n"}, seatrial_dev__accelerator="2", nvidia_com__gpu="2")])
NO_PODS: All[Pod] = All()


class Place(msgspec.Struct, kw_only=True):
    """How accelerators, their exporter and their users behave; by default as they should."""

    devices: int = 2
    loaded: tuple[int, ...] = (0,)  # those that move when a pod loads one
    falls: bool = True
    says_who: bool = True
    others: tuple[int, ...] = ()  # those that somebody else holds
    exporters: int = 1
    runs: bool = True


class Bench:
    namespace, image, window, patience = "bench", "workload:1", 1.0, 1.0
    apis: ClassVar[Apis] = Apis({})

    def __init__(self, place: Place) -> None:
        self.place = place
        self.pods: dict[str, Obj] = {}
        self.controls: dict[str, Any] = {}
        self.touched = False

    async def create(self, obj: Obj) -> Obj:
        self.pods[obj["metadata"]["name"]] = obj
        self.touched = True
        return obj

    async def remove(self, resource: str, name: str) -> None:
        del self.pods[name]

    async def read(self, resource: str, name: str) -> Obj:
        amounts = {"seatrial.dev/accelerator": "2", "nvidia.com/gpu": "2"}
        return {"metadata": {"labels": {"kubernetes.io/hostname": name}}, "status": {"allocatable": amounts}}

    async def list(self, resource: str, *, everywhere: bool = False) -> tuple[Obj, ...]:
        labels = {"app": "dcgm-exporter", "app.kubernetes.io/name": "seatrial-accelerator-exporter"}
        metadata = {"name": "exporter", "namespace": "telemetry", "labels": labels}
        ports = [{"name": "metrics", "containerPort": 9999}]
        one = {"metadata": metadata, "spec": {"nodeName": "n", "containers": [{"ports": ports}]}}
        return ({**one, "status": {"phase": "Running"}},) * self.place.exporters

    async def until(self, resource: str, condition: Condition, **_: Any) -> Observation:
        statuses = [{"state": {"running": {}}}] if self.place.runs else []
        found = tuple({**one, "status": {"containerStatuses": statuses}} for one in self.pods.values())
        return Observation(bool(condition(found)), found, 0.1)

    async def ask(self, door: Door, path: str, *, until: Callable[[str], bool] | None = None, **_: Any) -> Heard:
        assert (door.name, door.port, path) == ("exporter", 9999, "/metrics")
        text = "".join(self._device(number) for number in range(self.place.devices))
        return Heard(until is None or until(text), text, 0.1)

    def _device(self, number: int) -> str:
        moves = bool(self.pods) if self.place.falls else self.touched
        value = 90 if moves and number in self.place.loaded else 0
        holders = f',namespace="team",pod="p{number}"' if number in self.place.others else ""
        holders = ',namespace="bench",pod="loads-one"' if self.pods and number == 0 and self.place.says_who else holders
        names = f'UUID="{number}",uuid="{number}",Hostname="n",node="n"{holders}'
        values = {
            "seatrial_accelerator_utilization_percent": value,
            "DCGM_FI_DEV_GPU_UTIL": value,
            "seatrial_accelerator_memory_used_bytes": 1,
            "seatrial_accelerator_memory_total_bytes": 2,
            "DCGM_FI_DEV_FB_USED": 1,
            "DCGM_FI_DEV_FB_FREE": 1,
        }
        return "".join(f"{name}{{{names}}} {one}\n" for name, one in values.items())

    def note(self, what: str, **detail: Any) -> None: ...

    def control(self, what: str, **detail: Any) -> None:
        self.controls[what] = detail


async def judged(place: Place, metrics: AcceleratorMetrics = LAB, nodes: All[Node] = NODES) -> Verdict:
    bench = cast(Workbench, Bench(place))
    judge = every_accelerator_reports_utilisation_and_memory.judge
    return await cast(Any, judge)(metrics=metrics, nodes=nodes, pods=NO_PODS, bench=bench)


async def test_all_have_series_and_the_one_that_is_loaded_moves() -> None:
    verdict = await judged(Place())
    assert verdict.outcome is Outcome.PASS
    assert "from 0% to 90% and fell again, while 1 others stayed" in verdict.because


@pytest.mark.parametrize(
    ("place", "metrics", "outcome", "says"),
    [
        (Place(devices=1), LAB, Outcome.FAIL, "of the 2 accelerators of node n 1 show their utilisation"),
        (Place(exporters=0), LAB, Outcome.FAIL, "0 show their utilisation and 0 show their memory"),
        (Place(loaded=()), LAB, Outcome.FAIL, "no utilisation there rises by 20%"),
        (Place(loaded=(1,)), LAB, Outcome.FAIL, "no utilisation there rises by 20%"),
        (Place(loaded=(0, 1)), LAB, Outcome.FAIL, "1 devices of node n that nobody holds moved"),
        (Place(falls=False), LAB, Outcome.FAIL, "still shows 90%"),
        (Place(loaded=(0, 1), says_who=False), LAB, Outcome.UNKNOWN, "no series says who holds them"),
        (Place(loaded=(0, 1), others=(1,)), LAB, Outcome.UNKNOWN, "none to compare with"),
        (Place(says_who=False), LAB, Outcome.PASS, "fell again"),
        (Place(loaded=()), NVIDIA, Outcome.UNKNOWN, "load one, and try again"),
        (Place(loaded=(1,), others=(1,)), NVIDIA, Outcome.PASS, "1 that others use went up"),
        (Place(), NVIDIA, Outcome.PASS, "fell again"),
    ],
)
async def test_what_exporters_can_have_wrong(
    place: Place, metrics: AcceleratorMetrics, outcome: Outcome, says: str
) -> None:
    verdict = await judged(place, metrics)
    assert (verdict.outcome, says in verdict.because) == (outcome, True), verdict.because


async def test_without_a_device_of_that_kind_it_does_not_apply_and_without_a_known_exporter_it_is_unknown() -> None:
    assert (await judged(Place(), nodes=All([node("n")]))).outcome is Outcome.NOT_APPLICABLE
    (stand_in,) = UNMETERED.roles
    assert isinstance(stand_in, AcceleratorMetrics)
    assert (await judged(Place(), stand_in)).outcome is Outcome.UNKNOWN


async def test_a_pod_that_never_runs_proves_nothing() -> None:
    with pytest.raises(CannotJudge, match="none could be loaded"):
        await judged(Place(runs=False))


class Monitored(Bench):
    """A Prometheus that collects so much of what a service says."""

    def __init__(self, *, found: bool = True, factor: float = 1.0, drops: str = "", everybodys: bool = False) -> None:
        super().__init__(Place())
        self.found, self.factor, self.drops, self.everybodys = found, factor, drops, everybodys
        self.sent = 0

    async def list(self, resource: str, *, everywhere: bool = False) -> tuple[Obj, ...]:
        metadata = {"name": "prometheus-server", "namespace": "monitoring"}
        return ({"metadata": metadata, "spec": {"ports": [{"name": "http", "port": 80}]}},)

    async def until(self, resource: str, condition: Condition, **_: Any) -> Observation:
        status = {"containerStatuses": [{"state": {"running": {}}}], "podIP": "10.0.0.9"}
        found = tuple({**one, "status": status} for one in self.pods.values())
        return Observation(bool(condition(found)), found, 0.1)

    async def run(self, pod: str, argv: list[str], **_: Any) -> Ran:
        assert (pod, argv[-1]) == ("client", "http://10.0.0.9:8080/infer")
        self.sent += int(argv[argv.index("--count") + 1])
        return Ran(0, json.dumps({"sent": self.sent, "status": {"200": self.sent}}), "")

    async def ask(
        self,
        door: Door,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        until: Callable[[str], bool] | None = None,
        **_: Any,
    ) -> Heard:
        assert (door.resource, door.port, path) == ("services", 80, "/api/v1/query")
        asked = (query or {})["query"]
        here = 'run="bench"' in asked or self.everybodys
        dropped = bool(self.drops) and self.drops in asked
        value = 0.0 if "queue" in asked else self.sent * self.factor
        result = [{"metric": {}, "value": [1.0, str(value)]}] if self.found and here and not dropped else []
        text = json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}})
        return Heard(until is None or until(text), text, 0.1)


async def collected(bench: Monitored) -> Verdict:
    judge = workload_metrics_are_collected.judge
    return await cast(Any, judge)(monitoring=ANNOTATED, bench=cast(Workbench, bench))


async def test_exactly_what_was_sent_is_collected() -> None:
    bench = Monitored()
    assert (await collected(bench)).outcome is Outcome.PASS
    assert bench.controls["a run that nobody made"] == {"collected": None}
    annotations = bench.pods["counted"]["metadata"]["annotations"]
    assert annotations == {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": "8080",
        "prometheus.io/path": "/metrics",
    }


@pytest.mark.parametrize(
    ("bench", "says"),
    [
        (Monitored(found=False), "was not found"),
        (Monitored(factor=2.0), "seatrial_requests_total is 34"),
        (Monitored(factor=0.5), "seatrial_requests_total is 8.5"),
        (Monitored(drops="duration"), "seatrial_request_duration_seconds_count is None"),
        (Monitored(drops="queue"), "seatrial_queue_depth is missing"),
        (Monitored(everybodys=True), "a run that nobody made has requests"),
    ],
)
async def test_what_monitoring_can_have_wrong(bench: Monitored, says: str) -> None:
    verdict = await collected(bench)
    assert (verdict.outcome, says in verdict.because) == (Outcome.FAIL, True), verdict.because


async def test_requests_that_were_lost_on_the_way_are_no_number_to_expect() -> None:
    class Lossy(Monitored):
        async def run(self, pod: str, argv: list[str], **_: Any) -> Ran:
            return Ran(0, json.dumps({"sent": 17, "status": {"200": 16}, "errors": {"timeout": 1}}), "")

    with pytest.raises(CannotJudge, match="only 16"):
        await collected(Lossy())
