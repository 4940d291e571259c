"""The verdict on separate phases, by what the logs of both say."""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast

import msgspec
import pytest

from seatrial.catalog.checks.disaggregation import REQUESTS, one_request_passes_both_phases
from seatrial.catalog.roles import DisaggregatedServing
from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.catalog.systems.lab_serving import LAB_SERVING
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import Meta
from seatrial.model.system import Holds
from seatrial.model.verdict import Outcome, Verdict
from tests.unit.catalog.checks.mesh import MeshBench

SERVING = next(role for role in LAB_SERVING.roles if isinstance(role, DisaggregatedServing))


class Stack(msgspec.Struct, kw_only=True):
    prefilled: int = REQUESTS
    decoded: int = REQUESTS
    mixed_up: bool = False  # what decode took was another request's
    alone: bool = False  # decode answers without prefill
    answers: bool = True
    trouble: dict[str, int] = {}


def line(id: str, **more: Any) -> str:
    return json.dumps({"event": "request", "run": "in-two-phases", "id": id, **more}) + "\n"


def judged(stack: Stack, **bench: Any) -> tuple[Verdict, MeshBench]:
    def prints(url: str, argv: list[str]) -> Any:
        assert url == "http://service-stack-decode:8080/v1/completions"
        if "burst" in argv:
            answered = {"stack-decode": 1} if stack.answers else {}
            return {"sent": 1, "status": {"200" if answered else "502": 1}, "answered_by": answered, "errors": {}}
        run = argv[argv.index("--run") + 1]
        orphans = run == "without-prefill"
        if not orphans:
            note = [{"from": "stack-prefill", "request": str(one), "tokens": 9} for one in range(REQUESTS)]
            mesh.log["stack-prefill"] = "".join(line(str(one), kv_made=note[one]) for one in range(stack.prefilled))
            took = [*note[1:], note[0]] if stack.mixed_up else note
            mesh.log["stack-decode"] = "".join(line(str(one), kv_took=took[one]) for one in range(stack.decoded))
        who = "stack-decode" if stack.alone or not orphans else ""
        sessions = {str(one): [who] for one in range(2)}
        return {
            "run": run,
            "sessions": sessions,
            "cached_tokens": 0,
            "prompt_tokens": 0,
            "trouble": {} if orphans else stack.trouble,
        }

    mesh = MeshBench(prints, **bench)
    return asyncio.run(cast(Any, one_request_passes_both_phases.judge)(SERVING, mesh)), mesh


def test_ids_in_both_logs_with_what_was_handed_over_pass_and_say_what_is_simulated() -> None:
    verdict, mesh = judged(Stack())
    assert verdict.outcome is Outcome.PASS
    assert "simulated" in verdict.because
    assert "requests without any prefill" in mesh.controls
    decode = next(pod for pod in mesh.pods() if pod["metadata"]["name"] == "stack-decode")
    command = decode["spec"]["containers"][0]["command"]
    assert "--prefiller=http://$(STACK_PREFILL_SERVICE_HOST):$(STACK_PREFILL_SERVICE_PORT)" in command


@pytest.mark.parametrize(
    ("stack", "says"),
    [
        (Stack(prefilled=0), "0 had been prefilled"),
        (Stack(prefilled=REQUESTS - 1), f"{REQUESTS - 1} had been prefilled"),
        (Stack(mixed_up=True), "0 had been prefilled"),
        (Stack(decoded=3), "3 were decoded"),
        (Stack(trouble={"status 502": 1}), "status 502"),
        (Stack(answers=False), "nobody answers through both phases: of 1 requests 1 x 502"),
        (Stack(alone=True), "2 of 2 requests were answered although stack-prefill was gone"),
    ],
)
def test_phases_that_are_apart_in_name_only_fail(stack: Stack, says: str) -> None:
    verdict, _ = judged(stack)
    assert verdict.outcome is Outcome.FAIL
    assert says in verdict.because


@pytest.mark.parametrize("silent", ["client", "stack-prefill", "stack-decode"])
def test_where_a_pod_does_not_run_nobody_can_judge(silent: str) -> None:
    with pytest.raises(CannotJudge, match="does not run"):
        judged(Stack(), silent=(silent,))


@pytest.mark.parametrize(
    ("labels", "there"),
    [
        ({"seatrial.dev/simulated": "true"}, True),
        ({"seatrial.dev/simulated": "true", "type": "kwok"}, False),
        ({}, False),
    ],
)
def test_the_lab_s_servers_are_found_only_where_simulated_hardware_runs_containers(
    labels: dict[str, str], there: bool
) -> None:
    found = LAB_SERVING.found_by
    assert isinstance(found, Holds)
    assert found.where(Node(Meta(name="n", labels=labels))) is there
