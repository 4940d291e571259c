"""Permissions as they work: each binding with the rules of the role that it names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from seatrial.catalog.systems.kubernetes.governance import (
    ClusterRole,
    ClusterRoleBinding,
    Role,
    RoleBinding,
    Rule,
    Subject,
)
from seatrial.model.fact import Fact, Snapshot, View

EVERYBODY = ("system:authenticated", "system:unauthenticated", "system:serviceaccounts")
_ACCOUNTS_OF = "system:serviceaccounts:"


class Grant(View, frozen=True):
    """Who may do what; without a namespace, in all of them."""

    of = "grants"
    drawn_from = (ClusterRole, Role, ClusterRoleBinding, RoleBinding)

    bound_by: str = ""  # the subject of the binding
    subjects: tuple[Subject, ...] = ()
    rules: tuple[Rule, ...] = ()

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        wide = {role.name: role.rules or () for role in snapshot.all(ClusterRole)}
        narrow = {(role.metadata.namespace, role.name): role.rules or () for role in snapshot.all(Role)}
        bindings: tuple[ClusterRoleBinding | RoleBinding, ...] = (
            *snapshot.all(ClusterRoleBinding),
            *snapshot.all(RoleBinding),
        )
        for binding in bindings:
            role, home = binding.role_ref, binding.metadata.namespace
            rules = wide.get(role.name) if role.kind == "ClusterRole" else narrow.get((home, role.name))
            yield cls(
                metadata=binding.metadata,
                bound_by=binding.subject,
                subjects=binding.subjects or (),
                rules=rules or (),  # a role that is not there grants nothing
            )

    @property
    def subject(self) -> str:
        return self.bound_by

    def allows(self, verbs: Iterable[str], group: str, resource: str, namespace: str | None = None) -> bool:
        """Any of the verbs; in one namespace, or anywhere."""
        here = namespace is None or self.metadata.namespace in ("", namespace)
        return here and any(rule.allows(verb, group, resource) for rule in self.rules for verb in verbs)

    def reaching(self, tenants: Iterable[str]) -> Iterator[str]:
        """Those it is given to that are everybody, or accounts of these namespaces, in words."""
        homes = set(tenants)
        groups = {*EVERYBODY, *(f"{_ACCOUNTS_OF}{home}" for home in homes)}
        for one in self.subjects:
            home = one.namespace or self.metadata.namespace
            if one.kind == "Group" and one.name in groups:
                yield one.name
            elif one.kind == "ServiceAccount" and home in homes:
                yield f"{home}:{one.name}"
