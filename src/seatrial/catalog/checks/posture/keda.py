"""KEDA: whether a ScaledObject follows what it is meant to follow, also when the number that it asks for is not there.

Severities: a query that counts others' work, or a metric that nobody exports, scales by a wrong number in every burst: high. What shows
only when Prometheus fails, or when the last replica goes, is medium.
"""

from __future__ import annotations

import re

from seatrial.catalog.checks.posture.naming import some
from seatrial.catalog.systems.keda import ScaledObject, Trigger
from seatrial.catalog.systems.kubernetes.autoscaling import COMPUTE
from seatrial.catalog.views.event_scaled import EventScaled
from seatrial.model.check import check
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown

_PROMETHEUS = "prometheus"
_COOLDOWN, _SHORTEST = 300, 60  # seconds: KEDA's default, and a proposal for the way down
_MATCHER = re.compile(r"""([a-zA-Z_][a-zA-Z0-9_]*)\s*(?:=~|=)\s*["']([^"']+)["']""")
_ANYTHING = (".*", ".+")
_READ = 10_000  # characters of one query that are looked at
# Names that are passed on, and that nothing exports any more or ever did; and what is there instead.
_RENAMED = {
    "vllm:avg_generation_throughput_toks_per_s": "rate(vllm:generation_tokens_total)",
    "vllm:avg_generation_throughput": "rate(vllm:generation_tokens_total)",
    "vllm:gpu_cache_usage_perc": "vllm:kv_cache_usage_perc",
    "vllm:time_per_output_token_seconds": "vllm:inter_token_latency_seconds",
    "vllm:queue_size": "vllm:num_requests_waiting",
    "vllm_queue_size": "vllm:num_requests_waiting",
    "queue_size": "vllm:num_requests_waiting",
    "gen_ai_server_ttft": "gen_ai_server_time_to_first_token_seconds",
}
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_MISSPELT = "DCGM_FL_"
_UNSEEN = "what it scales was not read"


@check("keda.queries-are-scoped", severity=Severity.HIGH)
def queries_are_scoped(one: ScaledObject) -> Verdict:
    """A query of a ScaledObject is about what it scales, and not about everything of that name.

    Why: `sum(vllm:num_requests_waiting)` adds up every team's queue. One busy service scales all of them.
    Fix: add a label to each metric of the query, such as `{namespace="team",pod=~"server-.+"}` or `{model_name="…"}`.
    """
    queries = _queries(one)
    if not queries:
        return not_applicable("it asks no Prometheus")
    for query in queries:
        if not any(label != "__name__" and value not in _ANYTHING for label, value in _MATCHER.findall(query)):
            return failed(f"no label narrows {query[:200]!r}")
    labels = {label for query in queries for label, _ in _MATCHER.findall(query)} - {"__name__"}
    return passed(f"{len(queries)} queries are narrowed by {some(labels)}")


@check("keda.metrics-have-todays-names", severity=Severity.HIGH)
def metrics_have_todays_names(one: ScaledObject) -> Verdict:
    """A ScaledObject asks for metrics under the names that are exported today.

    Why: a query for a name that nobody exports answers nothing, and KEDA takes nothing for 0: the service is never scaled out.
    Fix: for what waits in vLLM ask for `vllm:num_requests_waiting`, for its cache `vllm:kv_cache_usage_perc`; NVIDIA's begin with
    `DCGM_FI_`.
    """
    queries = _queries(one)
    if not queries:
        return not_applicable("it asks no Prometheus")
    names = {name for query in queries for name in _NAME.findall(re.sub(r"""["'][^"']*["']""", "", query))}
    old = [f"{name} (now {_RENAMED[name]})" for name in names if name in _RENAMED]
    old += [f"{name} (DCGM_FI_…)" for name in names if name.startswith(_MISSPELT)]
    return failed(f"nothing exports {some(old)}") if old else passed("none of its metrics is known to have gone")


@check("keda.missing-metrics-are-errors", severity=Severity.MEDIUM)
def missing_metrics_are_errors(one: ScaledObject) -> Verdict:
    """When a query answers nothing, KEDA takes that for an error and not for 0.

    Why: `ignoreNullValues` is true unless it is told otherwise. When the exporter fails in a burst, or a label changes, the service is
    scaled down to its minimum, and nobody is told.
    Fix: set `ignoreNullValues: "false"` in the trigger's metadata, and `fallback.replicas` for as long as it lasts.
    """
    triggers = _asking(one)
    if not triggers:
        return not_applicable("it asks no Prometheus")
    bad = [trigger for trigger in triggers if trigger.metadata.get("ignoreNullValues", "true").lower() != "false"]
    told = f"{len(bad)} of {len(triggers)} triggers take a missing metric for 0"
    return failed(told) if bad else passed("a missing metric is an error")


@check("keda.failures-have-a-fallback", severity=Severity.MEDIUM)
def failures_have_a_fallback(one: ScaledObject) -> Verdict:
    """A ScaledObject says how many replicas there are while its numbers cannot be had.

    Why: without it, the number stays where it was when Prometheus failed, through every burst until it is back.
    Fix: set `fallback: {failureThreshold: 3, replicas: N}` with what a usual day needs.
    """
    if not any(trigger.type not in COMPUTE for trigger in one.spec.triggers):
        return not_applicable("KEDA has no fallback for cpu and memory")
    fallback = one.spec.fallback
    if fallback is None:
        return failed("it has no fallback")
    least = one.spec.min_replica_count or 0
    if fallback.replicas < max(least, 1):
        return failed(f"its fallback is {fallback.replicas} replicas, and at least {least} are wanted at any time")
    return passed(f"{fallback.replicas} replicas after {fallback.failure_threshold} failures")


@check("keda.last-replicas-stay-a-while", severity=Severity.MEDIUM)
def last_replicas_stay_a_while(one: EventScaled) -> Verdict:
    """Where the last replica with accelerators may go, it stays for five minutes after the last request.

    Why: the next request waits for a node, an image and a model. `cooldownPeriod` is about this step alone, and `minReplicaCount` is 0
    unless it is set.
    Fix: leave `cooldownPeriod` at its 300 or raise it, or set `minReplicaCount: 1`.
    """
    if one.workload is None:
        return unknown(_UNSEEN)
    if not one.workload.uses_accelerators:
        return not_applicable("what it scales has no accelerators")
    spec = one.scaled.spec
    if spec.min_replica_count:
        return passed(f"{spec.min_replica_count} replicas at least")
    period = _COOLDOWN if spec.cooldown_period is None else spec.cooldown_period
    told = f"after {period} s without work its last replica goes"
    return failed(told) if period < _COOLDOWN else passed(told)


@check("keda.scaling-down-waits", severity=Severity.MEDIUM)
def scaling_down_waits(one: EventScaled) -> Verdict:
    """A ScaledObject in a file does not make its HorizontalPodAutoscaler let go in the first quiet moment.

    Why: a replica takes minutes to load its model, and the second wave of a burst finds it gone. In a cluster the HorizontalPodAutoscaler
    itself is judged (`bursts.scaling-down-waits`).
    Fix: leave `advanced.horizontalPodAutoscalerConfig.behavior.scaleDown.stabilizationWindowSeconds` at its 300, or set 60 at least,
    which is a proposal.
    """
    if one.scaled.metadata.uid:
        return not_applicable("KEDA has made a HorizontalPodAutoscaler of it, which is judged instead")
    if one.workload is None:
        return unknown(_UNSEEN)
    if not one.workload.uses_accelerators:
        return not_applicable("what it scales has no accelerators")
    down = one.scaled.spec.advanced.horizontal_pod_autoscaler_config.behavior.scale_down
    window = down.stabilization_window_seconds if down is not None else None
    if window is None:
        return passed("a lower wish has to last for 300 s, which is what Kubernetes does unless it is told otherwise")
    return passed(f"a lower wish has to last for {window} s") if window >= _SHORTEST else failed(f"after {window} s")


def _asking(one: ScaledObject) -> list[Trigger]:
    return [trigger for trigger in one.spec.triggers if trigger.type == _PROMETHEUS]


def _queries(one: ScaledObject) -> list[str]:
    return [query[:_READ] for trigger in _asking(one) if (query := trigger.metadata.get("query", ""))]
