"""A Gateway for a proof: of a class that is accepted, and open for requests from inside the cluster."""

from __future__ import annotations

from collections.abc import Iterable

from seatrial.catalog.systems.gateway_api import GROUP, GatewayClass
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import Obj
from seatrial.model.verdict import Verdict, failed, not_applicable
from seatrial.model.workbench import Workbench

GATEWAY = "gateway"
ROUTES = f"{GROUP}/httproutes"


def choose(controller: str, classes: Iterable[GatewayClass]) -> GatewayClass | Verdict:
    """The first class of this controller by name, or why there is none to use. An empty controller is anybody's."""
    own = sorted((one for one in classes if controller in ("", one.spec.controller_name)), key=lambda one: one.name)
    if not own:
        return not_applicable(f"no GatewayClass names {controller or 'a controller'}")
    for one in own:
        if _accepted(one) is True:
            return one
    return failed(f"GatewayClass {own[0].name} is not Accepted: {_accepted(own[0])}")


def _accepted(one: GatewayClass) -> bool | str:
    condition = next((condition for condition in one.status.conditions if condition.type == "Accepted"), None)
    if condition is None:
        return "nobody has answered"
    return condition.status == "True" or condition.message


class Gate:
    """One Gateway with one listener for HTTP. ``url`` leads to it once it is open."""

    def __init__(self, bench: Workbench, class_name: str, port: int) -> None:
        self.bench, self.class_name, self.port = bench, class_name, port
        self.url = ""

    async def open(self) -> str:
        """What is wrong with the Gateway, if anything is."""
        if not self.bench.apis.versions(ROUTES):
            raise CannotJudge(f"the API server serves no {ROUTES}", way_out="install the Gateway API's CRDs")
        listener = {"name": "http", "protocol": "HTTP", "port": self.port}
        await self.bench.create(
            self.obj("Gateway", GATEWAY, {"gatewayClassName": self.class_name, "listeners": [listener]})
        )
        seen = await self.bench.until(
            f"{GROUP}/gateways",
            lambda gateways: any(_is_programmed(one) for one in gateways),
            within=self.bench.patience,
            what="the Gateway is Programmed, and has an address",
        )
        gateway = seen.objects[0] if seen.objects else {}
        if not seen.met:
            said = _conditions(gateway) or "nobody looks at it"
            return f"a Gateway of the class {self.class_name} is not Programmed after {seen.seconds:.0f} s: {said}"
        address = gateway["status"]["addresses"][0]["value"]
        self.url = f"http://{endpoint(address, self.port)}"
        return ""

    def obj(self, kind: str, name: str, spec: Obj) -> Obj:
        version = self.bench.apis.versions(ROUTES)[0]
        metadata = {"name": name, "namespace": self.bench.namespace}
        return {"apiVersion": f"{GROUP}/{version}", "kind": kind, "metadata": metadata, "spec": spec}


def endpoint(address: str, port: int) -> str:
    return f"{f'[{address}]' if ':' in address else address}:{port}"


def is_ready(pod: Obj) -> bool:
    """Whether what a Gateway has to ask before it routes is there to answer."""
    conditions = pod.get("status", {}).get("conditions", ())
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _is_programmed(gateway: Obj) -> bool:
    status = gateway.get("status", {})
    conditions = {one["type"]: one["status"] for one in status.get("conditions", ())}
    return conditions.get("Programmed") == "True" and bool(status.get("addresses"))


def _conditions(gateway: Obj) -> str:
    return "; ".join(
        f"{one['type']} {one['status']}: {one.get('message', '')}"
        for one in gateway.get("status", {}).get("conditions", ())
    )
