"""Admission policies that spoil what passes through the API server: real ones, such as a platform team could have left behind."""

from __future__ import annotations

import msgspec

from seatrial.catalog.faults.changes import adds
from seatrial.model.fact import Obj
from seatrial.model.fault import Change
from seatrial.model.lab import LabSpec
from seatrial.model.workbench import MARK

_VERSIONS = {"1.34": "v1beta1", "1.35": "v1beta1"}  # generally available since 1.36
_OURS = [{"key": key, "operator": "In", "values": [value]} for key, value in MARK.items()]

_UNDONE, _MENDED = "ask who wrote the policy, and have what it hit excepted, or take it away", "policies-set-aside"


def denied(name: str, *, group: str, resource: str, operation: str = "CREATE") -> Change:
    """The lab with a ValidatingAdmissionPolicy that lets no object of a kind in, or out, and its binding."""
    api_version = "admissionregistration.k8s.io/v1"
    rule = {"apiGroups": [group], "apiVersions": ["*"], "operations": [operation], "resources": [resource]}
    policy: Obj = {
        "apiVersion": api_version,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "matchConstraints": {"resourceRules": [rule], "namespaceSelector": {"matchExpressions": _OURS}},
            "failurePolicy": "Fail",
            "validations": [{"expression": "false", "message": f"{resource} are not allowed here"}],
        },
    }
    binding: Obj = {
        "apiVersion": api_version,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": ["Deny"]},
    }
    return adds(policy, binding, undone_by=_UNDONE, mended_by=_MENDED)


def mutated(name: str, *, group: str, resource: str, expression: str, as_patch: bool = False) -> Change:
    """The lab with a MutatingAdmissionPolicy and its binding, for the namespaces of proofs alone.

    The expression is an apply configuration, or with ``as_patch`` a JSON patch: only that may change whole lists.
    """
    kind = "JSONPatch" if as_patch else "ApplyConfiguration"
    mutation = {"patchType": kind, "jsonPatch" if as_patch else "applyConfiguration": {"expression": expression}}

    def change(spec: LabSpec) -> LabSpec:
        made = _mutating(name, group, resource, mutation, _VERSIONS.get(spec.kubernetes, "v1"))
        return msgspec.structs.replace(spec, objects=(*spec.objects, *made))

    return Change(change, _UNDONE, _MENDED)


def _mutating(name: str, group: str, resource: str, mutation: Obj, version: str) -> tuple[Obj, Obj]:
    api_version = f"admissionregistration.k8s.io/{version}"
    rule = {"apiGroups": [group], "apiVersions": ["*"], "operations": ["CREATE"], "resources": [resource]}
    policy: Obj = {
        "apiVersion": api_version,
        "kind": "MutatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "matchConstraints": {"resourceRules": [rule], "namespaceSelector": {"matchExpressions": _OURS}},
            "failurePolicy": "Fail",
            "reinvocationPolicy": "Never",
            "mutations": [mutation],
        },
    }
    binding: Obj = {
        "apiVersion": api_version,
        "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name},
    }
    return policy, binding
