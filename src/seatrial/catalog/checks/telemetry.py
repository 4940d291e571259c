"""Telemetry: what accelerators do can be seen, and so can what workloads say of themselves."""

from __future__ import annotations

import msgspec

from seatrial.catalog.checks.gauges import NOBODY, Gauge, owed, read, shortcomings
from seatrial.catalog.checks.probe import MAIN, pod, runs
from seatrial.catalog.checks.service import (
    LATENCY,
    QUEUE,
    REQUESTS,
    as_pod,
    expose,
    exposed,
    query_door,
    send,
    served,
    total,
    value,
)
from seatrial.catalog.checks.stage import free_accelerators
from seatrial.catalog.roles import AcceleratorMetrics, Monitoring
from seatrial.catalog.systems.kubernetes.core import ON_REAL_NODES, Node, container, host_of
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.kit.quantity import whole
from seatrial.model.check import check
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import All, Obj
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown
from seatrial.model.workbench import Door, Workbench

SLICES = "resource.k8s.io/resourceslices"
_RISE = 0.2  # of what a device can give: noise moves less
_LOADER = "loads-one"
_REQUESTS = 17


@check(
    "telemetry.every-accelerator-reports-utilisation-and-memory",
    severity=Severity.HIGH,
    creates=("pods",),
    exclusive=("accelerators",),
    uses=("ask-pods",),
)
async def every_accelerator_reports_utilisation_and_memory(
    metrics: AcceleratorMetrics, nodes: All[Node], pods: All[Pod], bench: Workbench
) -> Verdict:
    """Each accelerator has a series of its utilisation and of its memory, and the utilisation follows what is done on it.

    Why: an accelerator that nobody sees idles or fails unnoticed, and an exporter that is stuck looks like a calm cluster.
    Fix: run the vendor's exporter on every node with accelerators, with utilisation and memory among its metrics.
    """
    if not metrics.utilisation:
        return unknown("there are accelerators here, and no exporter that is recognised tells of them")
    slices = await bench.list(SLICES) if bench.apis.versions(SLICES) else ()
    expected = owed(metrics, nodes, slices)
    if not expected:
        return not_applicable(f"no node has {' or '.join((*metrics.resources, *metrics.drivers))}")
    trial = _Trial(metrics, bench, await _doors(metrics, bench))
    gauges = await trial.look()
    bench.note(
        "what should be seen, and what is",
        owed={node: one.count for node, one in expected.items()},
        seen={node: sum(1 for gauge in gauges if gauge.node == node and gauge.whole) for node in expected},
    )
    problems = shortcomings(metrics, expected, gauges)
    if problems:
        return failed("; ".join(problems[:5]) + (f"; and {len(problems) - 5} more" if len(problems) > 5 else ""))
    node = _with_room(metrics, nodes, pods, set(expected))
    if not node:
        return unknown(
            "every accelerator has its series; none is free on a node that takes pods, so none could be loaded"
        )
    verdict = await trial.load(node)
    seen = f"{sum(one.count for one in expected.values())} accelerators on {len(expected)} nodes have both series"
    return msgspec.structs.replace(verdict, because=f"{seen}; {verdict.because}")


async def _doors(metrics: AcceleratorMetrics, bench: Workbench) -> dict[Door, str]:
    """Each exporter, with the node that it runs on."""
    there = [one for one in await bench.list("pods", everywhere=True) if metrics.exporters(one)]
    running = [one for one in there if one.get("status", {}).get("phase") == "Running"]
    return {
        Door("pods", one["metadata"]["namespace"], one["metadata"]["name"], _port(metrics, one)): one["spec"][
            "nodeName"
        ]
        for one in running
    }


def _port(metrics: AcceleratorMetrics, exporter: Obj) -> int:
    ports = [port for one in exporter["spec"]["containers"] for port in one.get("ports") or ()]
    named = (int(port["containerPort"]) for port in ports if port.get("name") == "metrics")
    return next(named, metrics.port)


def _with_room(metrics: AcceleratorMetrics, nodes: All[Node], pods: All[Pod], among: set[str]) -> str:
    """The node with the most free accelerators that a pod can ask for by the name of a resource."""
    hosts = {node.host: node.name for node in nodes}
    free = free_accelerators(nodes, pods)
    found = [
        (count, hosts[host]) for (host, resource), count in free.items() if resource in metrics.resources and count > 0
    ]
    return max((one for one in found if one[1] in among), default=(0, ""))[1]


class _Split:
    """The devices of one node by what became of them since ``before``."""

    def __init__(self, gauges: list[Gauge], before: dict[str, float], ours: tuple[str, str]) -> None:
        self.busy = {one.device: round(one.busy or 0.0, 3) for one in gauges}
        self.risen = {device for device, busy in self.busy.items() if busy - before.get(device, 0.0) >= _RISE}
        self.still = self.busy.keys() - self.risen
        mine = {one.device for one in gauges if one.holder == ours}
        nobodys = {one.device for one in gauges if one.holder == NOBODY}
        self.loaded = self.risen & mine if mine else self.risen
        self.strays = self.risen & nobodys if mine else set()
        self.others = self.risen - mine - nobodys  # held by somebody else, who works


class _Trial:
    """One device is given to a pod that loads it, beside others that nobody loads."""

    def __init__(self, metrics: AcceleratorMetrics, bench: Workbench, doors: dict[Door, str]) -> None:
        self.metrics, self.bench, self.doors = metrics, bench, doors

    async def look(self) -> list[Gauge]:
        found: list[Gauge] = []
        for door, node in self.doors.items():
            heard = await self.bench.ask(door, "/metrics", what=f"metrics of {door}")
            found += read(self.metrics, node, heard.text)
        return found

    async def load(self, node: str) -> Verdict:
        door = await self._door_of(node)
        before = {one.device: one.busy or 0.0 for one in await self._of(door, node)}
        if await runs(self.bench, await self._loader(node)) is None:
            raise CannotJudge("a pod that asks for one accelerator does not run, so none could be loaded")
        heard = await self.bench.ask(
            door,
            "/metrics",
            until=lambda text: bool(self._split(node, door, text, before).loaded),
            within=self.bench.patience,
            what="the utilisation of the device that a pod loads rises",
        )
        seen = self._split(node, door, heard.text, before)
        self.bench.control("the device that a pod loads", before=before, after=seen.busy, risen=sorted(seen.risen))
        self.bench.control(
            "the devices of the node that nobody loads", unmoved=len(seen.still), moved=sorted(seen.strays)
        )
        return self._why_not(node, seen) or await self._falls(door, node, seen, before)

    def _split(self, node: str, door: Door, text: str, before: dict[str, float]) -> _Split:
        gauges = [one for one in read(self.metrics, self.doors[door], text) if one.node == node]
        return _Split(gauges, before, (self.bench.namespace, _LOADER))

    def _why_not(self, node: str, seen: _Split) -> Verdict | None:
        """Anything but a pass, where what was seen is none."""
        if not seen.loaded:
            return self._without_load(node, seen)
        if seen.strays:
            return failed(
                f"{len(seen.strays)} devices of node {node} that nobody holds moved with the one that was loaded"
            )
        if len(seen.loaded) > 1:
            return unknown(f"{len(seen.loaded)} devices moved while one was loaded, and no series says who holds them")
        if not seen.still and len(seen.busy) > 1:
            return unknown(f"all {len(seen.busy)} devices of node {node} moved, so there is none to compare with")
        return None

    def _without_load(self, node: str, seen: _Split) -> Verdict:
        """Our device did not move. Where we cannot load it, those of others still show whether the series live."""
        if self.metrics.load:
            return failed(f"a pod loads a device of node {node}, and no utilisation there rises by {_RISE:.0%}")
        if seen.others and seen.still and not seen.strays:
            return passed(
                f"the image of this proof cannot load such devices, yet on node {node} {len(seen.others)} that others use went up "
                f"by {_RISE:.0%} or more while {len(seen.still)} stayed as they were"
            )
        return unknown("the image of this proof cannot load such devices, and none moved: load one, and try again")

    async def _falls(self, door: Door, node: str, seen: _Split, before: dict[str, float]) -> Verdict:
        """And when nobody loads it any more, it is calm again."""
        await self.bench.remove("pods", _LOADER)
        (device,) = seen.loaded
        peak = seen.busy[device]

        def calm(text: str) -> bool:
            now = {one.device: one.busy or 0.0 for one in read(self.metrics, self.doors[door], text)}
            return device in now and peak - now[device] >= _RISE / 2

        heard = await self.bench.ask(
            door, "/metrics", until=calm, within=self.bench.patience, what="the utilisation of the device falls again"
        )
        if not heard.met:
            return failed(f"a device of node {node} still shows {peak:.0%} after its pod has gone")
        return passed(
            f"on node {node} the one that a pod {'loaded' if self.metrics.load else 'held'} went from {before.get(device, 0.0):.0%} to {peak:.0%} and fell again, "
            f"while {len(seen.still)} others stayed as they were"
        )

    async def _of(self, door: Door, node: str) -> list[Gauge]:
        heard = await self.bench.ask(door, "/metrics", what=f"what {door} tells of node {node}")
        return [one for one in read(self.metrics, self.doors[door], heard.text) if one.node == node]

    async def _door_of(self, node: str) -> Door:
        """The exporter that tells of this node: its own, or one that speaks of many."""
        for door in self.doors:
            if await self._of(door, node):
                return door
        raise CannotJudge(f"no exporter tells of node {node} any more")

    async def _loader(self, node: str) -> Obj:
        obj = await self.bench.read("nodes", node)
        host = host_of(obj, node) if obj else node
        allocatable = (obj or {}).get("status", {}).get("allocatable", {})
        resource = next(name for name in self.metrics.resources if whole(allocatable.get(name, "0")))
        plain = pod(self.bench, _LOADER, node=host)
        plain["spec"]["containers"] = [
            container(MAIN, self.bench.image, self.metrics.load or ("work",), {resource: "1"})
        ]
        return plain


@check(
    "telemetry.workload-metrics-are-collected",
    severity=Severity.HIGH,
    creates=("pods",),
    uses=("exec", "ask-services"),
)
async def workload_metrics_are_collected(monitoring: Monitoring, bench: Workbench) -> Verdict:
    """A workload that exposes metrics is found, and what the monitoring system counts is what the workload did.

    Why: whoever scales, bills or is woken by a model server's metrics trusts that they arrive, and that they are not doubled.
    Fix: let the monitoring system look for the usual annotations, or for monitors in every namespace, and drop no series.
    """
    door, run = await query_door(monitoring, bench), bench.namespace
    plain = exposed(bench, "counted")
    template = served(bench, plain, await expose(monitoring, bench, plain), run)
    server = await runs(bench, as_pod(template, plain.name, bench.namespace))
    client = await runs(bench, pod(bench, "client", affinity=ON_REAL_NODES))
    if server is None or client is None:
        raise CannotJudge("a pod that exposes metrics, or the one that asks it, does not run")

    async def count(metric: str, wanted: float, of: str = run) -> float | None:
        heard = await bench.ask(
            door,
            "/api/v1/query",
            query=total(metric, of),
            until=lambda text: value(text) == wanted,
            within=bench.patience,
            what=f"{metric} of run {of} is {wanted:g}",
        )
        return value(heard.text)

    before = await count(REQUESTS, 0)
    if before is None:
        return failed(
            "a pod that exposes metrics in the usual way was not found: the query for its requests has no answer"
        )
    answered = await send(bench, "client", server["status"]["podIP"], _REQUESTS)
    if answered != _REQUESTS:
        raise CannotJudge(f"of {_REQUESTS} requests only {answered} were answered, so there is no number to expect")
    after = {metric: await count(metric, _REQUESTS) for metric in (REQUESTS, LATENCY)}
    queue = await count(QUEUE, 0)
    nobody = await bench.ask(
        door, "/api/v1/query", query=total(REQUESTS, f"{run}-nobody"), what="a run that nobody made"
    )
    bench.control(f"{_REQUESTS} requests were sent", before=before, collected=after, queue=queue)
    bench.control("a run that nobody made", collected=value(nobody.text))
    wrong = [f"{metric} is {found}" for metric, found in after.items() if found != _REQUESTS]
    wrong += [] if queue is not None else [f"{QUEUE} is missing"]
    wrong += [] if value(nobody.text) is None else ["a run that nobody made has requests"]
    if wrong:
        return failed(f"{_REQUESTS} requests were answered, and of what was collected {'; '.join(wrong)}")
    return passed(
        f"{_REQUESTS} requests were sent and exactly {_REQUESTS} were collected, with their latency and the queue"
    )
