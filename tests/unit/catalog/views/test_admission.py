"""Which admission policies are in force for proofs, and which have to do with what a proof touches."""

from __future__ import annotations

from seatrial.catalog.systems.kubernetes.governance import (
    MutatingAdmissionPolicy,
    MutatingAdmissionPolicyBinding,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
)
from seatrial.catalog.views.admission import PolicyInForce, in_the_way
from seatrial.model.fact import Fact, Obj
from tests.unit.catalog.test_remedies import snapshot

PODS = {"apiGroups": [""], "resources": ["pods"]}


def in_force(
    *, actions: tuple[str, ...] = ("Deny",), bound: Obj | None = None, rule: Obj | None = None, **constraints: Obj
) -> tuple[PolicyInForce, ...]:
    policy = {"metadata": {"name": "p"}, "spec": {"matchConstraints": {"resourceRules": [rule or PODS], **constraints}}}
    spec: Obj = {"policyName": "p", "validationActions": actions, **({"matchResources": bound} if bound else {})}
    at: list[tuple[type[Fact], Obj]] = [
        (ValidatingAdmissionPolicy, policy),
        (ValidatingAdmissionPolicyBinding, {"metadata": {"name": "b"}, "spec": spec}),
    ]
    return in_the_way(
        ["pods", "apps/deployments", "karpenter.sh/nodepools", "scheduling.k8s.io/podgroups"], snapshot(*at)
    )


def only_in(key: str, operator: str, *values: str) -> Obj:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": values}]}


def test_what_only_warns_and_what_nobody_bound_is_not_in_force() -> None:
    assert len(in_force()) == 1
    assert in_force(actions=("Warn", "Audit")) == ()
    alone = snapshot((MutatingAdmissionPolicy, {"metadata": {"name": "p"}}))
    assert alone.all(PolicyInForce) == ()
    bound = {"metadata": {"name": "b"}, "spec": {"policyName": "p"}}
    both = snapshot((MutatingAdmissionPolicy, {"metadata": {"name": "p"}}), (MutatingAdmissionPolicyBinding, bound))
    assert [one.refuses for one in both.all(PolicyInForce)] == [False]


def test_a_policy_holds_for_proofs_unless_its_selectors_leave_them_out() -> None:
    elsewhere, everywhere = only_in("team", "In", "a"), only_in("kubernetes.io/metadata.name", "NotIn", "kube-system")
    assert in_force(namespaceSelector=elsewhere) == ()
    assert in_force(bound={"namespaceSelector": elsewhere}) == ()
    assert len(in_force(namespaceSelector=everywhere)) == 1
    assert in_force(bound={"objectSelector": only_in("a", "Exists")}) == ()
    assert len(in_force(objectSelector=only_in("app.kubernetes.io/managed-by", "In", "seatrial"))) == 1


def test_a_policy_is_about_a_kind_a_part_of_it_or_another_of_the_same_system() -> None:
    def rule(group: str, resource: str) -> Obj:
        return {"apiGroups": [group], "resources": [resource]}

    assert len(in_force(rule=rule("apps", "deployments/scale"))) == 1
    assert len(in_force(rule=rule("*", "*"))) == 1
    assert len(in_force(rule=rule("karpenter.sh", "nodeclaims"))) == 1
    assert in_force(rule=rule("apps", "statefulsets")) == ()
    assert in_force(rule=rule("scheduling.k8s.io", "priorityclasses")) == ()
    assert in_force(rule=rule("", "configmaps")) == ()
