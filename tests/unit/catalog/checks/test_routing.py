"""The verdict on a Gateway, by how its data plane behaves."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import msgspec
import pytest

from seatrial.catalog.checks.routing import (
    A,
    B,
    gateway_splits_by_weight_and_routes_by_header,
    model_in_the_body_chooses_the_server,
)
from seatrial.catalog.roles import BodyReader, GatewayImplementation
from seatrial.catalog.systems.body_reader import BODY_READER
from seatrial.catalog.systems.envoy_gateway import CONTROLLER
from seatrial.catalog.systems.gateway_api import GatewayClass, GatewayClassSpec, GatewayClassStatus
from seatrial.catalog.systems.kubernetes.pods import Condition
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import All, Meta
from seatrial.model.verdict import Outcome, Verdict
from tests.unit.catalog.checks.mesh import ADDRESS, MeshBench

OWN = GatewayImplementation(player="ours", controller="example.org/ours")


class DataPlane(msgspec.Struct, kw_only=True):
    """How requests fare; by default as their routes say."""

    split: int = 31
    heeds_changes: bool = True
    heeds_headers: bool = True
    missing: str = "500"
    unrouted: str = "404"
    lost: int = 0
    broken: bool = False


def tally(sent: int, by: dict[str, int], **status: int) -> dict[str, Any]:
    codes = {code.removeprefix("s"): count for code, count in status.items() if count}
    return {"sent": sent, "status": codes | ({"200": sum(by.values())} if by else {}), "answered_by": by, "errors": {}}


def judged(plane: DataPlane, classes: list[GatewayClass] | None = None, **bench: Any) -> tuple[Verdict, MeshBench]:
    def prints(url: str, argv: list[str]) -> Any:
        if plane.broken:
            return "panic: out of memory"
        sent = int(argv[argv.index("--count") + 1])
        assert url.startswith(f"http://{ADDRESS}:80/who/")
        path = url.rpartition("/")[2]
        if path in ("missing", "unrouted"):
            return tally(sent, {}, **{f"s{getattr(plane, path)}": sent})
        if path == "model":
            wanted = "x-model-name=model-b" in argv or not plane.heeds_headers
            return tally(sent, {B if wanted else A: sent})
        weights = [ref["weight"] for ref in mesh.routes()["split"]["spec"]["rules"][0]["backendRefs"]]
        if weights == [0, 100] and plane.heeds_changes:
            return tally(sent, {B: sent})
        share = round(plane.split * sent / 300)
        return tally(sent, {A: sent - share - plane.lost, B: share}, s503=plane.lost)

    mesh = MeshBench(prints, **bench)
    given = [accepted()] if classes is None else classes
    verdict = asyncio.run(cast(Any, gateway_splits_by_weight_and_routes_by_header.judge)(OWN, All(given), mesh))
    return verdict, mesh


def accepted(name: str = "ours", controller: str = "example.org/ours", status: str = "True") -> GatewayClass:
    condition = Condition(type="Accepted", status=status, message="bad parameters")
    return GatewayClass(Meta(name=name), GatewayClassSpec(controller), GatewayClassStatus((condition,)))


def test_a_data_plane_that_does_what_routes_say_passes_with_its_controls() -> None:
    verdict, mesh = judged(DataPlane())
    assert verdict.outcome is Outcome.PASS
    assert "269 by server-a, 31 by server-b (12 to 52 by server-b allowed)" in verdict.because
    assert len(mesh.controls) == 7
    assert all(pod["spec"]["affinity"] for pod in mesh.pods())


@pytest.mark.parametrize(
    ("plane", "says"),
    [
        (DataPlane(split=150), "150 by server-b; chance allows 12 to 52"),
        (DataPlane(split=11), "11 by server-b; chance allows 12"),
        (DataPlane(lost=1), "does not answer every request"),
        (DataPlane(heeds_changes=False), "after its weights were changed to 0 and 100"),
        (DataPlane(heeds_headers=False), "requests without x-model-name belong to server-a"),
        (DataPlane(missing="404"), "through a route to nobody"),
        (DataPlane(unrouted="503"), "without a route"),
    ],
)
def test_whatever_goes_wrong_fails_and_is_told(plane: DataPlane, says: str) -> None:
    verdict, _ = judged(plane)
    assert verdict.outcome is Outcome.FAIL
    assert says in verdict.because


def test_a_gateway_that_is_never_programmed_fails_although_its_class_is_accepted() -> None:
    verdict, mesh = judged(DataPlane(), programmed=False)
    assert verdict.outcome is Outcome.FAIL
    assert "Programmed False: no replicas" in verdict.because
    assert not mesh.routes()


def test_classes_are_told_apart() -> None:
    assert judged(DataPlane(), [accepted(controller="example.org/other")])[0].outcome is Outcome.NOT_APPLICABLE
    refused, _ = judged(DataPlane(), [accepted(status="False")])
    assert refused.outcome is Outcome.FAIL
    assert "bad parameters" in refused.because
    unseen = GatewayClass(Meta(name="ours"), GatewayClassSpec("example.org/ours"))
    assert "nobody has answered" in judged(DataPlane(), [unseen])[0].because
    _, mesh = judged(DataPlane(), [accepted("a", status="False"), accepted("b")])
    assert mesh.objects[-4]["kind"] == "Gateway"
    assert mesh.objects[-4]["spec"]["gatewayClassName"] == "b"


@pytest.mark.parametrize("bench", [{"silent": ("client",)}, {"silent": (B,)}])
def test_without_servers_or_a_client_nobody_can_judge(bench: dict[str, Any]) -> None:
    with pytest.raises(CannotJudge, match="does not run"):
        judged(DataPlane(), **bench)


def test_a_client_that_prints_no_tally_is_no_verdict() -> None:
    with pytest.raises(CannotJudge, match="out of memory"):
        judged(DataPlane(broken=True))


class Reader(msgspec.Struct, kw_only=True):
    """To whom requests go by their bodies, before and after somebody reads these."""

    before: str = A
    named_b: str = B
    named_a: str = A
    unnamed: str = A


def read(reader: Reader, **bench: Any) -> tuple[Verdict, MeshBench]:
    (role,) = BODY_READER.roles
    assert isinstance(role, BodyReader)

    def prints(url: str, argv: list[str]) -> Any:
        body = argv[argv.index("--body") + 1]
        asked = any(obj["kind"] == "EnvoyExtensionPolicy" for obj in mesh.objects)
        whom = reader.named_b if "model-b" in body else reader.named_a if "model-a" in body else reader.unnamed
        return tally(int(argv[argv.index("--count") + 1]), {whom if asked else reader.before: 60})

    mesh = MeshBench(prints, **bench)
    classes = All([accepted(controller=CONTROLLER)])
    return asyncio.run(cast(Any, model_in_the_body_chooses_the_server.judge)(role, classes, mesh)), mesh


def test_bodies_that_are_read_lead_to_their_models_and_did_not_before() -> None:
    verdict, mesh = read(Reader())
    assert verdict.outcome is Outcome.PASS
    assert [one["belong_to"] for one in mesh.controls.values()] == [A, B, A, A]
    (route,) = mesh.routes().values()
    first, second = route["spec"]["rules"]
    assert first["matches"][0]["headers"] == [{"type": "Exact", "name": "x-gateway-model-name", "value": "model-b"}]
    assert "headers" not in second["matches"][0]
    policy = next(obj for obj in mesh.objects if obj["kind"] == "EnvoyExtensionPolicy")
    assert policy["spec"]["targetRefs"] == [
        {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "gateway"}
    ]


@pytest.mark.parametrize("reader", [Reader(named_b=A), Reader(named_a=B), Reader(unnamed=B)])
def test_bodies_that_nobody_heeds_fail(reader: Reader) -> None:
    verdict, _ = read(reader)
    assert verdict.outcome is Outcome.FAIL
    assert "in their body belong to server-" in verdict.because


def test_requests_that_are_told_apart_already_show_nothing() -> None:
    with pytest.raises(CannotJudge, match="in a body that nobody reads belong to server-a"):
        read(Reader(before=B))
    with pytest.raises(CannotJudge, match="nobody reads them"):
        read(Reader(), silent=("body-reader",))
