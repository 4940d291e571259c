"""The verdict on an operator, by how a cluster behaves."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar, cast

import msgspec
import pytest

from seatrial.catalog.checks.operator import reconciles_good_and_refuses_wrong
from seatrial.catalog.roles import AIOperator, OperatorObjects, TrainingJob
from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.model.errors import CannotJudge, Rejected, Unreachable
from seatrial.model.fact import All, Apis, Meta, Obj
from seatrial.model.verdict import Outcome, Verdict
from seatrial.model.workbench import Condition, Observation, Workbench

SHIPS = "sea.example/ships"
DENIED = 'admission webhook "vship.sea.example" denied the request: no keel'


def dialect(job: TrainingJob, apis: Apis) -> OperatorObjects:
    good: Obj = {"apiVersion": "sea.example/v1", "kind": "Ship", "metadata": {"name": job.name}, "spec": {"keel": 1}}
    runtime: Obj = {"apiVersion": "sea.example/v1", "kind": "Dock", "metadata": {"name": job.name}}
    wrong = {**good, "spec": {}}
    return OperatorObjects(first=(runtime,), good=good, wrong=wrong, mistake="it has no keel", pods=job.pods)


OPERATOR = AIOperator(player="yard", resource=SHIPS, makes=("services", "pods"), reconciled="Afloat", dialect=dialect)


class Cluster(msgspec.Struct, kw_only=True):
    """How a cluster with an operator behaves; by default as it should."""

    established: str = "True"
    rule: str = "ships"
    authority: str = "Q0E="
    endpoints: tuple[bool, ...] | None = None  # none: the webhook is called by URL
    good_refused: str = ""
    late: int = 0  # dry runs of the good object that are refused before it is let in
    dry_refused: str = DENIED
    refused: str = DENIED
    silent: str = ""
    afloat: bool = True
    exits: int = 0
    node: str = "real"
    log: str = '{"event":"started"}'
    stays: tuple[str, ...] = ()


class Bench:
    namespace, image, window, patience = "bench", "workload:1", 1.0, 1.0
    apis: ClassVar[Apis] = Apis({SHIPS: ("v1",)})

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.objects: dict[str, list[Obj]] = {"services": [], "pods": [], SHIPS: []}
        self.asked = 0
        self.controls: dict[str, Any] = {}

    async def admits(self, obj: Obj) -> bool:
        self._is_answered()
        if obj["spec"]:
            self.asked += 1
            return not self.cluster.good_refused and self.asked > self.cluster.late
        return not self.cluster.dry_refused

    async def create(self, obj: Obj) -> Obj:
        self._is_answered()
        if obj["kind"] == "Ship":
            refused = self.cluster.good_refused if obj["spec"] else self.cluster.refused
            if refused:
                raise Rejected(refused)
            if obj["spec"]:
                self._launch(obj)
        return obj

    def _is_answered(self) -> None:
        if self.cluster.silent:
            raise Unreachable(f'500: failed calling webhook "{self.cluster.silent}": connection refused')

    def _launch(self, obj: Obj) -> None:
        conditions = [{"type": "Afloat", "status": str(self.cluster.afloat), "message": "in the dock"}]
        self.objects[SHIPS] = [{**obj, "status": {"conditions": conditions}}]
        state = {"terminated": {"exitCode": self.cluster.exits}} if self.cluster.exits else {"running": {}}
        self.objects["services"] = [{"metadata": {"name": "harbour"}}]
        self.objects["pods"] = [
            {
                "metadata": {"name": f"sailor-{number}"},
                "spec": {"nodeName": self.cluster.node},
                "status": {"containerStatuses": [{"state": state}]},
            }
            for number in range(2)
        ]

    async def read(self, resource: str, name: str) -> Obj | None:
        assert (resource, name) == ("apiextensions.k8s.io/customresourcedefinitions", "ships.sea.example")
        return {"status": {"conditions": [{"type": "Established", "status": self.cluster.established}]}}

    async def list(self, resource: str, *, selector: str = "", everywhere: bool = False) -> tuple[Obj, ...]:
        if resource.endswith("/mutatingwebhookconfigurations"):
            return ()
        if resource.endswith("/validatingwebhookconfigurations"):
            return (self._configuration(),)
        if resource.endswith("/endpointslices"):
            assert selector == "kubernetes.io/service-name=webhook"
            ready = [{"addresses": ["10.0.0.1"], "conditions": {"ready": one}} for one in self.cluster.endpoints or ()]
            return ({"metadata": {"namespace": "yard"}, "endpoints": ready},)
        return tuple(self.objects[resource])

    def _configuration(self) -> Obj:
        service = {"service": {"namespace": "yard", "name": "webhook"}}
        client: Obj = {"url": "https://127.0.0.1:1"} if self.cluster.endpoints is None else service
        rules = [{"apiGroups": ["sea.example"], "resources": [self.cluster.rule], "operations": ["CREATE"]}]
        client["caBundle"] = self.cluster.authority
        everything = [{"apiGroups": ["*"], "resources": ["*"], "operations": ["*"]}]
        return {
            "webhooks": [
                {"name": "vship.sea.example", "rules": rules, "clientConfig": client},
                {"name": "somebody.example", "rules": everything, "clientConfig": {"url": "https://127.0.0.1:2"}},
            ]
        }

    async def until(self, resource: str, condition: Condition, **_: Any) -> Observation:
        objs: Sequence[Obj] = self.objects[resource]
        return Observation(bool(condition(objs)), tuple(objs), 0.5)

    async def remove(self, resource: str, name: str) -> None:
        assert (resource, name) == (SHIPS, "good")
        self.objects = {kind: objs if kind in self.cluster.stays else [] for kind, objs in self.objects.items()}

    async def logs(self, pod: str) -> str:
        return self.cluster.log

    def note(self, what: str, **detail: Any) -> None: ...

    def control(self, what: str, **detail: Any) -> None:
        self.controls[what] = detail


NODES = All([Node(Meta(name="real")), Node(Meta(name="played", labels={"type": "kwok"}))])


def judged(bench: Bench) -> Verdict:
    judge: Any = reconciles_good_and_refuses_wrong.judge
    return cast(Verdict, asyncio.run(judge(operator=OPERATOR, nodes=NODES, bench=cast(Workbench, bench))))


def test_an_operator_that_works_passes_with_both_controls() -> None:
    bench = Bench(Cluster())
    verdict = judged(bench)
    assert verdict.outcome is Outcome.PASS
    assert "2 running pods" in verdict.because
    assert "vship.sea.example" in verdict.because
    assert list(bench.controls.values()) == [{"admitted": True}, {"refused": True, "words": DENIED}]


@pytest.mark.parametrize(
    "cluster",
    [
        Cluster(endpoints=(True, False)),
        Cluster(late=1),  # its webhook has not yet seen what the object refers to
        Cluster(rule="*"),
        Cluster(node="played", log=""),  # nothing runs there, so there is nothing to read
    ],
)
def test_what_an_operator_may_do_and_still_passes(cluster: Cluster) -> None:
    assert judged(Bench(cluster)).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("cluster", "because"),
    [
        (Cluster(established="False"), "the definition ships.sea.example is not established"),
        (Cluster(rule="boats", dry_refused="", refused=""), "no validating webhook has a rule for sea.example/ships"),
        (Cluster(dry_refused="", refused=""), "a Ship is let in although it has no keel"),
        (Cluster(refused=""), "a Ship is let in although it has no keel"),  # only the dry run refuses it
        (Cluster(authority=""), "names no authority"),
        (Cluster(endpoints=()), "the Service yard/webhook of its webhook has no ready endpoint"),
        (Cluster(endpoints=(False,)), "the Service yard/webhook of its webhook has no ready endpoint"),
        (Cluster(silent="vship.sea.example"), "its webhook vship.sea.example does not answer"),
        (Cluster(good_refused=DENIED), "a Ship that is right is refused"),
        (Cluster(afloat=False), "does not say Afloat; it says Afloat=False in the dock"),
        (Cluster(exits=1), "of the 2 pods of a Ship 0 ran"),
        (Cluster(log=""), "nothing shows that the program in sailor-0, sailor-1 ran"),
        (Cluster(stays=("pods",)), "after a Ship is deleted, 2 pods of it stay"),
    ],
)
def test_an_operator_that_does_not_work_fails_and_the_reason_is_told(cluster: Cluster, because: str) -> None:
    verdict = judged(Bench(cluster))
    assert verdict.outcome is Outcome.FAIL
    assert because in verdict.because


@pytest.mark.parametrize(
    "words",
    [
        "ships is forbidden: ValidatingAdmissionPolicy 'keels' denied request",
        'Ship "good" is invalid: spec.keel: Required value',
        'admission webhook "somebody.example" denied the request: not here',
    ],
)
def test_a_refusal_by_anybody_else_says_nothing_of_the_operator(words: str) -> None:
    with pytest.raises(CannotJudge, match="not by a webhook of its operator"):
        judged(Bench(Cluster(dry_refused=words, refused=words)))


def test_a_good_object_that_somebody_else_refuses_says_nothing_of_the_operator() -> None:
    with pytest.raises(CannotJudge, match="quota"):
        judged(Bench(Cluster(good_refused="exceeded quota")))


def test_somebody_else_s_silent_webhook_says_nothing_of_the_operator() -> None:
    with pytest.raises(Unreachable):
        judged(Bench(Cluster(silent="somebody.example")))
