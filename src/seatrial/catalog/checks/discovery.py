"""Discovery: what nodes have is found on them, and becomes labels by rules, and by nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seatrial.catalog.roles import LabelRule, NodeLabeller
from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.model.check import check
from seatrial.model.fact import All, Obj
from seatrial.model.verdict import Severity, Verdict, failed, passed, unknown
from seatrial.model.workbench import Workbench

_DOMAIN = "feature.node.kubernetes.io"


@check("discovery.rules-label-nodes-by-what-is-found", severity=Severity.MEDIUM)
async def rules_label_nodes_by_what_is_found(labeller: NodeLabeller, nodes: All[Node], bench: Workbench) -> Verdict:
    """A rule labels the nodes on which it holds, with what was found there, and no others; without the rule the labels go.

    Why: workloads choose nodes by such labels. Where nobody looks, or labels stay behind, they land on hardware that is not
    there, or wait for ever.
    Fix: see that the worker runs on each node and the master beside them, and look into the master's log for what it refused.
    """
    kernels = {node.name: node.status.node_info.kernel_version for node in nodes}
    reported = await _reported(labeller, bench)
    if not reported:
        return failed("no worker reports anything of any node")
    known = sorted(name for name in reported if kernels.get(name))
    if not known:
        return unknown(f"of the nodes that are reported ({', '.join(sorted(reported))}) none says which kernel it has")
    trial = _Trial(labeller, bench, {name: kernels[name] for name in known}, sorted(set(kernels) - set(reported)))
    problem = await trial.labels() or await trial.stops()
    return failed(problem) if problem else passed(trial.story)


async def _reported(labeller: NodeLabeller, bench: Workbench) -> frozenset[str]:
    """The nodes of which somebody says what is there."""
    reports = await bench.list(labeller.reports, everywhere=True)
    names = ((one["metadata"].get("labels") or {}).get(labeller.node_label, "") for one in reports)
    return frozenset(filter(None, names))


class _Trial:
    """One object with two rules: one holds on every node, and the other on none."""

    def __init__(
        self, labeller: NodeLabeller, bench: Workbench, kernels: Mapping[str, str], others: Sequence[str]
    ) -> None:
        self.labeller, self.bench, self.kernels, self.others = labeller, bench, kernels, others
        own = f"{_DOMAIN}/seatrial-{bench.namespace[-6:]}"  # names of labels are short
        self.rule = LabelRule(bench.namespace, f"{own}-kernel", f"{own}-never")
        self.story = ""

    async def labels(self) -> str:
        """The kernel that the node's own kubelet reports is the one that the label has to say."""
        before = await self._labelled()
        if any(before.values()):
            return f"labels of a rule that does not exist yet: {before}"
        await self.bench.create(self.labeller.dialect(self.rule, self.bench.apis))
        seen = await self.bench.until(
            "nodes",
            lambda nodes: self.kernels.keys() <= _with(nodes, self.rule.applies).keys(),
            within=self.bench.patience,
            what="every node of which something was found has the label of the rule that holds there",
        )
        said = _with(seen.objects, self.rule.applies)
        never = _with(await self.bench.list("nodes"), self.rule.never)
        self.bench.control("a rule that holds", said=said, kubelets_say=dict(self.kernels), seconds=seen.seconds)
        self.bench.control("a rule that holds nowhere", labelled=sorted(never))
        self.bench.control("nodes of which nothing was found", nodes=len(self.others))
        if missing := sorted(self.kernels.keys() - said.keys()):
            return f"after {seen.seconds:.0f} s a rule that holds has not labelled {', '.join(missing)}"
        if wrong := sorted(name for name, kernel in self.kernels.items() if said[name] != kernel):
            return f"the label of {wrong[0]} says kernel {said[wrong[0]]}, and its kubelet {self.kernels[wrong[0]]}"
        if strange := sorted({*never, *(said.keys() & set(self.others))}):
            return f"{', '.join(strange)} got a label by a rule that does not hold there"
        return ""

    async def stops(self) -> str:
        await self.bench.remove(self.labeller.rules, self.rule.name)
        gone = await self.bench.until(
            "nodes",
            lambda nodes: not _with(nodes, self.rule.applies),
            within=self.bench.patience,
            what="the labels go with their rule",
        )
        self.bench.control("without the rule", labelled=sorted(_with(gone.objects, self.rule.applies)))
        if not gone.met:
            return f"the rule is gone for {gone.seconds:.0f} s, and its label stays"
        self.story = (
            f"a rule put the kernel of {len(self.kernels)} nodes on them, as their kubelets report it; a rule that holds nowhere "
            f"labelled none; {len(self.others)} nodes of which nothing was found stayed as they were; the labels went with the rule"
        )
        return ""

    async def _labelled(self) -> Mapping[str, list[str]]:
        nodes = await self.bench.list("nodes")
        return {label: sorted(_with(nodes, label)) for label in (self.rule.applies, self.rule.never)}


def _with(nodes: Sequence[Obj], label: str) -> Mapping[str, str]:
    """The value of a label by node, where there is one."""
    found = ((node["metadata"]["name"], (node["metadata"].get("labels") or {}).get(label)) for node in nodes)
    return {name: str(value) for name, value in found if value is not None}
