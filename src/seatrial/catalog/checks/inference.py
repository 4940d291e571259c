"""Inference: requests reach the model server that serves them best, by what the servers report of their caches and queues."""

from __future__ import annotations

from seatrial.catalog.checks.gateways import GATEWAY, ROUTES, Gate, choose, endpoint, is_ready
from seatrial.catalog.checks.models import HELLO, LABELS, PORT, SERVICE, URL, Asked, ask, received, records, serve
from seatrial.catalog.checks.traffic import Client, likely
from seatrial.catalog.roles import InferenceRouter, ModelPool
from seatrial.catalog.systems.gateway_api import GROUP, GatewayClass
from seatrial.catalog.systems.inference_extension import POOLS
from seatrial.kit.together import together
from seatrial.model.check import check
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import All, Apis
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed
from seatrial.model.workbench import Workbench

NAMES = ("model-a", "model-b", "model-c", "model-d")
BUSY = NAMES[0]
CHANCE, ERROR = 1 / len(NAMES), 1e-4
TALKS, TURNS = 8, 5
BY_SERVICE, BY_PICKER = "talks-by-service", "talks-by-picker"
ALONE = 60  # requests that share nothing with each other
# What keeps one server busy: it runs four requests at once, and each of these takes it two seconds.
FLOOD = {"sessions": 24, "prompt": 400, "tokens": 1000, "together": True}


@check(
    "inference.picker-follows-caches-and-queues",
    severity=Severity.MEDIUM,
    creates=("pods", "services", f"{GROUP}/gateways", ROUTES),
    uses=("exec", "log"),
)
async def picker_follows_caches_and_queues(
    router: InferenceRouter, classes: All[GatewayClass], apis: Apis, bench: Workbench
) -> Verdict:
    """A conversation goes on where its beginning is cached, and new ones keep away from a server whose queue is full.

    Why: a prompt whose beginning is cached costs a fraction of one that is not, and a request behind a full queue waits
    while other servers are idle. Routing that looks at neither wastes accelerators.
    Fix: put an endpoint picker before the pool (InferencePool), and see that it reaches the servers' metrics and that the
    data plane does what it says.
    """
    if not apis.versions(POOLS):
        return not_applicable(f"{POOLS} is not served here")
    chosen = choose(router.controller, classes)
    if isinstance(chosen, Verdict):
        return chosen
    bench.note("model servers and their times are simulated", servers=list(NAMES), gateway_class=chosen.name)
    client, gate = Client(bench), Gate(bench, chosen.name, router.listens_on)
    await client.start()
    trial = _Trial(gate, client, await serve(bench, NAMES))
    if problem := await gate.open() or await trial.connect(router):
        return failed(problem)
    problems = [
        *await trial.follows_caches(),
        *await trial.does_as_the_picker_says(),
        *await trial.keeps_away_from_queues(),
    ]
    return failed("; ".join(problems)) if problems else passed("; ".join(trial.story))


class _Trial:
    """Four servers: behind a Gateway with a picker, and for comparison behind a plain Service."""

    def __init__(self, gate: Gate, client: Client, addresses: dict[str, str]) -> None:
        self.gate, self.client, self.addresses, self.bench = gate, client, addresses, gate.bench
        self.picked = self.plain = ""
        self.story: list[str] = []

    async def connect(self, router: InferenceRouter) -> str:
        """Put the picker between; what is wrong, if anything is."""
        bench = self.bench
        pool = ModelPool("pool", bench.namespace, LABELS, PORT, SERVICE, GATEWAY)
        objects = router.dialect(pool, bench.apis)
        bench.note("what puts the picker between", kinds=sorted({obj["kind"] for obj in objects} - {"Pod", "Service"}))
        for obj in objects:
            await bench.create(obj)
        seen = await bench.until(
            "pods",
            lambda pods: any(one["metadata"]["name"] == router.picker and is_ready(one) for one in pods),
            within=bench.patience,
            what="the endpoint picker is ready",
        )
        if not seen.met:
            raise CannotJudge("the endpoint picker does not become ready, so nobody picks")
        service = await bench.read("services", SERVICE)
        self.picked = f"{self.gate.url}{URL}"
        self.plain = f"http://{(service or {})['spec']['clusterIP']}:{PORT}{URL}"
        tally = await self.client.send(self.picked, 1, body=HELLO, wait_for="200")
        return "" if tally.answered else f"nobody answers through the Gateway and its picker: {tally.text}"

    async def follows_caches(self) -> list[str]:
        """Later turns of a conversation, which begin as the first did. A Service sends them anywhere: one in four stays."""
        talk = {"sessions": TALKS, "turns": TURNS}
        plain = await ask(self.client, self.plain, BY_SERVICE, **talk)
        picked = await ask(self.client, self.picked, BY_PICKER, **talk)
        _, most = likely(plain.turns, CHANCE, error=ERROR)
        allowed = f"at most {most} by chance (exact binomial, two-sided {ERROR:g})"
        self.bench.control("conversations by way of a plain Service", seen=plain.text, allowed=allowed)
        self.bench.control("conversations by way of the picker", seen=picked.text, allowed=allowed)
        _all_answered(plain)
        if plain.stayed > most:
            raise CannotJudge(
                f"even a plain Service keeps conversations together here ({plain.text}), so nothing is shown"
            )
        if picked.trouble:
            return [f"not every request through the picker was answered: {picked.text}"]
        if picked.stayed <= most:
            return [f"conversations do not go where their beginning is cached: {picked.text}, {allowed}"]
        self.story.append(f"by the picker {picked.text}; by a Service {plain.text}; {allowed}")
        return []

    async def does_as_the_picker_says(self) -> list[str]:
        """The picker names a server for each request in a header. Who got the request says whether that was itself."""
        plain, picked = await together(self._named(BY_SERVICE), self._named(BY_PICKER))
        itself = sum(whom == endpoint(self.addresses[name], PORT) for name, whom in picked)
        self.bench.control("requests by way of a plain Service, for which nobody names a server", named=len(plain))
        self.bench.control("requests by way of the picker", named=len(picked), reached_whom_it_named=itself)
        if plain or not picked:
            self.bench.note("whom the picker named does not reach the servers, so only what becomes of requests tells")
            return []
        if itself != len(picked):
            return [f"of {len(picked)} requests {itself} reached the server that the picker named for them"]
        self.story.append(f"{itself} of {len(picked)} requests reached the server that the picker named for them")
        return []

    async def _named(self, run: str) -> list[tuple[str, str]]:
        """Who got a request of the run, and the server that was named for it."""
        written = await together(*(records(self.bench, name) for name in NAMES))
        return [
            (name, one.picked)
            for name, lines in zip(NAMES, written, strict=True)
            for one in lines
            if one.run == run and one.picked
        ]

    async def keeps_away_from_queues(self) -> list[str]:
        """One server is flooded past the Gateway. A Service still sends it a quarter of everything."""
        _, problems = await together(self._flood(), self._while_busy())
        return problems

    async def _flood(self) -> list[str]:
        """Nobody minds what becomes of these requests."""
        await ask(self.client, f"http://{self.addresses[BUSY]}:{PORT}{URL}", "flood", within=60, **FLOOD)
        return []

    async def _while_busy(self) -> list[str]:
        await self._queue_is_full()
        alone = {"sessions": ALONE, "prompt": 400, "tokens": 1, "together": True}
        await ask(self.client, self.picked, "alone-by-picker", within=5, **alone)
        await ask(self.client, self.plain, "alone-by-service", within=3, **alone)
        least, _ = likely(ALONE, CHANCE, error=ERROR)
        picked = await received(self.bench, NAMES, "alone-by-picker")
        plain = await received(self.bench, NAMES, "alone-by-service")
        allowed = f"at least {least} by chance (exact binomial, two-sided {ERROR:g})"
        self.bench.control("who got what by way of a plain Service", seen=dict(plain), busy=BUSY, allowed=allowed)
        self.bench.control("who got what by way of the picker", seen=dict(picked), busy=BUSY, allowed=allowed)
        if plain[BUSY] < least:
            raise CannotJudge(f"even a plain Service keeps away from {BUSY} here, so nothing is shown")
        if picked.total() < ALONE:
            return [f"of {ALONE} requests through the picker {picked.total()} reached a server"]
        if picked[BUSY] >= least:
            return [f"{picked[BUSY]} of {ALONE} requests went to {BUSY}, whose queue is full; {allowed}"]
        self.story.append(
            f"of {ALONE} requests {picked[BUSY]} went to the server with a full queue, by a Service {plain[BUSY]}; {allowed}"
        )
        return []

    async def _queue_is_full(self) -> None:
        url = f"http://{self.addresses[BUSY]}:{PORT}/full"
        tally = await self.client.send(url, 1, wait_for="200")
        if not tally.answered:
            raise CannotJudge(f"the queue of {BUSY} did not fill, so nobody had to keep away from it")


def _all_answered(asked: Asked) -> None:
    if asked.trouble:
        raise CannotJudge(f"the model servers do not even answer by way of a plain Service: {asked.text}")
