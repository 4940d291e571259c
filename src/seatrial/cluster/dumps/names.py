"""What tools call the kinds of Kubernetes in the names of files and folders, and which of them every API server serves."""

from __future__ import annotations

import re
from collections.abc import Mapping

# By group: its version, and its resources; those with a slash are not in a namespace.
_SERVED: Mapping[str, tuple[str, str]] = {
    "": ("v1", ("/namespaces /nodes /persistentvolumes configmaps endpoints events limitranges persistentvolumeclaims pods "
               "podtemplates replicationcontrollers resourcequotas secrets serviceaccounts services")),
    "admissionregistration.k8s.io": ("v1", "/mutatingwebhookconfigurations /validatingwebhookconfigurations"),
    "apiextensions.k8s.io": ("v1", "/customresourcedefinitions"),
    "apiregistration.k8s.io": ("v1", "/apiservices"),
    "apps": ("v1", "controllerrevisions daemonsets deployments replicasets statefulsets"),
    "autoscaling": ("v2", "horizontalpodautoscalers"),
    "batch": ("v1", "cronjobs jobs"),
    "coordination.k8s.io": ("v1", "leases"),
    "discovery.k8s.io": ("v1", "endpointslices"),
    "networking.k8s.io": ("v1", "/ingressclasses ingresses networkpolicies"),
    "node.k8s.io": ("v1", "/runtimeclasses"),
    "policy": ("v1", "poddisruptionbudgets"),
    "rbac.authorization.k8s.io": ("v1", "/clusterrolebindings /clusterroles rolebindings roles"),
    "scheduling.k8s.io": ("v1", "/priorityclasses"),
    "storage.k8s.io": ("v1", "/csidrivers /csinodes /storageclasses /volumeattachments csistoragecapacities"),
}  # fmt: skip
_ALSO_CLUSTER_WIDE = (
    "admissionregistration.k8s.io/validatingadmissionpolicies",
    "admissionregistration.k8s.io/validatingadmissionpolicybindings",
    "resource.k8s.io/deviceclasses",
    "resource.k8s.io/devicetaintrules",
    "resource.k8s.io/resourceslices",
)
_ALSO_CALLED = {
    "pvcs": "persistentvolumeclaims",
    "pvs": "persistentvolumes",
    "networkpolicy": "networkpolicies",
    "resourcequota": "resourcequotas",
    "limitrange": "limitranges",
    "ingress": "ingresses",
    "hpa": "horizontalpodautoscalers",
    "crds": "customresourcedefinitions",
    "customresourcedefinition": "customresourcedefinitions",
}
SINCE: Mapping[str, tuple[int, int]] = {
    "resource.k8s.io": (1, 26),
    "resource.k8s.io/deviceclasses": (1, 31),
    "resource.k8s.io/devicetaintrules": (1, 33),
    "scheduling.k8s.io/podgroups": (1, 35),
    "scheduling.k8s.io/workloads": (1, 35),
}
"""No API server before these versions has them; whether a later one does is a question of its settings."""

_RESOURCE = re.compile(r"(?P<plural>[a-z0-9]+)\.(?P<group>[a-z0-9-]+(?:\.[a-z0-9-]+)+)")


def _of(group: str, plural: str) -> str:
    return f"{group}/{plural}" if group else plural


SERVED: Mapping[str, tuple[str, ...]] = {
    _of(group, one.strip("/")): (version,) for group, (version, names) in _SERVED.items() for one in names.split()
}
"""What every API server has had since Kubernetes 1.25, and cannot be without."""

CLUSTER_WIDE = frozenset(
    [_of(group, one[1:]) for group, (_, names) in _SERVED.items() for one in names.split() if one.startswith("/")]
    + list(_ALSO_CLUSTER_WIDE)
)
BUILT_IN = frozenset(_SERVED) | {"resource.k8s.io", "events.k8s.io"}
"""Groups that need no definition."""

_BY_PLURAL = {of.rpartition("/")[2]: of for of in SERVED}


def resource(name: str, group: str | None = None) -> str:
    """As Facts name it, from how a tool writes it: ``resource-quota``, ``deployments.apps``, or a plural and its group."""
    if group is not None:
        return _of("" if group == "core" else group, name)
    if "." in name:
        found = _RESOURCE.fullmatch(name)
        return _of(found["group"], found["plural"]) if found else _short(name)
    plural = name.lower().replace("-", "")
    return _BY_PLURAL.get(_ALSO_CALLED.get(plural, plural), "")


def _short(name: str) -> str:
    """Of the groups that have no dot."""
    plural, _, group = name.partition(".")
    return _of(group, plural) if group in _SERVED else ""


def kubectl(of: str) -> str:
    """As ``kubectl get`` is asked for it."""
    group, _, plural = of.rpartition("/")
    return f"{plural}.{group}" if group else plural
