"""Admission policies of somebody's own that keep the platform from doing what it is there for."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from seatrial.catalog.remedies.parts import STAY, served_as
from seatrial.catalog.systems.kubernetes.governance import (
    MutatingAdmissionPolicyBinding,
    ValidatingAdmissionPolicyBinding,
)
from seatrial.catalog.systems.kubernetes.pods import Expression, LabelSelector
from seatrial.catalog.views.admission import PolicyInForce, in_the_way
from seatrial.model.fact import Obj, Snapshot
from seatrial.model.remedy import Fix, Remedy
from seatrial.model.verdict import Finding

ASKED_FOR = "seatrial.dev/policy-asked-for"  # the label of objects for which such a policy goes on to hold
_PROOFS = (
    "autoscaling.nodes-follow-waiting-accelerator-pods",
    "disaggregation.one-request-passes-both-phases",
    "discovery.rules-label-nodes-by-what-is-found",
    "dra.claim-backed-pod-runs-with-its-device",
    "dra.resource-api-is-served-and-writable",
    "driver.advertised-version-is-what-containers-find",
    "gang.starts-whole-or-not-at-all",
    "inference.picker-follows-caches-and-queues",
    "isolation.containers-open-only-their-own-accelerators",
    "network.claimed-interfaces-arrive-and-carry-data",
    "operator.reconciles-good-and-refuses-wrong",
    "policies.are-heeded",
    "routing.gateway-splits-by-weight-and-routes-by-header",
    "routing.model-in-the-body-chooses-the-server",
    "sandbox.kernel-is-not-shared",
    "scaling.replicas-follow-a-metric-of-the-workload",
    "sharing.fractions-share-one-device-and-are-scheduled",
    "telemetry.every-accelerator-reports-utilisation-and-memory",
    "telemetry.workload-metrics-are-collected",
    "virtual.virtual-accelerators-are-managed-like-physical-ones",
)


def _set_aside(snapshot: Snapshot, findings: Sequence[Finding]) -> Fix:
    """Of what failed to pass, the policies that have to do with it: which of them it was, only a proof anew can tell."""
    guilty: dict[str, PolicyInForce] = {}
    about: list[Finding] = []
    for one in findings:
        found = in_the_way(one.touches, snapshot)
        guilty.update({policy.bound_by: policy for policy in found})
        about += [one] if found else []
    named = sorted({one.by for one in guilty.values()})
    return Fix(
        enforce=tuple(_narrowed(guilty[name], snapshot) for name in sorted(guilty)),
        caution=(
            f"These policies have to do with what failed: {', '.join(named)}. Somebody wrote each for a reason, and one of them may"
            " have nothing to do with it: ask him, take one after the other, and look each time whether the proof passes."
            if named
            else ""
        ),
        about=tuple(about),
    )


def _narrowed(policy: PolicyInForce, snapshot: Snapshot) -> Obj:
    """Its binding holds for objects alone that ask for it; what it was bound to stays."""
    kind = ValidatingAdmissionPolicyBinding if policy.refuses else MutatingAdmissionPolicyBinding
    selector = policy.bound.object_selector
    asked = Expression(key=ASKED_FOR, operator="In", values=("true",))
    narrowed = LabelSelector(selector.match_labels, (*selector.match_expressions, asked))
    return {
        "apiVersion": served_as(snapshot, kind.of, "v1"),
        "kind": kind.__name__,
        "metadata": {"name": policy.name, "annotations": dict(STAY)},
        "spec": {
            "policyName": policy.by.rpartition("/")[2],
            "matchResources": {"objectSelector": msgspec.to_builtins(narrowed)},
        },
    }


POLICIES_SET_ASIDE = Remedy(
    id="policies-set-aside",
    title="Admission policies that stand in the way of a proof hold for nothing that does not ask for them",
    why=(
        "A policy that refuses claims, or rewrites routes and groups on their way in, breaks the platform where nobody looks:"
        " what it changes is accepted, and then does something else than was written."
    ),
    effect=(
        "The bindings of these policies are narrowed to objects with the label"
        f' `{ASKED_FOR}: "true"`; nothing else of them changes, and all others go on. It is made from failing proofs alone: hand'
        " it their Run with `--for`. A policy that is right needs no setting aside, but an exception for what it hit."
    ),
    undo=(
        f"- Take the expression about `{ASKED_FOR}` out of the bindings' `spec.matchResources.objectSelector`.\n- Never"
        " `kubectl delete -k`: the bindings are somebody's own, with a field set here. Argo CD and Flux are told so by annotations."
    ),
    cures=_PROOFS,
    serves=(ValidatingAdmissionPolicyBinding.of,),
    reads=(PolicyInForce,),
    render=_set_aside,
)
