"""A small inference service that tells of itself, who asks it for something, and what a monitoring system knows of it."""

from __future__ import annotations

import math

import msgspec

from seatrial.catalog.checks.probe import MAIN, reported
from seatrial.catalog.roles import Exposed, Exposure, Monitoring
from seatrial.catalog.systems.kubernetes.core import ON_REAL_NODES, container
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import Obj
from seatrial.model.workbench import Door, Workbench

PORT, PORT_NAME = 8080, "metrics"
REQUESTS, QUEUE = "seatrial_requests_total", "seatrial_queue_depth"
LATENCY = "seatrial_request_duration_seconds_count"
RUN = "run"  # the label by which the series of one proof are told from those of every other


class _Sample(msgspec.Struct, frozen=True):
    value: tuple[float, str]


class _Data(msgspec.Struct, frozen=True, rename="camel"):
    result_type: str
    result: tuple[_Sample, ...] = ()


class _Answer(msgspec.Struct, frozen=True):
    status: str
    data: _Data | None = None
    error: str = ""


class _Tally(msgspec.Struct, frozen=True):
    sent: int
    status: dict[str, int]


def value(text: str) -> float | None:
    """The one number that a PromQL query was answered with; ``None`` where there is none."""
    try:
        answer = msgspec.json.decode(text, type=_Answer)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CannotJudge(f"what should answer PromQL says something else: {text[:200]}") from error
    if answer.status != "success" or answer.data is None:
        raise CannotJudge(f"the PromQL query was refused: {answer.error[:200]}")
    if len(answer.data.result) != 1:
        return None
    found = float(answer.data.result[0].value[1])
    return None if math.isnan(found) else found


def total(metric: str, run: str) -> dict[str, str]:
    """The query for the sum of a metric over all pods of one proof."""
    return {"query": f'sum({metric}{{{RUN}="{run}"}})'}


def exposed(bench: Workbench, name: str) -> Exposed:
    return Exposed(name, bench.namespace, {"app": name}, PORT, PORT_NAME, "/metrics")


def served(
    bench: Workbench, plain: Exposed, exposure: Exposure, run: str, devices: dict[str, str] | None = None
) -> Obj:
    """The template of a pod that plays the service."""
    work = container(MAIN, bench.image, ("metered", "--port", str(PORT), "--run", run), devices or {})
    work["ports"] = [{"name": PORT_NAME, "containerPort": PORT}]
    return {
        "metadata": {"labels": plain.labels, "annotations": exposure.annotations},
        "spec": {"terminationGracePeriodSeconds": 0, "affinity": ON_REAL_NODES, "containers": [work]},
    }


def as_pod(template: Obj, name: str, namespace: str) -> Obj:
    metadata = {**template["metadata"], "name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


async def expose(monitoring: Monitoring, bench: Workbench, plain: Exposed) -> Exposure:
    """Where objects say what is looked for and there are none, nobody looks."""
    servers = await bench.list(monitoring.defined_by, everywhere=True) if monitoring.defined_by else ()
    if monitoring.defined_by and not servers:
        return Exposure()
    exposure = monitoring.expose(plain, servers)
    for obj in exposure.objects:
        await bench.create(obj)
    return exposure


async def query_door(monitoring: Monitoring, bench: Workbench) -> Door:
    for service in await bench.list("services", everywhere=True):
        if port := monitoring.answers(service):
            return Door("services", service["metadata"]["namespace"], service["metadata"]["name"], port)
    raise CannotJudge(f"{monitoring.player} has no Service that answers PromQL at a port that is recognised")


async def send(bench: Workbench, client: str, address: str, count: int) -> int:
    """So many requests, from one pod to another; returns how many were answered well."""
    argv = ["/workload", "burst", "--count", str(count), f"http://{address}:{PORT}/infer"]
    ran = await bench.run(client, argv, within=60)
    tally = reported(ran, _Tally, "the client did not say what became of its requests")
    return tally.status.get("200", 0)
