"""Admission policies of Kubernetes itself, by CEL: the policy is the base, and its binding first warns and then denies."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from seatrial.catalog.remedies.impact import Words, on_pods
from seatrial.catalog.remedies.parts import served_as
from seatrial.catalog.systems.kubernetes.controllers import DaemonSet
from seatrial.catalog.systems.kubernetes.pods import Pod, PodSpec, PodTemplate
from seatrial.catalog.views.tenants import SYSTEM, driver_namespaces
from seatrial.catalog.views.workloads import Workload
from seatrial.model.fact import GapReason, Obj, Snapshot
from seatrial.model.remedy import Fate, Fix, Impact

GROUP = "admissionregistration.k8s.io"
VALIDATING = f"{GROUP}/validatingadmissionpolicies"
MUTATING = f"{GROUP}/mutatingadmissionpolicies"
_SYSTEM = (SYSTEM, "kube-public", "kube-node-lease")
NAME_LABEL = "kubernetes.io/metadata.name"  # a label that every namespace has


class Rule(msgspec.Struct, frozen=True):
    """What a policy looks at."""

    resources: tuple[str, ...]
    group: str = ""
    operations: tuple[str, ...] = ("CREATE",)

    @property
    def told(self) -> Obj:
        return {
            "apiGroups": [self.group],
            "apiVersions": ["*"],
            "operations": list(self.operations),
            "resources": list(self.resources),
        }


class Demand(msgspec.Struct, frozen=True):
    """An expression that must hold, what is said where it does not, and of pods the same rule over facts."""

    expression: str
    message: str
    broken_by: Callable[[PodSpec], bool] | None = None


PODS = Rule(("pods",))
EPHEMERAL = Rule(("pods/ephemeralcontainers",), operations=("UPDATE",))


def beside_the_platform(snapshot: Snapshot) -> Obj:
    """All namespaces but those of Kubernetes itself and of the drivers that are there: new ones are covered, too."""
    return {"matchExpressions": [{"key": NAME_LABEL, "operator": "NotIn", "values": left_alone(snapshot)}]}


def left_alone(snapshot: Snapshot) -> list[str]:
    return sorted({*_SYSTEM, *driver_namespaces(snapshot.all(Workload))})


def denied(
    name: str,
    snapshot: Snapshot,
    *,
    rules: Iterable[Rule],
    variables: Iterable[tuple[str, str]],
    demands: Iterable[Demand],
    namespaces: Obj | None = None,
    beside: tuple[Obj, ...] = (),
    impact: Impact | None = None,
) -> Fix:
    """``beside`` are objects that belong to the policy, such as a role whose permission it asks for.

    What becomes of pods is told by the demands; of anything else by ``impact``.
    """
    demands = tuple(demands)
    api_version = served_as(snapshot, VALIDATING, "v1")
    where = {"namespaceSelector": namespaces} if namespaces is not None else {}
    policy: Obj = {
        "apiVersion": api_version,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {**where, "resourceRules": [rule.told for rule in rules]},
            "variables": [{"name": key, "expression": expression} for key, expression in variables],
            "validations": [{"expression": one.expression, "message": one.message} for one in demands],
        },
    }
    audit, enforce = (
        {
            "apiVersion": api_version,
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": name},
            "spec": {"policyName": name, "validationActions": actions},
        }
        for actions in (["Warn", "Audit"], ["Deny"])
    )
    caution = unseen(snapshot) if namespaces == beside_the_platform(snapshot) else ""
    if any(one.broken_by for one in demands):
        impact = on_pods(snapshot, lambda pod: broken(demands, pod), fate=Fate.REFUSED, left_alone=left_alone(snapshot))
    return Fix(base=(policy, *beside), audit=(audit,), enforce=(enforce,), caution=caution, impact=impact)


def broken(demands: Iterable[Demand], pod: PodTemplate) -> tuple[str, ...]:
    """What is said of a pod by those demands that it does not meet."""
    return tuple(one.message for one in demands if one.broken_by is not None and one.broken_by(pod.spec))


def changed(name: str, snapshot: Snapshot, *, when: Iterable[tuple[str, str]], configuration: str, words: Words) -> Fix:
    """Pods beside the platform, changed as they are created. Kubernetes has no mode in which that is only told.

    ``words`` say of a pod, over facts, what would be changed in it.
    """
    api_version = served_as(snapshot, MUTATING, "v1")
    policy: Obj = {
        "apiVersion": api_version,
        "kind": "MutatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "failurePolicy": "Fail",
            "reinvocationPolicy": "IfNeeded",
            "matchConstraints": {"namespaceSelector": beside_the_platform(snapshot), "resourceRules": [PODS.told]},
            "matchConditions": [{"name": key, "expression": expression} for key, expression in when],
            "mutations": [
                {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": configuration}},
            ],
        },
    }
    binding: Obj = {
        "apiVersion": api_version,
        "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name},
    }
    impact = on_pods(snapshot, words, fate=Fate.CHANGED, left_alone=left_alone(snapshot))
    return Fix(base=(policy,), enforce=(binding,), caution=unseen(snapshot), impact=impact)


def unseen(snapshot: Snapshot) -> str:
    """Pods tell of the DaemonSets that they are of; files tell of neither more than they have."""
    gap, pods = snapshot.gap(DaemonSet), snapshot.gap(Pod)
    if gap is None or (gap.reason is not GapReason.NOT_GIVEN and pods is None):
        return ""
    return (
        "Drivers and device plugins were not seen, so their namespaces are not left out. Add them to `namespaceSelector` in"
        " `base/` first, or their pods are hit as well."
    )
