"""Routing: a Gateway sends each request where its routes say, judged by who answered and not by what a status claims."""

from __future__ import annotations

from collections.abc import Sequence

from seatrial.catalog.checks.gateways import GATEWAY, ROUTES, Gate, choose, is_ready
from seatrial.catalog.checks.traffic import PORT, Client, Tally, likely, server
from seatrial.catalog.roles import BodyReader, GatewayImplementation
from seatrial.catalog.systems.gateway_api import GROUP, GatewayClass
from seatrial.kit.together import together
from seatrial.model.check import check
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import All, Obj
from seatrial.model.verdict import Severity, Verdict, failed, passed
from seatrial.model.workbench import Workbench

A, B = "server-a", "server-b"
NOBODY = "server-nobody"  # a Service that does not exist
ROOT = "/who"  # below it the servers say who they are
HEADER, VALUE = "x-model-name", "model-b"  # how clients of an inference API can name the model they want
SENT, FEW = 300, 60
SHARE, ERROR = 0.1, 1e-4


@check(
    "routing.gateway-splits-by-weight-and-routes-by-header",
    severity=Severity.HIGH,
    creates=("pods", "services", f"{GROUP}/gateways", ROUTES),
    uses=("exec",),
)
async def gateway_splits_by_weight_and_routes_by_header(
    implementation: GatewayImplementation, classes: All[GatewayClass], bench: Workbench
) -> Verdict:
    """Requests through a Gateway reach the servers in the shares that its route's weights say, and by their headers.

    Why: a Gateway that is Accepted has promised something. Canaries of a new model, and requests that name their model in a
    header, go wrong silently when the data plane does something else, or does nothing any more.
    Fix: install an implementation of the Gateway API, see that its GatewayClass is Accepted and that its data plane
    runs, and look at its log for routes that it could not program.
    """
    chosen = choose(implementation.controller, classes)
    if isinstance(chosen, Verdict):
        return chosen
    bench.note("the class", name=chosen.name, controller=chosen.spec.controller_name)
    client, gate = Client(bench), Gate(bench, chosen.name, implementation.listens_on)
    await together(client.start(), server(bench, A), server(bench, B))
    if problem := await gate.open():
        return failed(problem)
    trial = _Trial(gate, client)
    problems = [
        *await trial.splits(),
        *await trial.follows_a_change(),
        *await trial.matches_a_header(),
        *await trial.refuses_where_nobody_is(),
    ]
    return failed("; ".join(problems)) if problems else passed("; ".join(trial.story))


@check(
    "routing.model-in-the-body-chooses-the-server",
    severity=Severity.MEDIUM,
    creates=("pods", "services", f"{GROUP}/gateways", ROUTES),
    uses=("exec",),
)
async def model_in_the_body_chooses_the_server(
    reader: BodyReader, classes: All[GatewayClass], bench: Workbench
) -> Verdict:
    """A request reaches the server of the model that its body names, as clients of OpenAI's API name it.

    Why: such clients say in the body which model they want, and a Gateway's routes look at headers alone. Where nobody reads the
    body, requests for every model go to one server, or each model needs an address of its own.
    Fix: put the inference extension's body-based router before the routes of the Gateway, and let them match the header that it sets.
    """
    chosen = choose(reader.controller, classes)
    if isinstance(chosen, Verdict):
        return chosen
    bench.note("the class", name=chosen.name, controller=chosen.spec.controller_name)
    client, gate = Client(bench), Gate(bench, chosen.name, reader.listens_on)
    await together(client.start(), server(bench, A), server(bench, B))
    if problem := await gate.open():
        return failed(problem)
    problems = await _Trial(gate, client).matches_a_body(reader)
    return failed("; ".join(problems)) if problems else passed(f"{3 * FEW} requests went where their bodies say")


class _Trial:
    """Two servers behind one Gateway, and requests from a pod inside the cluster."""

    def __init__(self, gate: Gate, client: Client) -> None:
        self.gate, self.client, self.bench = gate, client, gate.bench
        self.story: list[str] = []

    async def splits(self) -> list[str]:
        """Nine to one: B gets what chance allows for a share of a tenth."""
        await self._route("split", [_rule("/split", {A: 90, B: 10})])
        tally = await self.client.send(self._url("/split"), SENT, wait_for="200")
        low, high = likely(SENT, SHARE, error=ERROR)
        allowed = f"{low} to {high} by {B} (exact binomial, two-sided {ERROR:g})"
        self.bench.control("weights 90 and 10", tally=tally.text, allowed=allowed)
        if tally.answered != SENT:
            return [f"a route to two servers does not answer every request: {tally.text}"]
        if not low <= tally.by(B) <= high:
            return [f"with weights 90 and 10 {tally.text}; chance allows {low} to {high} by {B}"]
        self.story.append(f"weights 90/10: {tally.text} ({low} to {high} by {B} allowed)")
        return []

    async def follows_a_change(self) -> list[str]:
        """The same route with weights 0 and 100: the split's control, and it shows a data plane that has become stale."""
        await self.bench.patch(ROUTES, "split", {"spec": {"rules": [_rule("/split", {A: 0, B: 100})]}})
        tally = await self.client.send(self._url("/split"), FEW, wait_by=B)
        waited = round(tally.waited, 2)
        self.bench.control("the same route, changed to weights 0 and 100", tally=tally.text, waited=waited)
        if tally.by(B) != FEW:
            return [f"after its weights were changed to 0 and 100 {tally.text}"]
        self.story.append(f"changed to 0/100: all {FEW} by {B}")
        return []

    async def matches_a_header(self) -> list[str]:
        header = {"type": "Exact", "name": HEADER, "value": VALUE}
        await self._route("model", [_rule("/model", {B: 1}, headers=[header]), _rule("/model", {A: 1})])
        problems = [
            *await self._belongs(f"with {HEADER}: {VALUE}", {HEADER: VALUE}, B),
            *await self._belongs(f"with {HEADER}: model-a", {HEADER: "model-a"}, A),
            *await self._belongs(f"without {HEADER}", {}, A),
        ]
        if not problems:
            self.story.append(
                f"{FEW} requests with {HEADER}: {VALUE} went to {B}, {2 * FEW} others to {A} (by header, not by body)"
            )
        return problems

    async def matches_a_body(self, reader: BodyReader) -> list[str]:
        """The same bodies before anybody reads them are the control: they all go where requests without a header belong."""
        header = {"type": "Exact", "name": reader.header, "value": VALUE}
        await self._route("model", [_rule("/model", {B: 1}, headers=[header]), _rule("/model", {A: 1})])
        named = f'{{"model": "{VALUE}", "prompt": "hello"}}'
        if unread := await self._belongs("that name model-b in a body that nobody reads", {}, A, body=named):
            raise CannotJudge(f"{unread[0]}, so nothing is shown")
        for obj in reader.dialect(self.bench.namespace, GATEWAY, self.bench.apis):
            await self.bench.create(obj)
        seen = await self.bench.until(
            "pods",
            lambda pods: any(one["metadata"]["name"] == reader.pod and is_ready(one) for one in pods),
            within=self.bench.patience,
            what="the reader of bodies is ready",
        )
        if not seen.met:
            raise CannotJudge("the reader of bodies does not become ready, so nobody reads them")
        return [
            *await self._belongs("that name model-b in their body", {}, B, body=named, wait_by=B),
            *await self._belongs("that name model-a in their body", {}, A, body=named.replace(VALUE, "model-a")),
            *await self._belongs("that name no model in their body", {}, A, body='{"prompt": "hello"}'),
        ]

    async def _belongs(
        self, what: str, headers: dict[str, str], who: str, *, body: str = "", wait_by: str = ""
    ) -> list[str]:
        wait = {"wait_by": wait_by} if wait_by else {"wait_for": "200"}
        tally = await self.client.send(self._url("/model"), FEW, headers=headers, body=body, **wait)
        self.bench.control(f"requests {what}", tally=tally.text, belong_to=who)
        return [] if tally.by(who) == FEW else [f"requests {what} belong to {who}, and {tally.text}"]

    async def refuses_where_nobody_is(self) -> list[str]:
        """The negative controls: a route to a Service that does not exist, and a path that no route has."""
        await self._route("missing", [_rule("/missing", {NOBODY: 1})])
        missing = await self.client.send(self._url("/missing"), 10, wait_for="5xx")
        unrouted = await self.client.send(self._url("/unrouted"), 10)
        self.bench.control("a route to a Service that does not exist", tally=missing.text)
        self.bench.control("a path that no route has", tally=unrouted.text)
        problems = [] if _all(missing, "5") else [f"through a route to nobody {missing.text}"]
        problems += [] if _all(unrouted, "404") else [f"without a route {unrouted.text}"]
        if not problems:
            self.story.append("a route to nobody answers 5xx, no route 404")
        return problems

    async def _route(self, name: str, rules: Sequence[Obj]) -> None:
        spec = {"parentRefs": [{"name": GATEWAY}], "rules": list(rules)}
        await self.bench.create(self.gate.obj("HTTPRoute", name, spec))

    def _url(self, path: str) -> str:
        return f"{self.gate.url}{ROOT}{path}"


def _rule(path: str, weights: dict[str, int], **match: object) -> Obj:
    return {
        "matches": [{"path": {"type": "PathPrefix", "value": f"{ROOT}{path}"}, **match}],
        "backendRefs": [{"name": name, "port": PORT, "weight": weight} for name, weight in weights.items()],
    }


def _all(tally: Tally, status: str) -> bool:
    return sum(count for code, count in tally.status.items() if code.startswith(status)) == tally.sent
