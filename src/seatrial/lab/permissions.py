"""Least privilege inside the lab: each of its own programs has a user, and that user a role with what it needs."""

from __future__ import annotations

from seatrial.model.fact import Obj


def grant(user: str, rules: tuple[Obj, ...]) -> tuple[Obj, ...]:
    """A ClusterRole of the lab's own for one user."""
    name = user.replace(":", "-")
    return (
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": name},
            "rules": list(rules),
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
        },
    )
