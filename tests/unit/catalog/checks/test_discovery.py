"""The verdict on rules for labels, by what becomes of the labels of nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, cast

import msgspec
import pytest

from seatrial.catalog.checks.discovery import rules_label_nodes_by_what_is_found
from seatrial.catalog.roles import NodeLabeller
from seatrial.catalog.systems.kubernetes.core import Node, NodeInfo, NodeStatus
from seatrial.catalog.systems.node_feature_discovery import NODE_FEATURE_DISCOVERY, NodeFeature
from seatrial.model.fact import All, Apis, Meta, Obj
from seatrial.model.verdict import Outcome, Verdict
from seatrial.model.workbench import Condition, Observation, Workbench

(LABELLER,) = NODE_FEATURE_DISCOVERY.roles
KERNEL = "6.12.0-lab"


class Cluster(msgspec.Struct, kw_only=True):
    """How labels follow rules; by default as they should. There is a node with a worker, and one without."""

    reports: tuple[str, ...] = ("looked-at",)
    follows: bool = True
    says: str = KERNEL
    never: bool = False  # the rule that holds nowhere labels, too
    everywhere: bool = False  # nodes of which nothing is known are labelled, too
    stays: bool = False
    early: bool = False  # its labels are there before the rule


class Bench:
    namespace, image, window, patience = "seatrial-discovery-abc123", "workload:1", 1.0, 1.0
    apis: ClassVar[Apis] = Apis({"nfd.k8s-sigs.io/nodefeaturerules": ("v1alpha1",)})

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.labels: dict[str, str] = {}
        self.rule: Obj = {}
        self.active = cluster.early
        self.controls: dict[str, Any] = {}

    async def create(self, obj: Obj) -> Obj:
        self.rule, self.active = obj, self.cluster.follows
        return obj

    async def remove(self, resource: str, name: str) -> None:
        assert (resource, name) == ("nfd.k8s-sigs.io/nodefeaturerules", self.namespace)
        self.active = self.cluster.stays

    def _nodes(self) -> list[Obj]:
        own = "feature.node.kubernetes.io/seatrial-abc123"
        labels = {f"{own}-kernel": self.cluster.says} | ({f"{own}-never": "true"} if self.cluster.never else {})
        reached = {"looked-at", "unknown"} if self.cluster.everywhere else {"looked-at"}
        return [
            {"metadata": {"name": name, "labels": labels if self.active and name in reached else {}}}
            for name in ("looked-at", "unknown")
        ]

    async def list(self, resource: str, *, everywhere: bool = False) -> tuple[Obj, ...]:
        if resource == "nodes":
            return tuple(self._nodes())
        assert (resource, everywhere) == (NodeFeature.of, True)
        return tuple(
            {"metadata": {"name": name, "labels": {"nfd.node.kubernetes.io/node-name": name}}}
            for name in self.cluster.reports
        )

    async def until(self, resource: str, condition: Condition, **_: Any) -> Observation:
        found: Sequence[Obj] = self._nodes()
        return Observation(bool(condition(found)), tuple(found), 0.1)

    def control(self, what: str, **detail: Any) -> None:
        self.controls[what] = detail


def node(name: str, kernel: str) -> Node:
    return Node(metadata=Meta(name=name), status=NodeStatus(node_info=NodeInfo(kernel_version=kernel)))


async def judged(cluster: Cluster, kernel: str = KERNEL) -> tuple[Verdict, Bench]:
    assert isinstance(LABELLER, NodeLabeller)
    bench, nodes = Bench(cluster), All([node("looked-at", kernel), node("unknown", "other")])
    judge = cast(Any, rules_label_nodes_by_what_is_found.judge)
    return await judge(labeller=LABELLER, nodes=nodes, bench=cast(Workbench, bench)), bench


async def test_labels_come_and_go_with_the_rule() -> None:
    verdict, bench = await judged(Cluster())
    assert verdict.outcome is Outcome.PASS
    assert "the kernel of 1 nodes" in verdict.because
    assert bench.controls["a rule that holds"]["said"] == {"looked-at": KERNEL}
    assert bench.controls["a rule that holds nowhere"] == {"labelled": []}
    assert bench.controls["without the rule"] == {"labelled": []}


async def test_the_names_of_its_labels_are_short_enough_for_kubernetes() -> None:
    _, bench = await judged(Cluster())
    labels = [label for rule in bench.rule["spec"]["rules"] for label in rule["labels"]]
    assert len(labels) == 2
    assert all(len(label.partition("/")[2]) <= 63 for label in labels)


@pytest.mark.parametrize(
    ("cluster", "says"),
    [
        (Cluster(reports=()), "no worker reports"),
        (Cluster(follows=False), "has not labelled looked-at"),
        (Cluster(says="4.19"), "the label of looked-at says kernel 4.19"),
        (Cluster(never=True), "looked-at got a label by a rule that does not hold there"),
        (Cluster(everywhere=True), "unknown got a label"),
        (Cluster(stays=True), "its label stays"),
        (Cluster(early=True), "labels of a rule that does not exist yet"),
    ],
)
async def test_what_a_labeller_can_have_wrong(cluster: Cluster, says: str) -> None:
    verdict, _ = await judged(cluster)
    assert (verdict.outcome, says in verdict.because) == (Outcome.FAIL, True), verdict.because


async def test_a_node_that_does_not_say_its_kernel_shows_nothing() -> None:
    assert (await judged(Cluster(), kernel=""))[0].outcome is Outcome.UNKNOWN
