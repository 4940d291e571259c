"""Bursts: whether a service with accelerators has replicas in time when many come at once, and keeps them while a node goes.

Severities: an autoscaler that follows the wrong number, or none, fails its users in every burst, so it is high. What only bounds
how far or how well it goes is medium. What merely wastes or surprises is low. Thresholds that name no source are proposals.
"""

from __future__ import annotations

from seatrial.catalog.checks.posture.naming import some
from seatrial.catalog.checks.posture.serving import serves
from seatrial.catalog.systems.kubernetes.autoscaling import COMPUTE, HorizontalPodAutoscaler
from seatrial.catalog.systems.kubernetes.disruption import PodDisruptionBudget
from seatrial.catalog.systems.kubernetes.governance import ResourceQuota
from seatrial.catalog.views.accelerator_nodes import AcceleratorNode
from seatrial.catalog.views.autoscaled import Autoscaled
from seatrial.catalog.views.workloads import Workload
from seatrial.kit.quantity import parse
from seatrial.model.check import check
from seatrial.model.fact import All
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown

_NOT_OURS = "what it scales has no accelerators"
_UNSEEN = "what it scales was not read"
_SHORTEST = 60  # seconds for which a lower wish has to last; a proposal, as long as a small model takes to load
_GROWS = "karpenter.sh/nodepool"


@check("bursts.autoscalers-follow-the-accelerators-work", severity=Severity.HIGH)
def autoscalers_follow_the_accelerators_work(one: Autoscaled) -> Verdict:
    """A workload with accelerators is scaled by a number of its own work, not by cpu and memory alone.

    Why: its work is done on the accelerator. The processor idles in the middle of a burst, and the autoscaler sees no reason.
    Fix: scale by requests that wait, such as `vllm:num_requests_waiting`, or by `vllm:kv_cache_usage_perc`, through KEDA or
    prometheus-adapter; for LLMs not by `DCGM_FI_DEV_GPU_UTIL`, which is 100 % at any load.
    """
    if one.workload is None:
        return unknown(_UNSEEN)
    if not one.workload.uses_accelerators:
        return not_applicable(_NOT_OURS)
    follows = one.scaler.spec.follows
    if all(name in COMPUTE for name in follows):
        return failed(f"it follows {some(follows)} alone")
    return passed(f"it follows {some(name for name in follows if name not in COMPUTE)}")


@check("bursts.autoscalers-read-their-metric", severity=Severity.HIGH)
def autoscalers_read_their_metric(one: Autoscaled) -> Verdict:
    """An autoscaler can read the numbers that it follows.

    Why: while it cannot, it leaves the number of replicas as it is, whatever comes.
    Fix: `kubectl describe hpa` tells the reason: FailedGetExternalMetric and FailedGetPodsMetric are about the adapter (its APIService,
    its rule, its Prometheus query), FailedGetResourceMetric about metrics-server.
    """
    if not one.scaler.metadata.uid:
        return not_applicable("it stands in a file, and runs nowhere yet")
    active = one.scaler.status.condition("ScalingActive")
    if active is None:
        return unknown("no controller has said whether it works")
    if active.status == "True":
        return passed(f"it reads {some(one.scaler.spec.follows)}")
    if active.reason == "ScalingDisabled":
        return not_applicable("it has been turned off by setting its target to 0 replicas")
    return failed(f"it does not ({active.reason}): {active.message[:300]}")


@check("bursts.autoscalers-have-a-target", severity=Severity.HIGH)
def autoscalers_have_a_target(one: Autoscaled) -> Verdict:
    """What an autoscaler scales is there.

    Why: it scales nothing, and whoever made it believes that bursts are taken care of.
    Fix: correct `spec.scaleTargetRef` (kind, name, and apiVersion with its group), or delete the autoscaler.
    """
    if one.workload is not None:
        return passed(f"it scales {one.workload.subject}")
    if one.is_live:
        return failed(f"{one.scaler.target} is not there")
    return unknown(f"{one.scaler.target} was not read")


@check("bursts.one-autoscaler-for-each-workload", severity=Severity.MEDIUM)
def one_autoscaler_for_each_workload(one: Autoscaled) -> Verdict:
    """No two autoscalers scale one workload.

    Why: each undoes what the other did, and replicas that have just loaded their model are ended again.
    Fix: keep one, with all metrics in it: it takes the largest answer. KEDA makes one of its own for each ScaledObject.
    """
    if one.rivals:
        return failed(f"{some(one.rivals)} scales {one.scaler.target}, too")
    return passed(f"no other autoscaler scales {one.scaler.target}")


@check("bursts.autoscalers-have-room", severity=Severity.LOW)
def autoscalers_have_room(one: Autoscaled) -> Verdict:
    """The largest number of replicas is above the smallest.

    Why: where both are the same nothing is ever scaled.
    Fix: raise `spec.maxReplicas`, or delete the autoscaler.
    """
    least, most = _least(one.scaler), one.scaler.spec.max_replicas
    if least < most:
        return passed(f"{least} to {most} replicas")
    return failed(f"at least {least} and at most {most} replicas")


@check("bursts.largest-size-fits", severity=Severity.MEDIUM)
def largest_size_fits(one: Autoscaled, quotas: All[ResourceQuota], nodes: All[AcceleratorNode]) -> Verdict:
    """Quota and nodes have room for the largest number of replicas.

    Why: in the burst for which it was set, the last replicas are refused by quota or wait for a node.
    Fix: raise `requests.<resource>` in the ResourceQuota, add nodes, or lower `maxReplicas`.
    """
    if one.workload is None:
        return unknown(_UNSEEN)
    if not one.workload.uses_accelerators:
        return not_applicable(_NOT_OURS)
    if not one.workload.accelerators:
        return unknown("it asks by claims, whose devices are not counted here")
    most = one.scaler.spec.max_replicas
    for name, each in one.workload.accelerators.items():
        need = most * each
        for quota in quotas:
            hard = quota.spec.hard.get(f"requests.{name}")
            if quota.metadata.namespace == one.workload.namespace and hard is not None and need > parse(hard):
                return failed(f"{most} replicas need {need} × {name}, and {quota.subject} allows {hard}")
        offered = sum(node.resources.get(name, 0) for node in nodes)
        if need > offered:
            told = f"{most} replicas need {need} × {name}, and device plugins offer {offered}"
            if any(node.claimable(name) for node in nodes):
                return unknown(f"{told}; DRA offers more, and whether under this name was not read")
            grows = any(_GROWS in node.labels for node in nodes)
            return unknown(f"{told}; Karpenter may bring more") if grows else failed(told)
    return passed(f"{most} replicas fit quota and nodes")


@check("bursts.scaling-down-waits", severity=Severity.MEDIUM)
def scaling_down_waits(one: Autoscaled) -> Verdict:
    """A workload with accelerators is not made smaller by the first quiet moment.

    Why: a replica takes minutes to load its model. If it is ended between two waves of a burst, the second wave finds it loading.
    Fix: leave `behavior.scaleDown.stabilizationWindowSeconds` at its 300, or set 60 at least, which is a proposal. In KEDA it stands
    below `advanced.horizontalPodAutoscalerConfig`; `cooldownPeriod` is only about the way from one replica to none.
    """
    if one.workload is None:
        return unknown(_UNSEEN)
    if not one.workload.uses_accelerators:
        return not_applicable(_NOT_OURS)
    down = one.scaler.spec.behavior.scale_down
    if down is not None and down.select_policy == "Disabled":
        return passed("it is never made smaller")
    window = down.stabilization_window_seconds if down is not None else None
    if window is None:
        return passed("a lower wish has to last for 300 s, which is what Kubernetes does unless it is told otherwise")
    return passed(f"a lower wish has to last for {window} s") if window >= _SHORTEST else failed(f"after {window} s")


@check("bursts.servers-have-a-second-replica", severity=Severity.MEDIUM)
def servers_have_a_second_replica(workload: Workload, scalers: All[HorizontalPodAutoscaler]) -> Verdict:
    """A service with accelerators has two replicas at least.

    Why: when its node is drained or its device fails, nobody is answered until another replica has loaded its model.
    Fix: set `replicas: 2` (or `minReplicas: 2`), and spread them over nodes.
    """
    if not serves(workload):
        return not_applicable("it is no service with accelerators")
    named = (one for one in scalers if one.spec.scale_target_ref.name == workload.name)
    scaler = next((one for one in named if one.target == workload.subject), None)
    least = _least(scaler) if scaler is not None else workload.wanted
    if least == 0:
        return not_applicable("it is at rest, with no replica")
    return passed(f"{least} replicas at least") if least > 1 else failed("one replica alone")


@check("bursts.servers-have-a-budget", severity=Severity.MEDIUM)
def servers_have_a_budget(workload: Workload, budgets: All[PodDisruptionBudget]) -> Verdict:
    """A service with accelerators and several replicas has a PodDisruptionBudget.

    Why: an upgrade that drains several nodes takes all of its replicas at once, and each needs minutes to come back.
    Fix: create one with `maxUnavailable: 1` whose selector fits its pods.
    """
    if not serves(workload) or workload.wanted < 2:
        return not_applicable("it is no service with accelerators and several replicas")
    found = [one.name for one in budgets if one.covers(workload.namespace, dict(workload.labels))]
    return passed(f"{some(found)} covers its {workload.wanted} replicas") if found else failed("no budget covers it")


@check("bursts.budgets-let-nodes-be-drained", severity=Severity.MEDIUM)
def budgets_let_nodes_be_drained(workload: Workload, budgets: All[PodDisruptionBudget]) -> Verdict:
    """No PodDisruptionBudget forbids to take a single pod of a workload with accelerators.

    Why: then no node of it can be drained, so that driver upgrades stand still and autoscalers keep nodes that nobody needs.
    Fix: allow one: `maxUnavailable: 1`. A training job that must not be moved is better held by its own priority and queue.
    """
    found = [one for one in budgets if one.covers(workload.namespace, dict(workload.labels))]
    if not workload.uses_accelerators or not found:
        return not_applicable("it has no accelerators, or no budget covers it")
    strict = [one.name for one in found if _allows_none(one, workload.wanted)]
    if strict:
        return failed(f"{some(strict)} lets none of its {workload.wanted} pods go")
    return passed(f"{some(one.name for one in found)} lets a pod go")


def _least(scaler: HorizontalPodAutoscaler) -> int:
    return 1 if scaler.spec.min_replicas is None else scaler.spec.min_replicas


def _allows_none(budget: PodDisruptionBudget, pods: int) -> bool:
    if not pods:
        return False
    if budget.spec.max_unavailable is not None:
        return str(budget.spec.max_unavailable) in ("0", "0%")
    least = budget.spec.min_available
    return least == "100%" or (isinstance(least, int) and least >= pods)
