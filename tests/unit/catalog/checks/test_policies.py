"""A policy engine and a cluster that heeds it, or does not, without either."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, cast

import msgspec
import pytest

from seatrial.catalog.checks.policies import are_heeded
from seatrial.catalog.roles import Forbidden, PolicyEngine
from seatrial.catalog.systems.gatekeeper import GATEKEEPER
from seatrial.catalog.systems.policy_controller import POLICY_CONTROLLER
from seatrial.model.errors import CannotJudge, Rejected, Unreachable
from seatrial.model.fact import Apis, Obj
from seatrial.model.system import System
from seatrial.model.verdict import Outcome, Verdict
from seatrial.model.workbench import Workbench

judge: Any = are_heeded.judge


class Cluster(msgspec.Struct, frozen=True):
    heeds: bool = True
    late: int = 0  # questions until the engine goes by its policy
    unknown: int = 0  # times that the kind of its policy is not served yet
    refuses_all: str = ""  # the words
    silent: str = ""
    words: str = 'admission webhook "engine" denied the request: the image is forbidden here'


class Bench:
    namespace, window, patience = "bench", 0.1, 0.3
    apis: ClassVar[Apis] = Apis({})

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.asked, self.created = cluster, 0, 0
        self.labels: dict[str, str] = {}
        self.controls: dict[str, Any] = {}

    async def patch(self, resource: str, name: str, merge: Obj) -> Obj:
        assert (resource, name) == ("namespaces", "bench")
        self.labels = merge["metadata"]["labels"]
        return merge

    async def admits(self, obj: Obj) -> bool:
        if self.cluster.silent:
            raise Unreachable(f'500: failed calling webhook "{self.cluster.silent}": connection refused')
        self.asked += 1
        heeded = "forbidden" in image(obj) and self.cluster.heeds and self.asked > self.cluster.late
        return not (heeded or self.cluster.refuses_all)

    async def create(self, obj: Obj) -> Obj:
        if obj["kind"] == "Pod":
            others = f"; {self.cluster.refuses_all}" if self.cluster.refuses_all else ""
            raise Rejected(f"{self.cluster.words if 'forbidden' in image(obj) else ''}{others}")
        self.created += 1
        if self.created <= self.cluster.unknown:
            raise Rejected("https://x does not serve Rule of engine/v1")
        return obj

    def control(self, what: str, **detail: Any) -> None:
        self.controls[what] = detail["refused"]


def image(obj: Obj) -> str:
    return str(obj["spec"]["containers"][0]["image"])


def judged(cluster: Cluster, **engine: Any) -> tuple[Verdict, Bench]:
    def dialect(rule: Forbidden, apis: Apis) -> tuple[Obj, ...]:
        return ({"apiVersion": "engine/v1", "kind": "Rule", "metadata": {"name": rule.name}},)

    bench = Bench(cluster)
    role = PolicyEngine(player="engine", webhook="engine.example", dialect=dialect, **engine)
    return cast(Verdict, asyncio.run(judge(engine=role, bench=cast(Workbench, bench)))), bench


def test_what_is_forbidden_is_refused_and_what_is_allowed_is_let_in() -> None:
    verdict, bench = judged(Cluster(late=1, unknown=1), labels={"look": "here"})
    assert verdict.outcome is Outcome.PASS
    assert list(bench.controls.values()) == [True, False]
    assert bench.labels == {"look": "here"}


@pytest.mark.parametrize(
    ("cluster", "because"),
    [
        (Cluster(heeds=False), "is let in"),
        (Cluster(refuses_all="the image is forbidden here"), "allows is refused by it as well"),
        (Cluster(silent="validate.engine.example"), "does not answer"),
    ],
)
def test_a_policy_that_nobody_heeds_fails(cluster: Cluster, because: str) -> None:
    verdict, _ = judged(cluster)
    assert verdict.outcome is Outcome.FAIL
    assert because in verdict.because


@pytest.mark.parametrize(
    "cluster", [Cluster(words="exceeded quota"), Cluster(unknown=1000), Cluster(silent="somebody.example")]
)
def test_what_somebody_else_refuses_says_nothing_of_the_engine(cluster: Cluster) -> None:
    with pytest.raises(CannotJudge):
        judged(cluster)


@pytest.mark.parametrize("system", [GATEKEEPER, POLICY_CONTROLLER], ids=lambda system: system.id)
def test_each_dialect_names_both_images_or_the_forbidden_one_and_the_namespace(system: System) -> None:
    (role,) = system.roles
    assert isinstance(role, PolicyEngine)
    rule = Forbidden("bench-1", "bench-1", forbidden="r.invalid/no@sha256:0", allowed="r.invalid/yes@sha256:0")
    made = role.dialect(rule, Apis(dict.fromkeys(role.creates, ("v1",))))
    text = msgspec.json.encode(made).decode()
    assert rule.forbidden in text
    assert all(obj["metadata"]["name"] for obj in made)
    assert role.labels or f'"namespaces":["{rule.namespace}"]' in text  # of no effect elsewhere


def test_another_rule_that_refuses_both_does_not_speak_against_the_engine() -> None:
    verdict, _ = judged(Cluster(refuses_all="not signed"))
    assert verdict.outcome is Outcome.PASS
    assert "by other rules of this cluster (; not signed)" in verdict.because
