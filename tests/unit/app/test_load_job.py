from __future__ import annotations

import asyncio
from typing import Any, cast

import msgspec
import pytest

from seatrial.app.load_keys import handed
from seatrial.app.load_objects import objects
from seatrial.app.load_service import inside
from seatrial.cluster.client import Client
from seatrial.cluster.discovery import Resource
from seatrial.model.errors import UsageError
from seatrial.model.fact import Obj
from seatrial.model.load import Closed, Plan, Prompts, Shard, Target

PLAN = Plan(target=Target(url="http://10.0.0.1:80"), arrivals=Closed(clients=4, requests=8), shards=3, in_pods=True)


def made(plan: Plan, **more: Any) -> tuple[Obj, ...]:
    return objects(
        "load-1",
        Shard(plan=plan, **more),
        handed(plan.target, {}),
        image="some/image:v1",
        environment={"A": "b"},
    )


def test_the_job_has_a_pod_for_each_shard_and_none_twice() -> None:
    plan, job = made(PLAN, skip_before=2.5, first_index=7)
    shard = msgspec.json.decode(plan["data"]["shard.json"], type=Shard)
    assert shard == Shard(plan=PLAN, skip_before=2.5, first_index=7)
    spec = job["spec"]
    assert (spec["completions"], spec["parallelism"], spec["backoffLimit"]) == (3, 3, 0)
    assert spec["completionMode"] == "Indexed"
    assert spec["template"]["spec"]["restartPolicy"] == "Never"
    (container,) = spec["template"]["spec"]["containers"]
    assert container["env"] == [{"name": "A", "value": "b"}]


def test_a_plan_that_no_configmap_holds_is_refused() -> None:
    with pytest.raises(UsageError, match="bytes"):
        made(msgspec.structs.replace(PLAN, prompts=Prompts(texts=("x" * 1_000_000,))))


class Services:
    """As much of a client as finds one service."""

    def __init__(self, spec: Obj | None) -> None:
        self._spec = spec

    async def resource(self, key: str) -> Resource:
        return Resource(group="", version="v1", plural=key, kind="Service", namespaced=True)

    async def get(self, path: str) -> Obj | None:
        assert path == "/api/v1/namespaces/models/services/llama"
        return None if self._spec is None else {"spec": self._spec}


def address(service: str, spec: Obj | None) -> str:
    return asyncio.run(inside(cast("Client", Services(spec)), service))


PORTS: list[Any] = [{"name": "http", "port": 80}, {"name": "grpc", "port": 9000}]


@pytest.mark.parametrize(
    ("service", "spec", "expected"),
    [
        ("models/llama:http", {"clusterIP": "10.0.0.7", "ports": PORTS}, "http://10.0.0.7:80"),
        ("models/llama:9000", {"clusterIP": "fd00::7", "ports": PORTS}, "http://[fd00::7]:9000"),
        ("models/llama", {"clusterIP": "None", "ports": PORTS[:1]}, "http://llama.models.svc:80"),
    ],
)
def test_the_address_of_a_service_inside(service: str, spec: Obj, expected: str) -> None:
    assert address(service, spec) == expected


@pytest.mark.parametrize(
    ("service", "spec"), [("models/llama", {"ports": PORTS}), ("models/llama:x", {}), ("models/llama", None)]
)
def test_no_address(service: str, spec: Obj | None) -> None:
    with pytest.raises(UsageError, match="models/llama"):
        address(service, spec)
