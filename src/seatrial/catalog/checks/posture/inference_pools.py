"""InferencePools: whether requests can reach the servers behind a pool. Their endpoint pickers are also judged under `pickers`.

A pool without servers, without a picker or without a Gateway answers nobody: high. A pool to which nothing leads is left over: low.
"""

from __future__ import annotations

from seatrial.catalog.checks.posture.naming import some
from seatrial.catalog.systems.gateway_objects import BackendRef, HTTPRoute
from seatrial.catalog.systems.inference_extension import GROUP, OLD_GROUP, InferencePool
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.systems.prometheus import Service
from seatrial.model.check import check
from seatrial.model.fact import All
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown

_KIND = "InferencePool"


@check("inference-pools.select-ready-pods", severity=Severity.HIGH)
def select_ready_pods(pool: InferencePool, pods: All[Pod]) -> Verdict:
    """An InferencePool selects a pod that is ready.

    Why: every request to it fails. A label of another release, or of a Deployment's name instead of its pods, is the usual reason.
    Fix: compare `spec.selector.matchLabels` with the labels of the model servers' pods, in the pool's own namespace.
    """
    if not pool.metadata.uid:
        return not_applicable("it stands in a file, and its pods are not made yet")
    wanted = pool.spec.selector.match_labels.items()
    here = [
        one
        for one in pods
        if one.metadata.namespace == pool.metadata.namespace and wanted <= one.metadata.labels.items()
    ]
    ready = [
        one for one in here if (condition := one.status.condition("Ready")) is not None and condition.status == "True"
    ]
    if not here:
        return failed("it selects no pod in its namespace")
    told = f"{len(ready)} of the {len(here)} pods that it selects are ready"
    return passed(told) if ready else failed(told)


@check("inference-pools.pickers-are-there", severity=Severity.HIGH)
def pickers_are_there(pool: InferencePool, services: All[Service]) -> Verdict:
    """The endpoint picker that an InferencePool names is a Service in its namespace.

    Why: with `FailClose`, which is the default, every request is refused; with `FailOpen`, nobody picks.
    Fix: install the picker (its chart makes the Service), or correct `spec.endpointPickerRef.name`.
    """
    picker = pool.spec.endpoint_picker_ref
    if picker.kind != "Service":
        return unknown(f"its picker is a {picker.kind[:50]}, and nobody here knows those")
    there = any((one.metadata.namespace, one.name) == (pool.metadata.namespace, picker.name) for one in services)
    return passed(f"{picker.name} is there") if there else failed(f"{picker.name or 'its picker'} is not there")


@check("inference-pools.routes-name-pools-that-are-there", severity=Severity.HIGH)
def routes_name_pools_that_are_there(route: HTTPRoute, pools: All[InferencePool]) -> Verdict:
    """An HTTPRoute to an InferencePool names one that is there, by its group of today.

    Why: the Gateway answers 500. Routes of before 1.0 name the group `inference.networking.x-k8s.io`, in which there is no pool any more.
    Fix: write `group: inference.networking.k8s.io`, `kind: InferencePool` and the pool's name; from another namespace a ReferenceGrant is
    needed, too.
    """
    named = [one for one in route.backends if one.kind == _KIND]
    if not named:
        return not_applicable("it leads to no InferencePool")
    old = [one.name for one in named if one.group == OLD_GROUP]
    if old:
        return failed(f"it names {some(old)} by the group {OLD_GROUP}")
    there = {(one.metadata.namespace, one.name) for one in pools}
    missing = [one.name for one in named if one.group != GROUP or _pool(one, route) not in there]
    return failed(f"{some(missing)} is not there") if missing else passed(f"{some(one.name for one in named)} is there")


@check("inference-pools.gateways-take-them", severity=Severity.HIGH)
def gateways_take_them(pool: InferencePool) -> Verdict:
    """The Gateways to which an InferencePool belongs have taken it.

    Why: a Gateway that does not know pools, or cannot find the picker, says so here and nowhere else; requests get an error.
    Fix: the condition's reason names it: ResolvedRefs is about the picker, Accepted about the Gateway's implementation and its settings.
    """
    if not pool.metadata.uid:
        return not_applicable("it stands in a file")
    conditions = [one for parent in pool.status.parents for one in parent.conditions]
    bad = [one for one in conditions if one.type in ("Accepted", "ResolvedRefs") and one.status == "False"]
    if bad:
        return failed(f"{bad[0].type} is false ({bad[0].reason}): {bad[0].message[:300]}")
    if any(one.type == "Accepted" and one.status == "True" for one in conditions):
        return passed(f"{len(pool.status.parents)} have")
    return unknown("no Gateway has said anything of it")


@check("inference-pools.something-leads-there", severity=Severity.LOW)
def something_leads_there(pool: InferencePool, routes: All[HTTPRoute]) -> Verdict:
    """An HTTPRoute leads to the InferencePool.

    Why: its servers hold accelerators and get no requests, unless something that is not read here, such as a GRPCRoute, sends some.
    Fix: create an HTTPRoute with the pool as its backend, or remove the pool and its servers.
    """
    mine = (pool.metadata.namespace, pool.name)
    found = [
        one.name
        for one in routes
        for ref in one.backends
        if ref.kind == _KIND and ref.group == GROUP and _pool(ref, one) == mine
    ]
    return passed(f"{some(found)} does") if found else failed("none does")


def _pool(ref: BackendRef, route: HTTPRoute) -> tuple[str, str]:
    return ref.namespace or route.metadata.namespace, ref.name
