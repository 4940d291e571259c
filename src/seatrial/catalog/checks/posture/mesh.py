"""The mesh in front of models: whether Istio knows the pools that are routed to. What it encrypts stands under `interception`.

A route that ends in an error is high; a destination whose server is not verified is not judged here.
"""

from __future__ import annotations

from seatrial.catalog.checks.posture.naming import some
from seatrial.catalog.systems.gateway_objects import Gateway, HTTPRoute
from seatrial.catalog.systems.inference_extension import InferencePool
from seatrial.catalog.systems.istio import AuthorizationPolicy
from seatrial.catalog.views.workloads import Workload
from seatrial.model.check import check
from seatrial.model.fact import All
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown

_CLASSES = ("istio", "istio-waypoint", "istio-remote")
_SETTING = "ENABLE_GATEWAY_API_INFERENCE_EXTENSION"
_CONTAINER, _IMAGE = "discovery", "pilot"
_YES = ("true", "1", "t")


@check("mesh.pools-are-known-to-istio", severity=Severity.HIGH)
def pools_are_known_to_istio(
    workloads: All[Workload], gateways: All[Gateway], routes: All[HTTPRoute], pools: All[InferencePool]
) -> Verdict:
    """Where a Gateway of Istio leads to an InferencePool, istiod knows what that is.

    Why: its support is off unless `ENABLE_GATEWAY_API_INFERENCE_EXTENSION` is set. The pool is no valid backend then, and all requests fail.
    Fix: set `pilot.env.ENABLE_GATEWAY_API_INFERENCE_EXTENSION: "true"` in istiod's chart.
    """
    ours = {(one.metadata.namespace, one.name) for one in gateways if one.spec.gateway_class_name in _CLASSES}
    led = [
        route.name
        for route in routes
        if any(ref.kind == "InferencePool" for ref in route.backends)
        and any(
            (parent.namespace or route.metadata.namespace, parent.name) in ours for parent in route.spec.parent_refs
        )
    ]
    if not led or not pools:
        return not_applicable("no Gateway of Istio leads to an InferencePool")
    programs = [
        container
        for one in workloads
        for container in one.spec.containers
        if container.name == _CONTAINER and _IMAGE in container.image
    ]
    if not programs:
        return unknown(f"{some(led)} leads to one, and istiod was not found among the workloads")
    off = [one for one in programs if (one.setting(_SETTING) or "").lower() not in _YES]
    if any(entry.name == _SETTING and entry.value_from for one in off for entry in one.env):
        return unknown(f"{_SETTING} comes from elsewhere, and was not read")
    return failed(f"{some(led)} leads to one, and {_SETTING} is off") if off else passed(f"{_SETTING} is on")


@check("mesh.rules-do-not-let-everybody-in", severity=Severity.MEDIUM)
def rules_do_not_let_everybody_in(policy: AuthorizationPolicy) -> Verdict:
    """No AuthorizationPolicy that allows has a rule without any condition.

    Why: one empty rule lets everybody in, from outside of the mesh, too. An empty list of rules is the opposite: it lets nobody in.
    Fix: name who may, in `rules[].from[].source.principals` or `serviceAccounts`; to let nobody in, leave `rules` out.
    """
    spec = policy.spec
    if spec.action != "ALLOW":
        return not_applicable(f"it is about {spec.action}")
    if not spec.rules:
        return passed("it lets nobody in")
    if any(not rule.from_ and not rule.to for rule in spec.rules):
        return failed("one of its rules names nobody and nothing")
    return passed(f"each of its {len(spec.rules)} rules names who or what")
