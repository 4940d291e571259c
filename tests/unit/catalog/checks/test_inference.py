"""The verdict on an endpoint picker, by where requests go."""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast

import msgspec
import pytest

from seatrial.catalog.checks.inference import BUSY, NAMES, picker_follows_caches_and_queues
from seatrial.catalog.roles import InferenceRouter
from seatrial.catalog.systems.envoy_gateway import ENVOY_GATEWAY
from seatrial.catalog.systems.inference_extension import INFERENCE_EXTENSION
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import All, Apis
from seatrial.model.system import System
from seatrial.model.verdict import Outcome, Verdict
from tests.unit.catalog.checks.mesh import SERVED, MeshBench
from tests.unit.catalog.checks.test_routing import accepted

CONTROLLER = "gateway.envoyproxy.io/gatewayclass-controller"


def router(system: System) -> InferenceRouter:
    return next(role for role in system.roles if isinstance(role, InferenceRouter))


class Fleet(msgspec.Struct, kw_only=True):
    """How many of 32 later turns stay with their server, and how many of 60 requests reach the busy one."""

    stays: int = 32
    stays_by_service: int = 8
    busy: int = 0
    busy_by_service: int = 15
    reached: int = 60
    trouble: dict[str, int] = {}
    trouble_by_service: dict[str, int] = {}
    named: int = 0  # how many of the servers' 40 requests by way of the picker say whom it named
    misled: int = 0  # of those, how many reached another one
    named_by_service: int = 0
    answers: bool = True
    fills: bool = True


def talks(stayed: int) -> dict[str, list[str]]:
    """Eight conversations with so many later turns that stay."""
    kept = iter(range(32))
    return {f"talk-{one}": [NAMES[0], *(NAMES[0 if next(kept) < stayed else 1] for _ in range(4))] for one in range(8)}


def judged(fleet: Fleet, system: System = ENVOY_GATEWAY, **bench: Any) -> tuple[Verdict, MeshBench]:
    def prints(url: str, argv: list[str]) -> Any:
        if "burst" in argv:
            good = fleet.fills if url.endswith("/full") else fleet.answers
            return {
                "sent": 1,
                "status": {"200" if good else "503": 1},
                "answered_by": {"x": 1} if good else {},
                "errors": {},
            }
        run = argv[argv.index("--run") + 1]
        plain = run.endswith("by-service")
        if run.startswith("alone"):
            write(run, fleet.busy_by_service if plain else fleet.busy, 60 if plain else fleet.reached)
        trouble = fleet.trouble_by_service if plain else fleet.trouble
        if run.startswith("talks"):
            told(run, fleet.named_by_service if plain else fleet.named, 0 if plain else fleet.misled)
        sessions = talks(fleet.stays_by_service if plain else fleet.stays)
        return {"run": run, "sessions": sessions, "cached_tokens": 1, "prompt_tokens": 2, "trouble": trouble}

    def write(run: str, busy: int, total: int) -> None:
        line = json.dumps({"event": "request", "run": run}) + "\n"
        for name, count in ((BUSY, busy), (NAMES[1], total - busy)):
            mesh.log[name] = mesh.log.get(name, "no JSON\n") + line * count

    def told(run: str, named: int, misled: int) -> None:
        for number in range(40):
            whom = NAMES[1] if number < misled else NAMES[0]
            picked = f"pod-{whom}:8080" if number < named else ""
            line = json.dumps({"event": "request", "run": run, "picked": picked}) + "\n"
            mesh.log[NAMES[0]] = mesh.log.get(NAMES[0], "") + line

    mesh = MeshBench(prints, **bench)
    classes = All([accepted(controller=CONTROLLER)])
    verdict = asyncio.run(cast(Any, picker_follows_caches_and_queues.judge)(router(system), classes, mesh.apis, mesh))
    return verdict, mesh


@pytest.mark.parametrize("system", [ENVOY_GATEWAY, INFERENCE_EXTENSION], ids=lambda system: system.id)
def test_a_picker_that_is_heeded_passes_and_every_dialect_has_a_pool(system: System) -> None:
    verdict, mesh = judged(Fleet(), system)
    assert verdict.outcome is Outcome.PASS
    assert "32 of 32 later turns stayed" in verdict.because
    assert "of 60 requests 0 went to the server with a full queue, by a Service 15" in verdict.because
    kinds = [obj["kind"] for obj in mesh.objects]
    assert {"InferencePool", "HTTPRoute", "Role", "Gateway"} <= set(kinds)
    assert ("EnvoyExtensionPolicy" in kinds) == (system is ENVOY_GATEWAY)
    written = {f"{obj['apiVersion'].rpartition('/')[0]}/{obj['kind'].lower()}".lstrip("/") for obj in mesh.objects}
    creates = {*picker_follows_caches_and_queues.creates, *router(system).creates}
    said = {name.removesuffix("s").replace("policie", "policy") for name in creates}
    assert written == said


@pytest.mark.parametrize(
    ("fleet", "says"),
    [
        (Fleet(stays=18), "do not go where their beginning is cached"),
        (Fleet(busy=4), "4 of 60 requests went to model-a"),
        (Fleet(reached=59), "59 reached a server"),
        (Fleet(named=40, misled=3), "of 40 requests 37 reached the server that the picker named"),
        (Fleet(trouble={"status 503": 2}), "not every request through the picker was answered"),
        (Fleet(answers=False), "nobody answers through the Gateway"),
    ],
)
def test_a_picker_that_is_not_heeded_fails(fleet: Fleet, says: str) -> None:
    verdict, _ = judged(fleet)
    assert verdict.outcome is Outcome.FAIL
    assert says in verdict.because


def test_what_the_picker_named_is_told_where_the_servers_see_it() -> None:
    verdict, mesh = judged(Fleet(named=40))
    assert "40 of 40 requests reached the server that the picker named for them" in verdict.because
    assert mesh.controls["requests by way of the picker"] == {"named": 40, "reached_whom_it_named": 40}
    assert mesh.controls["requests by way of a plain Service, for which nobody names a server"] == {"named": 0}


@pytest.mark.parametrize("fleet", [Fleet(), Fleet(named=40, misled=3, named_by_service=1)])
def test_what_others_name_as_well_is_not_the_picker_s_word(fleet: Fleet) -> None:
    verdict, _ = judged(fleet)
    assert verdict.outcome is Outcome.PASS
    assert "named" not in verdict.because


@pytest.mark.parametrize(
    ("fleet", "says"),
    [
        (Fleet(stays_by_service=19), "even a plain Service keeps conversations together"),
        (Fleet(busy_by_service=3), "even a plain Service keeps away"),
        (Fleet(trouble_by_service={"refused": 1}), "do not even answer by way of a plain Service"),
        (Fleet(fills=False), "did not fill"),
    ],
)
def test_where_the_control_shows_nothing_there_is_no_verdict(fleet: Fleet, says: str) -> None:
    with pytest.raises(CannotJudge, match=says):
        judged(fleet)


def test_without_a_picker_or_a_pool_to_speak_of() -> None:
    with pytest.raises(CannotJudge, match="nobody picks"):
        judged(Fleet(), silent=("endpoint-picker",))
    pools = Apis({name: versions for name, versions in SERVED.items() if "inference" not in name})
    mesh = MeshBench(lambda url, argv: "")
    verdict = asyncio.run(cast(Any, picker_follows_caches_and_queues.judge)(router(ENVOY_GATEWAY), All(), pools, mesh))
    assert verdict.outcome is Outcome.NOT_APPLICABLE
    assert not mesh.objects
