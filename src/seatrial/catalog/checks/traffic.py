"""Servers that say who they are, a client that counts who answered, and what chance allows of such a count."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import comb

import msgspec

from seatrial.catalog.checks.probe import MAIN, pod, reported, runs
from seatrial.catalog.systems.kubernetes.core import ON_REAL_NODES, container
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import Obj
from seatrial.model.workbench import Workbench

PORT = 8080
SLICES = "discovery.k8s.io/endpointslices"


class Tally(msgspec.Struct, frozen=True):
    """What became of a burst of requests."""

    sent: int
    status: dict[str, int]
    answered_by: dict[str, int]
    errors: dict[str, int]
    settled: bool = True
    waited: float = 0.0

    @property
    def answered(self) -> int:
        return sum(self.answered_by.values())

    def by(self, name: str) -> int:
        return self.answered_by.get(name, 0)

    @property
    def text(self) -> str:
        parts = [f"{count} by {name}" for name, count in sorted(self.answered_by.items())]
        parts += [f"{count} x {status}" for status, count in sorted(self.status.items()) if status != "200"]
        parts += [f"{count} without an answer ({why})" for why, count in sorted(self.errors.items())]
        return f"of {self.sent} requests {', '.join(parts)}"


async def server(bench: Workbench, name: str) -> None:
    """A pod that says its name in every answer, behind a Service of that name."""
    labels = {"seatrial.dev/server": name}
    served = pod(bench, name, affinity=ON_REAL_NODES)
    served["metadata"]["labels"] = labels
    served["spec"]["containers"] = [container(MAIN, bench.image, ("serve", "--name", name, "--port", str(PORT)))]
    await bench.create(service(bench, name, labels))
    if await runs(bench, served) is None:
        raise CannotJudge(f"the server {name} does not run, so nothing can be routed to it")
    seen = await bench.until(
        SLICES,
        lambda slices: any(endpoint.get("addresses") for one in slices for endpoint in one.get("endpoints") or ()),
        within=bench.patience,
        what=f"Service {name} has an address",
        selector=f"kubernetes.io/service-name={name}",
    )
    if not seen.met:
        raise CannotJudge(f"Service {name} got no address, so nothing can be routed to it")


def service(bench: Workbench, name: str, labels: Mapping[str, str]) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": bench.namespace},
        "spec": {"selector": dict(labels), "ports": [{"name": "http", "port": PORT, "targetPort": PORT}]},
    }


class Client:
    """A pod inside the cluster from which requests are sent: nothing depends on where seatrial itself runs."""

    def __init__(self, bench: Workbench, name: str = "client") -> None:
        self.bench, self.name = bench, name

    async def start(self) -> None:
        if await runs(self.bench, pod(self.bench, self.name, affinity=ON_REAL_NODES)) is None:
            raise CannotJudge("the client does not run, so no request can be sent")

    async def send(
        self,
        url: str,
        count: int,
        *,
        headers: Mapping[str, str] | None = None,
        body: str = "",
        wait_for: str = "",
        wait_by: str = "",
    ) -> Tally:
        argv = ["/workload", "burst", "--count", str(count), "--patience", f"{self.bench.patience:g}s"]
        argv += [part for name, value in (headers or {}).items() for part in ("--header", f"{name}={value}")]
        options = {"--body": body, "--wait-for": wait_for, "--wait-by": wait_by}
        argv += [part for flag, value in options.items() if value for part in (flag, value)]
        ran = await self.bench.run(self.name, [*argv, url], within=2 * self.bench.patience)
        return reported(ran, Tally, "the client reported nothing")


def likely(count: int, share: float, *, error: float) -> tuple[int, int]:
    """The counts that chance allows: each tail beyond them is at most half of ``error``. Exact, not a normal's."""
    weigh = partial(_weight, count, share)
    low, below = 0, weigh(0)
    while below <= error / 2:
        low += 1
        below += weigh(low)
    high, above = count, weigh(count)
    while above <= error / 2:
        high -= 1
        above += weigh(high)
    return low, high


def _weight(count: int, share: float, hits: int) -> float:
    return float(comb(count, hits)) * share**hits * (1 - share) ** (count - hits)
