"""Admission policies that spoil what passes through the API server: real ones, such as a platform team could have left behind."""

from __future__ import annotations

from seatrial.model.fact import Obj

_VERSIONS = {"1.34": "v1beta1", "1.35": "v1beta1"}  # generally available since 1.36
_OURS = [{"key": "app.kubernetes.io/managed-by", "operator": "In", "values": ["seatrial"]}]


def denial(name: str, *, group: str, resource: str, operation: str = "CREATE") -> tuple[Obj, Obj]:
    """A ValidatingAdmissionPolicy that lets no object of a kind in, or out, with its binding."""
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
    return policy, binding


def mutation(
    name: str, *, group: str, resource: str, expression: str, kubernetes: str, as_patch: bool = False
) -> tuple[Obj, Obj]:
    """A MutatingAdmissionPolicy with its binding, for the namespaces of proofs alone.

    The expression is an apply configuration, or with ``as_patch`` a JSON patch: only that may change whole lists.
    """
    kind = "JSONPatch" if as_patch else "ApplyConfiguration"
    api_version = f"admissionregistration.k8s.io/{_VERSIONS.get(kubernetes, 'v1')}"
    rule = {"apiGroups": [group], "apiVersions": ["*"], "operations": ["CREATE"], "resources": [resource]}
    policy: Obj = {
        "apiVersion": api_version,
        "kind": "MutatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "matchConstraints": {"resourceRules": [rule], "namespaceSelector": {"matchExpressions": _OURS}},
            "failurePolicy": "Fail",
            "reinvocationPolicy": "Never",
            "mutations": [
                {"patchType": kind, "jsonPatch" if as_patch else "applyConfiguration": {"expression": expression}}
            ],
        },
    }
    binding: Obj = {
        "apiVersion": api_version,
        "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name},
    }
    return policy, binding
