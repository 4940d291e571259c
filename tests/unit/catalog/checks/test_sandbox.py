from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from seatrial.catalog.checks.sandbox import kernel_is_not_shared as the_check
from seatrial.catalog.roles import Sandbox
from seatrial.catalog.systems.gvisor import GVISOR
from seatrial.catalog.systems.sandboxes import KATA, UNRECOGNISED_RUNTIME, RuntimeClass
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import All, Meta, Obj
from seatrial.model.system import System
from seatrial.model.verdict import Outcome, Verdict
from seatrial.model.workbench import Ran
from tests.unit.catalog.checks.node import NodeBench

NODES: Obj = {"uname": {"release": "6.18"}, "version": "Linux version 6.18", "boot": "boot-of-the-node"}
GVISORS: Obj = {
    "uname": {"release": "4.19.0-gvisor"},
    "version": "Linux version 4.19.0-gvisor",
    "boot": "boot-of-its-own",
}
CLASSES = (
    RuntimeClass(metadata=Meta(name="gvisor"), handler="runsc"),
    RuntimeClass(metadata=Meta(name="n"), handler="nvidia"),
)


def containers(inside: Obj, *, ordinary: Obj = NODES, neighbour: Obj | None = None, answers: Obj | None = None) -> Any:
    kernels = {"sandboxed": inside, "ordinary": ordinary, "neighbour": neighbour or ordinary}

    def answer(pod: str, argv: Sequence[str]) -> Any:
        if argv[1] == "get":
            return {"status": 200, "body": f"{(answers or {}).get(pod, pod)}\n"}
        own = {"processes": {"1": f"/workload serve --port 8099 --name {pod}"}, "readable": [], "addresses": []}
        return {**own, "marks": [f"/seatrial-mark-of-{pod}"], **kernels[pod]}

    return answer


def judge(answer: Any, system: System = GVISOR, classes: tuple[RuntimeClass, ...] = CLASSES) -> Verdict:
    (role,) = system.roles
    assert isinstance(role, Sandbox)
    bench = answer if isinstance(answer, NodeBench) else NodeBench(answer)
    return asyncio.run(the_check.judge(role, All(classes), bench))  # type: ignore[arg-type]


def test_another_kernel_that_shows_nothing_of_the_neighbours() -> None:
    made = judge(containers(GVISORS))
    assert made.outcome is Outcome.PASS, made.because
    assert "4.19.0-gvisor" in made.because


def test_the_same_kernel_booted_another_time_is_another_kernel() -> None:
    assert judge(containers({**NODES, "boot": "of-the-machine-of-the-pod"})).outcome is Outcome.PASS


def test_a_sandbox_need_not_show_a_boot_id() -> None:
    assert judge(containers({**GVISORS, "boot": ""})).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("inside", "says"),
    [
        (NODES, "the boot_id of the node's own kernel"),
        ({**GVISORS, "boot": NODES["boot"]}, "the boot_id of the node's own kernel"),
        ({**NODES, "boot": ""}, "shows the node's own kernel"),
        ({**GVISORS, "readable": ["/dev/mem"]}, "reads /dev/mem"),
        (
            {**GVISORS, "processes": {"7": "/workload serve --port 8099 --name neighbour"}},
            "processes of its neighbours",
        ),
        ({**GVISORS, "marks": ["/seatrial-mark-of-sandboxed", "/seatrial-mark-of-ordinary"]}, "and sees"),
        ({**GVISORS, "addresses": ["10.0.0.3"]}, "has the address 10.0.0.3"),
    ],
)
def test_what_a_sandbox_must_not_show(inside: Obj, says: str) -> None:
    made = judge(containers(inside))
    assert made.outcome is Outcome.FAIL
    assert says in made.because


def test_the_loopback_of_a_sandbox_is_its_own() -> None:
    made = judge(containers(GVISORS, answers={"sandboxed": "ordinary"}))
    assert made.outcome is Outcome.FAIL
    with pytest.raises(CannotJudge, match="loopback of an ordinary pod"):
        judge(containers(GVISORS, answers={"ordinary": ""}))


def test_controls_that_disagree_show_nothing() -> None:
    with pytest.raises(CannotJudge, match="differences tell nothing"):
        judge(containers(GVISORS, neighbour={**NODES, "boot": "another"}))
    with pytest.raises(CannotJudge, match="differences tell nothing"):
        judge(containers(GVISORS, ordinary={**NODES, "boot": ""}))


def test_a_sandbox_in_which_no_pod_runs_is_none() -> None:
    bench = NodeBench(containers(GVISORS))
    bench.broken = lambda pod: "no handler" if "runtimeClassName" in pod["spec"] else ""
    made = judge(bench)
    assert made.outcome is Outcome.FAIL
    assert "does not run" in made.because


def test_a_mechanism_that_is_not_known_is_unknown() -> None:
    strange = (RuntimeClass(metadata=Meta(name="strange"), handler="firejail"),)
    made = judge(containers(GVISORS), UNRECOGNISED_RUNTIME, strange)
    assert made.outcome is Outcome.UNKNOWN
    assert "strange (firejail)" in made.because


def test_what_cannot_be_read_is_no_verdict() -> None:
    with pytest.raises(CannotJudge, match="did not report its kernel"):
        judge(lambda pod, argv: Ran(1, "", "no such program"))
    with pytest.raises(CannotJudge, match="no RuntimeClass"):
        judge(containers(GVISORS), KATA)
