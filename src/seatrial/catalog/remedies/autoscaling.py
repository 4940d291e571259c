"""How autoscalers of services with accelerators let go, and what they do while their numbers cannot be had."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from seatrial.catalog.remedies.parts import OVER, YOURS, part, served_as
from seatrial.catalog.systems.keda import ScaledObject
from seatrial.catalog.systems.kubernetes.autoscaling import HorizontalPodAutoscaler
from seatrial.catalog.views.autoscaled import Autoscaled
from seatrial.catalog.views.event_scaled import EventScaled
from seatrial.model.fact import Obj, Snapshot
from seatrial.model.remedy import Fix, Remedy
from seatrial.model.verdict import Finding

_WAITS = "bursts.scaling-down-waits"
_SECOND = "bursts.servers-have-a-second-replica"
_NULLS, _FALLBACK = "keda.missing-metrics-are-errors", "keda.failures-have-a-fallback"
_LAST, _IN_FILE = "keda.last-replicas-stay-a-while", "keda.scaling-down-waits"
_WINDOW = 300  # seconds, which is what Kubernetes and KEDA do unless they are told otherwise
_DOWN = {"behavior": {"scaleDown": {"stabilizationWindowSeconds": _WINDOW}}}


def _steady(snapshot: Snapshot, findings: Sequence[Finding]) -> Fix:
    failing = {(one.check, one.subject) for one in findings}
    version = served_as(snapshot, HorizontalPodAutoscaler.of, "v2")
    made: list[Obj] = []
    answered: set[tuple[str, str]] = set()
    for one in sorted(snapshot.all(Autoscaled), key=lambda each: each.subject):
        if _maker(one.scaler) is not None:
            continue  # it is KEDA's, which would set it back
        spec: Obj = {}
        if (_WAITS, one.subject) in failing:
            spec |= _DOWN
            answered.add((_WAITS, one.subject))
        if (_SECOND, one.scaler.target) in failing and one.scaler.spec.max_replicas > 1:
            spec["minReplicas"] = 2
            answered.add((_SECOND, one.scaler.target))
        if spec:
            made.append(part(one.scaler, "HorizontalPodAutoscaler", version, spec))
    return Fix(
        enforce=tuple(made),
        about=tuple(one for one in findings if (one.check, one.subject) in answered),
    )


def _maker(scaler: HorizontalPodAutoscaler) -> str | None:
    """The ScaledObject that KEDA made it of."""
    owner = scaler.metadata.controller
    return owner.name if owner is not None and owner.kind == "ScaledObject" else None


STEADY_AUTOSCALERS = Remedy(
    id="steady-autoscalers",
    title="Autoscalers let go of replicas with accelerators after five quiet minutes, and keep two",
    why=(
        "A replica needs minutes to load its model. One that is ended between two waves of a burst is missed in the second, and one"
        " alone is missed whenever its node is drained."
    ),
    effect=(
        f"A lower wish has to last for {_WINDOW} s before a replica goes, which keeps accelerators busy for that much longer."
        " Services that fell to one replica keep two: it costs another replica's accelerators, day and night, so strike"
        f" `minReplicas` where one is enough. {OVER}"
    ),
    undo=YOURS,
    cures=(_WAITS, _SECOND),
    reads=(Autoscaled,),
    render=_steady,
)


def _events(snapshot: Snapshot, findings: Sequence[Finding]) -> Fix:
    failing: dict[str, set[str]] = {}
    made_of = {one.subject: _source(one.scaler) for one in snapshot.all(Autoscaled)}
    for finding in findings:
        subject = made_of.get(finding.subject, "") if finding.check == _WAITS else finding.subject
        failing.setdefault(subject, set()).add(finding.check)
    version = served_as(snapshot, ScaledObject.of, "v1alpha1")
    scaled = {one.subject: one for one in snapshot.all(EventScaled)}
    known = sorted(set(failing) & set(scaled))
    return Fix(
        enforce=tuple(
            part(scaled[subject].scaled, "ScaledObject", version, _spec(scaled[subject], failing[subject]))
            for subject in known
        ),
        about=tuple(one for one in findings if {one.subject, made_of.get(one.subject, "")} & set(known)),
    )


def _source(scaler: HorizontalPodAutoscaler) -> str:
    name = _maker(scaler)
    return "/".join((ScaledObject.of, scaler.metadata.namespace, name)) if name else ""


def _spec(one: EventScaled, failing: set[str]) -> Obj:
    spec: Obj = {}
    if failing & {_WAITS, _IN_FILE}:
        spec["advanced"] = {"horizontalPodAutoscalerConfig": _DOWN}
    if _LAST in failing:
        spec["cooldownPeriod"] = _WINDOW
    if _FALLBACK in failing:
        usual = one.workload.wanted if one.workload is not None else 0
        replicas = max(1, one.scaled.spec.min_replica_count or 0, usual)
        spec["fallback"] = {"failureThreshold": 3, "replicas": replicas}
    if _NULLS in failing:
        spec["triggers"] = [_told(msgspec.to_builtins(trigger)) for trigger in one.scaled.spec.triggers]
    return spec


def _told(trigger: dict[str, Any]) -> Obj:
    """The API server takes the list of triggers as a whole, so each is written out."""
    metadata = trigger.get("metadata", {})
    if trigger["type"] == "prometheus":
        metadata = {**metadata, "ignoreNullValues": "false"}
    return {**trigger, "metadata": metadata}


EVENT_SCALERS = Remedy(
    id="event-scalers",
    title="ScaledObjects take a missing metric for an error, have a fallback, and let go slowly",
    why=(
        "KEDA takes a metric that nobody exports any more for 0, and scales a service down in the middle of a burst. Without a"
        " fallback the number of replicas stays wherever it was when Prometheus failed."
    ),
    effect=(
        "While a query answers nothing KEDA reports an error, and after three of them runs as many replicas as `fallback` says:"
        f" those of now are proposed. A lower wish has to last for {_WINDOW} s, and so has the last replica. `triggers` are written"
        f" out as they were read, since they are replaced as a whole. {OVER}"
    ),
    undo=YOURS,
    cures=(_NULLS, _FALLBACK, _LAST, _IN_FILE, _WAITS),
    serves=(ScaledObject.of,),
    needs=("keda",),
    reads=(Autoscaled, EventScaled),
    render=_events,
)
