"""The least that the API server must allow for a plan, as RBAC objects.

Every rule is cluster-wide: lists span all namespaces, and the namespaces of active checks have names that nobody knows
beforehand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from seatrial.engine.plan import Plan
from seatrial.model.fact import Obj, Series

READ = ("get", "list", "watch")
CHANGE = ("create", "delete", "get", "list", "patch", "watch")

BENCH = {
    ("", "namespaces"): CHANGE,
    ("", "serviceaccounts"): ("list", "watch"),  # a fresh namespace is usable once it has its own
}
# A WebSocket begins with a GET, so older API servers ask for `get` on pods/exec and newer ones for `create`.
USES = {
    "exec": (("", "pods/exec"), ("create", "get")),
    "log": (("", "pods/log"), ("get",)),
    "ask-pods": (("", "pods/proxy"), ("get",)),
    "ask-services": (("", "services/proxy"), ("get",)),
}

# Series are asked of a monitoring system, by way of its Service.
METRICS = ((("", "services"), READ), USES["ask-services"])

# The identity of a cluster is the uid of this namespace.
IDENTITY: Obj = {"apiGroups": [""], "resources": ["namespaces"], "resourceNames": ["kube-system"], "verbs": ["get"]}


def permissions(plan: Plan) -> tuple[Obj, ...]:
    """A ClusterRole for reading and, where the plan has active checks, a second one for those."""
    objects = [kind for kind in plan.facts if not issubclass(kind, Series)]
    rules = _rules(
        [*((_split(kind.of), READ) for kind in objects), *(METRICS if len(objects) < len(plan.facts) else ())]
    )
    if not plan.acts:
        return (_role("seatrial-read", [IDENTITY, *rules]),)
    changes = [(_split(resource), CHANGE) for resource in plan.creates]
    looks = [(_split(resource), READ) for resource in plan.looks_at]
    uses = [USES[use] for use in plan.uses]
    acts = _role("seatrial-prove", _rules([*BENCH.items(), *uses, *changes, *looks]))
    return (_role("seatrial-read", rules), acts) if rules else (acts,)


def binding(role: Obj, *, account: str, namespace: str) -> Obj:
    """Give a ClusterRole to one service account."""
    name = role["metadata"]["name"]
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}],
    }


def _role(name: str, rules: list[Obj]) -> Obj:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": rules,
    }


def _rules(wishes: Iterable[tuple[tuple[str, str], tuple[str, ...]]]) -> list[Obj]:
    """One rule for all resources of a group that are used in the same way."""
    verbs: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for resource, wanted in wishes:
        verbs[resource].update(wanted)
    rules: defaultdict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for (group, plural), wanted_verbs in verbs.items():
        rules[group, tuple(sorted(wanted_verbs))].append(plural)
    return [
        {"apiGroups": [group], "resources": sorted(resources), "verbs": list(wanted)}
        for (group, wanted), resources in sorted(rules.items())
    ]


def _split(resource: str) -> tuple[str, str]:
    group, _, plural = resource.rpartition("/")
    return group, plural
