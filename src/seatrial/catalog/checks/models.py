"""Simulated model servers, and conversations with them. What the servers write down of each request is what counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec

from seatrial.catalog.checks.probe import MAIN, pod, reported, runs
from seatrial.catalog.checks.traffic import SLICES, Client, service
from seatrial.catalog.systems.kubernetes.core import ON_REAL_NODES, container
from seatrial.kit.together import together
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import Obj
from seatrial.model.workbench import Workbench

PORT = 8080
SERVICE = "models"
LABELS = {"seatrial.dev/model-server": "simulated"}
URL = "/v1/completions"
HELLO = '{"model": "simulated", "prompt": "hello", "max_tokens": 1}'


class Asked(msgspec.Struct, frozen=True):
    """What became of the conversations of one run."""

    run: str
    sessions: dict[str, tuple[str, ...]]
    cached_tokens: int
    prompt_tokens: int
    trouble: dict[str, int]

    @property
    def turns(self) -> int:
        """The turns that came back to somebody: all but the first of each conversation."""
        return sum(len(turns) - 1 for turns in self.sessions.values())

    @property
    def stayed(self) -> int:
        """Of those, the ones that the server of the first turn answered."""
        return sum(turns[1:].count(turns[0]) for turns in self.sessions.values() if turns[0])

    @property
    def text(self) -> str:
        share = 100 * self.cached_tokens / max(self.prompt_tokens, 1)
        trouble = "".join(f", {count} x {why}" for why, count in sorted(self.trouble.items()))
        return f"{self.stayed} of {self.turns} later turns stayed with their server, {share:.0f} % of the prompt was cached{trouble}"


class Record(msgspec.Struct, frozen=True):
    """One request as a server wrote it down."""

    event: str = ""
    name: str = ""
    role: str = ""
    run: str = ""
    id: str = ""
    picked: str = ""  # the server that an endpoint picker named for it, where the data plane passes that on
    cached_tokens: int = 0
    kv_made: dict[str, object] | None = None
    kv_took: dict[str, object] | None = None
    error: str = ""


async def serve(bench: Workbench, names: tuple[str, ...], *options: str) -> dict[str, str]:
    """Start the servers, behind one Service; their addresses by name."""
    await bench.create(service(bench, SERVICE, LABELS))
    await together(*(start(bench, name, LABELS, *options) for name in names))
    seen = await bench.until(
        SLICES,
        lambda slices: len([one for part in slices for one in part.get("endpoints") or ()]) >= len(names),
        within=bench.patience,
        what=f"Service {SERVICE} has {len(names)} addresses",
        selector=f"kubernetes.io/service-name={SERVICE}",
    )
    if not seen.met:
        raise CannotJudge(f"Service {SERVICE} did not get its {len(names)} addresses")
    pods = await bench.list("pods")
    return {one["metadata"]["name"]: one["status"]["podIP"] for one in pods if one["metadata"]["name"] in names}


async def start(bench: Workbench, name: str, labels: dict[str, str], *options: str) -> Obj:
    """One server; the pod as it runs."""
    obj = pod(bench, name, affinity=ON_REAL_NODES)
    obj["metadata"]["labels"] = labels
    argv = ("model-server", "--name", name, "--port", str(PORT), *options)
    obj["spec"]["containers"] = [container(MAIN, bench.image, argv)]
    running = await runs(bench, obj)
    if running is None:
        raise CannotJudge(f"the model server {name} does not run, so nobody can ask it")
    return running


async def ask(client: Client, url: str, run: str, *, within: float = 10.0, **options: int | bool) -> Asked:
    argv = ["/workload", "ask", "--run", run, "--within", f"{within:g}s"]
    argv += [f"--{name}={str(value).lower()}" for name, value in options.items()]
    ran = await client.bench.run(client.name, [*argv, url], within=client.bench.patience + 2 * within)
    return reported(ran, Asked, "the client reported nothing")


async def records(bench: Workbench, name: str) -> tuple[Record, ...]:
    return tuple(_requests(await bench.logs(name)))


def _requests(log: str) -> Iterator[Record]:
    for line in log.splitlines():
        try:
            record = msgspec.json.decode(line, type=Record)
        except msgspec.DecodeError:
            continue  # a log is anybody's text
        if record.event == "request":
            yield record


async def received(bench: Workbench, names: tuple[str, ...], run: str) -> Counter[str]:
    """Who got how many requests of a run, answered or not."""
    written = await together(*(records(bench, name) for name in names))
    return Counter(
        {name: sum(1 for one in lines if one.run == run) for name, lines in zip(names, written, strict=True)}
    )
