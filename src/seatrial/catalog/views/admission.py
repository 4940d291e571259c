"""Admission policies of Kubernetes itself that are in force: who refuses or changes what, and where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from seatrial.catalog.systems.kubernetes.governance import (
    MatchResources,
    MatchRule,
    MutatingAdmissionPolicy,
    MutatingAdmissionPolicyBinding,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
)
from seatrial.model.fact import Fact, Snapshot, View
from seatrial.model.workbench import MARK

_ANY = "*"
Binding = ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding


class PolicyInForce(View, frozen=True):
    """One binding of one policy, unless it only warns."""

    of = "policies-in-force"
    drawn_from = (
        ValidatingAdmissionPolicy,
        ValidatingAdmissionPolicyBinding,
        MutatingAdmissionPolicy,
        MutatingAdmissionPolicyBinding,
    )

    by: str = ""  # the subject of the policy
    bound_by: str = ""  # of its binding
    bound: MatchResources = MatchResources()  # what the binding leaves of it
    constraints: MatchResources = MatchResources()
    refuses: bool = False  # otherwise it changes
    says: str = ""  # to those whom it refuses

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        refusing = {one.name: one for one in snapshot.all(ValidatingAdmissionPolicy)}
        for denying in snapshot.all(ValidatingAdmissionPolicyBinding):
            if "Deny" in denying.spec.validation_actions and (validating := refusing.get(denying.spec.policy_name)):
                yield cls._of(validating, denying, refuses=True)
        changing = {one.name: one for one in snapshot.all(MutatingAdmissionPolicy)}
        for binding in snapshot.all(MutatingAdmissionPolicyBinding):
            if mutating := changing.get(binding.spec.policy_name):
                yield cls._of(mutating, binding, refuses=False)

    @classmethod
    def _of(
        cls, policy: ValidatingAdmissionPolicy | MutatingAdmissionPolicy, binding: Binding, *, refuses: bool
    ) -> PolicyInForce:
        return cls(
            metadata=binding.metadata,
            by=policy.subject,
            bound_by=binding.subject,
            bound=binding.spec.match_resources or MatchResources(),
            constraints=policy.spec.match_constraints,
            refuses=refuses,
            says=next((one.message for one in policy.spec.validations if one.message), ""),
        )

    @property
    def subject(self) -> str:
        return self.bound_by

    @property
    def resources(self) -> Iterator[str]:
        """As ``group/plural``, stars included."""
        for rule in self.constraints.resource_rules:
            yield from (_name(group, plural) for group in rule.api_groups for plural in rule.resources)

    def is_about(self, resources: Iterable[str]) -> bool:
        """One of these, a part of one such as its scale, or what else is in the group of a system of theirs."""
        wanted = [one.rpartition("/")[::2] for one in resources]
        return any(_covers(rule, wanted) for rule in self.constraints.resource_rules)

    @property
    def holds_for_proofs(self) -> bool:
        """In their namespaces, for what they create there or for what is made of that."""
        both = (self.constraints, self.bound)
        home = all(one.namespace_selector.matches(dict(MARK)) for one in both)
        return home and any(all(one.object_selector.matches(labels) for one in both) for labels in ({}, dict(MARK)))


def in_the_way(touched: Iterable[str], snapshot: Snapshot) -> tuple[PolicyInForce, ...]:
    """What may explain that a proof fails which writes and looks at these resources."""
    touched = tuple(touched)
    return tuple(one for one in snapshot.all(PolicyInForce) if one.holds_for_proofs and one.is_about(touched))


def _name(group: str, plural: str) -> str:
    return f"{group}/{plural}" if group else plural


def _covers(rule: MatchRule, wanted: Iterable[tuple[str, str]]) -> bool:
    named = {plural.partition("/")[0] for plural in rule.resources}
    for group, plural in wanted:
        if group not in rule.api_groups and _ANY not in rule.api_groups:
            continue
        if named & {plural, _ANY} or _is_of_a_system(group):
            return True
    return False


def _is_of_a_system(group: str) -> bool:
    """Not one of Kubernetes' own, in which there are many things that have nothing to do with each other."""
    return "." in group and not group.endswith(".k8s.io")
