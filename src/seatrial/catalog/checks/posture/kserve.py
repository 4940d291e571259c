"""KServe: whether what an InferenceService asks for is heeded in the mode in which it runs.

KServe runs a service by Knative, or by a Deployment of its own (Standard, once RawDeployment), and each mode passes over some of the
fields of the other. Severities: traffic that does not go where it is said to, and servers that cannot start, are high. Scaling that
follows another number than its author believes is medium, or low where that only should be said.
"""

from __future__ import annotations

from typing import Any

from seatrial.catalog.checks.posture.naming import some
from seatrial.catalog.systems.knative import METRIC, TARGET
from seatrial.catalog.systems.kserve import (
    AUTOSCALER,
    MODE,
    ClusterServingRuntime,
    InferenceService,
    LLMInferenceService,
    Serving,
    ServingRuntime,
)
from seatrial.catalog.systems.kubernetes.core import is_accelerator
from seatrial.catalog.systems.kubernetes.pods import Amounts
from seatrial.kit.quantity import whole
from seatrial.model.check import check
from seatrial.model.fact import All
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown

_KNATIVE, _STANDARD = ("Knative", "Serverless"), ("Standard", "RawDeployment")
_NOT_BY_KSERVE = ("none", "external")


@check("kserve.canaries-fit-their-mode", severity=Severity.HIGH)
def canaries_fit_their_mode(service: InferenceService) -> Verdict:
    """A canary is asked for in the way that its mode heeds.

    Why: `predictor.canaryTrafficPercent` is heeded by Knative alone, `spec.canary` by Standard alone (since KServe 0.20). In the other mode
    all traffic goes to the new version at once.
    Fix: use the field of the mode in `status.deploymentMode`, or set the annotation `serving.kserve.io/deploymentMode`.
    """
    spec = service.spec
    asked = [field for field, there in _asked(service).items() if there]
    if not asked:
        return not_applicable("it has no canary")
    mode = _mode(service)
    if mode not in (*_KNATIVE, *_STANDARD):
        return unknown(f"it asks by {some(asked)}, and nobody has said in which mode it runs")
    wrong = spec.predictor.canary_traffic_percent is not None if mode in _STANDARD else bool(spec.canary)
    return failed(f"{some(asked)} is not heeded in mode {mode}") if wrong else passed(f"{some(asked)} in mode {mode}")


@check("kserve.annotations-are-heeded", severity=Severity.MEDIUM)
def annotations_are_heeded(service: InferenceService) -> Verdict:
    """An InferenceService that is scaled by Knative's annotations runs by Knative.

    Why: in Standard mode `autoscaling.knative.dev/target` is passed over. KServe makes a HorizontalPodAutoscaler on cpu instead, which no
    model on an accelerator uses.
    Fix: set `predictor.autoScaling.metrics` with a metric from outside (by KEDA), or run it by Knative.
    """
    if TARGET not in service.metadata.annotations and METRIC not in service.metadata.annotations:
        return not_applicable("it has no annotation of Knative's autoscaler")
    mode = _mode(service)
    if mode in _STANDARD:
        return failed(f"its annotations are not heeded in mode {mode}")
    return (
        passed(f"they are heeded in mode {mode}")
        if mode in _KNATIVE
        else unknown("nobody has said in which mode it runs")
    )


@check("kserve.targets-name-their-metric", severity=Severity.LOW)
def targets_name_their_metric(service: InferenceService) -> Verdict:
    """A target for scaling says what it counts.

    Why: `target: 1` is no request per second. Without a metric it means one request at a time for each replica with Knative, and 1 % of
    the processor in Standard mode.
    Fix: set `predictor.scaleMetric` (concurrency, rps, cpu, memory) beside `scaleTarget`, or `autoscaling.knative.dev/metric`.
    """
    notes, predictor = service.metadata.annotations, service.spec.predictor
    if TARGET not in notes and predictor.scale_target is None:
        return not_applicable("it has no target")
    metric = predictor.scale_metric or notes.get(METRIC, "")
    target = predictor.scale_target if predictor.scale_target is not None else notes.get(TARGET, "")[:20]
    return passed(f"{target} of {metric}") if metric else failed(f"its target is {target}, of nothing that is named")


@check("kserve.accelerators-are-not-scaled-by-cpu", severity=Severity.HIGH)
def accelerators_are_not_scaled_by_cpu(service: InferenceService) -> Verdict:
    """In Standard mode, a predictor with accelerators that may grow says by what.

    Why: KServe makes a HorizontalPodAutoscaler on 80 % of the processor unless it is told otherwise, and `scaleMetric` knows no more than cpu
    and memory in this mode. The processor idles while requests wait.
    Fix: set `serving.kserve.io/autoscalerClass: keda` with `predictor.autoScaling.metrics`, by `vllm:num_requests_waiting` or its like.
    """
    predictor = service.spec.predictor
    if not _uses_accelerators(service):
        return not_applicable("its predictor asks for no accelerators")
    if _mode(service) in _KNATIVE:
        return not_applicable("Knative scales it by requests")
    if _mode(service) not in _STANDARD:
        return unknown("nobody has said in which mode it runs")
    if service.metadata.annotations.get(AUTOSCALER, "") in _NOT_BY_KSERVE:
        return not_applicable("it is told to leave scaling to others")
    least = 1 if predictor.min_replicas is None else predictor.min_replicas
    if predictor.max_replicas <= least:
        return not_applicable(f"it has {least} replicas at any time")
    metrics: Any = (predictor.auto_scaling or {}).get("metrics")
    kinds = (
        {str(one.get("type", "")) for one in metrics if isinstance(one, dict)} if isinstance(metrics, list) else set()
    )
    if own := kinds - {"Resource", ""}:
        return passed(f"by {some(own)}")
    return failed(f"up to {predictor.max_replicas} replicas by {predictor.scale_metric or 'cpu'}")


@check("kserve.models-on-accelerators-stay-loaded", severity=Severity.MEDIUM)
def models_on_accelerators_stay_loaded(service: InferenceService) -> Verdict:
    """A predictor with accelerators keeps one replica.

    Why: with `minReplicas: 0` the first request after a quiet time waits for a node, an image and a model, which takes longer than callers wait.
    Fix: set `minReplicas: 1`. Where waiting is worth what it saves, accept this finding.
    """
    if not _uses_accelerators(service):
        return not_applicable("its predictor asks for no accelerators")
    least = service.spec.predictor.min_replicas
    return (
        failed("its last replica goes when it is quiet")
        if least == 0
        else passed(f"{1 if least is None else least} at least")
    )


@check("kserve.named-runtimes-are-there", severity=Severity.HIGH)
def named_runtimes_are_there(
    service: InferenceService, own: All[ServingRuntime], shared: All[ClusterServingRuntime]
) -> Verdict:
    """The runtime that an InferenceService names is there, and enabled.

    Why: without it no server is made, and the service never becomes ready.
    Fix: create the ServingRuntime in its namespace or a ClusterServingRuntime, or leave `model.runtime` out to have one chosen by format.
    """
    model = service.spec.predictor.model
    if model is None or not model.runtime:
        return not_applicable("it names none")
    here: list[ServingRuntime | ClusterServingRuntime] = [one for one in shared if one.name == model.runtime]
    here += [one for one in own if (one.metadata.namespace, one.name) == (service.metadata.namespace, model.runtime)]
    found = here[-1] if here else None  # its own namespace's goes first
    if found is None:
        return failed(f"{model.runtime} is not there")
    return failed(f"{found.subject} is disabled") if found.spec.disabled else passed(f"{found.subject} is there")


@check("kserve.models-are-split-over-devices-they-have", severity=Severity.HIGH)
def models_are_split_over_devices_they_have(service: LLMInferenceService) -> Verdict:
    """The servers of an LLMInferenceService have as many accelerators as their model is split over.

    Why: with `parallelism.tensor: 4` and one device for each pod, the server ends as it starts; with more devices than parts, the rest idles.
    Fix: set the limit of the `main` container in `spec.template` (and `spec.worker`) to the same number, or leave it to KServe.
    """
    told: list[str] = []
    for phase, serving in {"decode": service.spec, "prefill": service.spec.prefill}.items():
        tensor = serving.parallelism.tensor if serving is not None and serving.parallelism is not None else None
        devices = _devices(serving) if serving is not None else 0
        if tensor is None or not devices:
            continue
        if tensor != devices:
            return failed(f"{phase}: split over {tensor}, and its pods have {devices}")
        told.append(f"{phase}: {tensor} of {devices}")
    return (
        passed("; ".join(told))
        if told
        else not_applicable("it does not say both how it is split and what its pods have")
    )


def _asked(service: InferenceService) -> dict[str, bool]:
    return {
        "predictor.canaryTrafficPercent": service.spec.predictor.canary_traffic_percent is not None,
        "spec.canary": bool(service.spec.canary),
    }


def _mode(service: InferenceService) -> str:
    """As KServe says, or as it was told for this one."""
    return service.status.deployment_mode or service.metadata.annotations.get(MODE, "")


def _uses_accelerators(service: InferenceService) -> bool:
    predictor = service.spec.predictor
    asked: list[Amounts] = [
        amounts for one in predictor.containers for amounts in (one.resources.requests, one.resources.limits)
    ]
    if predictor.model is not None:
        asked += [predictor.model.resources.requests, predictor.model.resources.limits]
    return any(is_accelerator(name) for amounts in asked for name in amounts)


def _devices(serving: Serving) -> int:
    """Of its first container that asks for any; the template is kept as it came."""
    containers: Any = (serving.template or {}).get("containers")
    for one in containers if isinstance(containers, list) else ():
        resources = one.get("resources") if isinstance(one, dict) else None
        limits = resources.get("limits") if isinstance(resources, dict) else None
        for name, amount in limits.items() if isinstance(limits, dict) else ():
            if is_accelerator(str(name)):
                try:
                    return whole(amount)
                except ValueError:
                    return 0
    return 0
