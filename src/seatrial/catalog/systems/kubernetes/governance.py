"""What keeps the people and workloads of a cluster apart: quotas, limits, network policies, admission, permissions."""

from __future__ import annotations

from typing import Any

import msgspec

from seatrial.catalog.systems.kubernetes.pods import LabelSelector
from seatrial.model.fact import Fact, Shape

Amounts = dict[str, str | int | float]


class QuotaSpec(Shape, frozen=True):
    hard: Amounts = {}
    scopes: tuple[str, ...] = ()
    scope_selector: dict[str, Any] | None = None


class QuotaStatus(Shape, frozen=True):
    hard: Amounts = {}
    used: Amounts = {}


class ResourceQuota(Fact, frozen=True):
    of = "resourcequotas"

    spec: QuotaSpec = QuotaSpec()
    status: QuotaStatus = QuotaStatus()


class Limit(Shape, frozen=True):
    type: str = ""
    default: Amounts = {}
    default_request: Amounts = {}
    max: Amounts = {}


class LimitRangeSpec(Shape, frozen=True):
    limits: tuple[Limit, ...] = ()


class LimitRange(Fact, frozen=True):
    of = "limitranges"

    spec: LimitRangeSpec = LimitRangeSpec()


class NetworkPolicySpec(Shape, frozen=True):
    pod_selector: LabelSelector = LabelSelector()
    policy_types: tuple[str, ...] = ()
    ingress: tuple[dict[str, Any], ...] | None = None
    egress: tuple[dict[str, Any], ...] | None = None


class NetworkPolicy(Fact, frozen=True):
    of = "networking.k8s.io/networkpolicies"

    spec: NetworkPolicySpec = NetworkPolicySpec()


class Rule(Shape, frozen=True):
    verbs: tuple[str, ...] = ()
    api_groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    resource_names: tuple[str, ...] = ()
    non_resource_urls: tuple[str, ...] = msgspec.field(default=(), name="nonResourceURLs")

    def allows(self, verb: str, group: str, resource: str) -> bool:
        return all(
            "*" in granted or wanted in granted
            for granted, wanted in ((self.verbs, verb), (self.api_groups, group), (self.resources, resource))
        )


class ClusterRole(Fact, frozen=True):
    of = "rbac.authorization.k8s.io/clusterroles"

    rules: tuple[Rule, ...] | None = None


class Role(Fact, frozen=True):
    of = "rbac.authorization.k8s.io/roles"

    rules: tuple[Rule, ...] | None = None


class Subject(Shape, frozen=True):
    kind: str = ""
    name: str = ""
    namespace: str = ""


class RoleRef(Shape, frozen=True):
    kind: str = ""
    name: str = ""


class ClusterRoleBinding(Fact, frozen=True):
    of = "rbac.authorization.k8s.io/clusterrolebindings"

    role_ref: RoleRef = RoleRef()
    subjects: tuple[Subject, ...] | None = None


class RoleBinding(Fact, frozen=True):
    of = "rbac.authorization.k8s.io/rolebindings"

    role_ref: RoleRef = RoleRef()
    subjects: tuple[Subject, ...] | None = None


class MatchRule(Shape, frozen=True):
    api_groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()


class MatchResources(Shape, frozen=True):
    resource_rules: tuple[MatchRule, ...] = ()
    namespace_selector: LabelSelector = LabelSelector()
    object_selector: LabelSelector = LabelSelector()


class Validation(Shape, frozen=True):
    expression: str = ""
    message: str = ""


class AdmissionPolicySpec(Shape, frozen=True):
    failure_policy: str = ""
    match_constraints: MatchResources = MatchResources()
    match_conditions: tuple[dict[str, str], ...] = ()  # CEL: to whom and to what it applies
    validations: tuple[Validation, ...] = ()
    mutations: tuple[dict[str, Any], ...] = ()


class ValidatingAdmissionPolicy(Fact, frozen=True):
    of = "admissionregistration.k8s.io/validatingadmissionpolicies"

    spec: AdmissionPolicySpec = AdmissionPolicySpec()


class PolicyBindingSpec(Shape, frozen=True):
    policy_name: str = ""
    validation_actions: tuple[str, ...] = ()
    match_resources: MatchResources | None = None


class ValidatingAdmissionPolicyBinding(Fact, frozen=True):
    of = "admissionregistration.k8s.io/validatingadmissionpolicybindings"

    spec: PolicyBindingSpec = PolicyBindingSpec()


class MutatingAdmissionPolicy(Fact, frozen=True):
    of = "admissionregistration.k8s.io/mutatingadmissionpolicies"

    spec: AdmissionPolicySpec = AdmissionPolicySpec()


class MutatingAdmissionPolicyBinding(Fact, frozen=True):
    of = "admissionregistration.k8s.io/mutatingadmissionpolicybindings"

    spec: PolicyBindingSpec = PolicyBindingSpec()


class Webhook(Shape, frozen=True):
    name: str = ""
    failure_policy: str = ""
    rules: tuple[MatchRule, ...] = ()
    namespace_selector: LabelSelector = LabelSelector()
    object_selector: LabelSelector = LabelSelector()
    timeout_seconds: int = 10


class ValidatingWebhook(Fact, frozen=True):
    of = "admissionregistration.k8s.io/validatingwebhookconfigurations"

    webhooks: tuple[Webhook, ...] | None = None


class MutatingWebhook(Fact, frozen=True):
    of = "admissionregistration.k8s.io/mutatingwebhookconfigurations"

    webhooks: tuple[Webhook, ...] | None = None
