"""Admin access to devices: claims that see what others use, meant for monitoring.

A claim with `adminAccess` shares any device with whoever holds it, and is counted nowhere. The API server lets it in where the
namespace is labelled `resource.kubernetes.io/admin-access: "true"` (KEP-5018), so all rests on who carries that label and who
may give it: high. What has already gone around it is critical.
"""

from __future__ import annotations

from collections.abc import Callable

from seatrial.catalog.checks.posture.naming import some
from seatrial.catalog.systems.kubernetes.core import Namespace
from seatrial.catalog.systems.kubernetes.dra import ClaimSpec, ResourceClaim, ResourceClaimTemplate, ResourceSlice
from seatrial.catalog.systems.kubernetes.governance import (
    MatchResources,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
)
from seatrial.catalog.views.permissions import Grant
from seatrial.catalog.views.tenants import AcceleratorNamespace, TenantWorkload
from seatrial.model.check import check
from seatrial.model.fact import All
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown

_LABEL = "resource.kubernetes.io/admin-access"
_GROUP = "resource.k8s.io"
_CLAIMS = ("resourceclaims", "resourceclaimtemplates")
_LABELLING = ("create", "update", "patch")


@check("admin-access.claims-stand-in-labelled-namespaces", severity=Severity.CRITICAL)
def claims_stand_in_labelled_namespaces(claim: ResourceClaim, namespaces: All[Namespace]) -> Verdict:
    """A ResourceClaim asks for admin access only in a namespace that is labelled for it.

    Why: such a claim opens devices that other tenants work on. The API server asks for the label when a claim is created; it
    does not look again when the label is taken away.
    Fix: delete the claim, or remove `spec.devices.requests[].exactly.adminAccess`.
    """
    return _in_its_place(claim.spec, claim.metadata.namespace, namespaces)


@check("admin-access.templates-stand-in-labelled-namespaces", severity=Severity.HIGH)
def templates_stand_in_labelled_namespaces(template: ResourceClaimTemplate, namespaces: All[Namespace]) -> Verdict:
    """A ResourceClaimTemplate asks for admin access only in a namespace that is labelled for it.

    Why: every pod that names the template gets a claim of its own that opens other tenants' devices.
    Fix: delete the template, or remove `spec.spec.devices.requests[].exactly.adminAccess`.
    """
    return _in_its_place(template.spec.spec, template.metadata.namespace, namespaces)


@check("admin-access.allocations-were-asked-for", severity=Severity.CRITICAL)
def allocations_were_asked_for(claim: ResourceClaim) -> Verdict:
    """No claim was allocated admin access that its requests do not ask for.

    Why: what a driver obeys is `status.allocation`, and whoever may write `resourceclaims/status` may write admin access into
    it without asking, past the label and past every quota.
    Fix: delete the claim, and see who may update `resourceclaims/status`: the scheduler and the claim controller.
    """
    if claim.status.allocation is None:
        return not_applicable("nothing is allocated to it")
    asked = {one.name for one in claim.spec.devices.requests if any(want.admin_access for want in one.wants)}
    results = claim.status.allocation.devices.results
    bad = [
        f"{one.pool}/{one.device}" for one in results if one.admin_access and one.request.partition("/")[0] not in asked
    ]
    if bad:
        return failed(f"admin access that was not asked for: {some(bad)}", devices=sorted(bad))
    return passed(f"none of its {len(results)} devices came that way")


@check("admin-access.labelled-namespaces-hold-no-tenants", severity=Severity.HIGH)
def labelled_namespaces_hold_no_tenants(
    namespace: Namespace,
    tenants: All[AcceleratorNamespace],
    claims: All[ResourceClaim],
    templates: All[ResourceClaimTemplate],
) -> Verdict:
    """A namespace that is labelled for admin access holds nothing that uses accelerators of its own.

    Why: whoever may create a claim or a pod there opens every device of the cluster, so a tenant must not be among them.
    Fix: remove the label `resource.kubernetes.io/admin-access`, or move the workloads.
    """
    if not _is_labelled(namespace):
        return not_applicable("it is not labelled for admin access")
    watching = {one.name for one in claims if one.metadata.namespace == namespace.name and _asks(one.spec)}
    patterns = {one.name for one in templates if one.metadata.namespace == namespace.name and _asks(one.spec.spec)}
    bad = [
        one.subject
        for tenant in tenants
        if tenant.name == namespace.name
        for one in tenant.workloads
        if not _only_watches(one, watching, patterns)
    ]
    if bad:
        return failed(f"labelled, and used by {some(bad)}", workloads=sorted(bad)[:50])
    return passed("labelled, and nothing there uses accelerators but by admin access")


@check("admin-access.tenants-may-not-label-namespaces", severity=Severity.HIGH)
def tenants_may_not_label_namespaces(grants: All[Grant], tenants: All[AcceleratorNamespace]) -> Verdict:
    """Neither everybody nor an account of a tenant may create or change namespaces.

    Why: whoever may set a namespace's labels gives himself admin access to every device, and takes Pod Security away.
    Fix: take `create`, `update` and `patch` of `namespaces` out of the role, or the account out of the binding; where
    tenants make namespaces themselves, refuse the label by a ValidatingAdmissionPolicy.
    """
    return _within_reach(grants, tenants, lambda grant: grant.allows(_LABELLING, "", "namespaces"), "change namespaces")


@check("admin-access.tenants-may-not-claim-there", severity=Severity.HIGH)
def tenants_may_not_claim_there(
    namespace: Namespace, grants: All[Grant], tenants: All[AcceleratorNamespace]
) -> Verdict:
    """Where claims may have admin access, neither everybody nor an account of a tenant may create them.

    Why: the label lets in every claim that is created there, whoever creates it.
    Fix: take `create` of `resourceclaims` and `resourceclaimtemplates` out of what holds in that namespace, or remove its label.
    """
    if not _is_labelled(namespace):
        return not_applicable("it is not labelled for admin access")
    here = namespace.name
    return _within_reach(
        grants,
        tenants,
        lambda grant: any(grant.allows(("create",), _GROUP, kind, here) for kind in _CLAIMS),
        f"create claims in {here}",
    )


@check("admin-access.drivers-are-held-to-their-node", severity=Severity.HIGH)
def drivers_are_held_to_their_node(
    slices: All[ResourceSlice],
    policies: All[ValidatingAdmissionPolicy],
    bindings: All[ValidatingAdmissionPolicyBinding],
) -> Verdict:
    """A driver's plug-in on one node may not write the ResourceSlices of another.

    Why: RBAC cannot tell nodes apart, so who takes over one node's plug-in publishes devices for all of them, and draws
    other tenants' pods to himself.
    Fix: bind a ValidatingAdmissionPolicy with `validationActions: [Deny]` that compares the node in the token of the
    service account (`authentication.kubernetes.io/node-name`) with `spec.nodeName`, as the example driver of Kubernetes has it.
    """
    drivers = sorted({one.spec.driver for one in slices if one.spec.node_name})
    if not drivers:
        return not_applicable("no driver publishes devices of nodes")
    denying = {one.spec.policy_name for one in bindings if "Deny" in one.spec.validation_actions}
    found = [one for one in policies if one.name in denying and one.spec.validations and _covers_slices(one)]
    if not found:
        return failed(f"no enforced policy looks at what {some(drivers)} may publish", drivers=drivers)
    names = some(one.name for one in found)
    if len(found) < len(drivers) and all(one.spec.match_conditions for one in found):
        return unknown(f"{names} may be about some of the drivers {some(drivers)}: each applies under conditions")
    return passed(f"{names} for {some(drivers)}")


def _in_its_place(spec: ClaimSpec, home: str, namespaces: All[Namespace]) -> Verdict:
    if not _asks(spec):
        return passed("it asks for devices of its own")
    namespace = namespaces.by_name.get(home)
    if namespace is None:
        return unknown(f"it asks for admin access, and the namespace {home} was not read")
    if _is_labelled(namespace):
        return passed(f"it asks for admin access, and {home} is labelled for it")
    return failed(f"it asks for admin access, and {home} is not labelled for it")


def _within_reach(
    grants: All[Grant], tenants: All[AcceleratorNamespace], may: Callable[[Grant], bool], what: str
) -> Verdict:
    able = [one for one in grants if may(one)]
    homes = [one.name for one in tenants]
    bad = {f"{who} by {one.subject}" for one in able for who in one.reaching(homes)}
    if bad:
        return failed(f"may {what}: {some(bad)}", who=sorted(bad)[:50])
    others = {subject.name for one in able for subject in one.subjects}
    return passed(f"of {len(others)} who may {what} none is everybody, or an account of {len(homes)} tenants")


def _is_labelled(namespace: Namespace) -> bool:
    return namespace.metadata.labels.get(_LABEL) == "true"


def _asks(spec: ClaimSpec) -> bool:
    return any(want.admin_access for request in spec.devices.requests for want in request.wants)


def _only_watches(workload: TenantWorkload, claims: set[str], templates: set[str]) -> bool:
    return not workload.accelerators and all(
        one.resource_claim_name in claims or one.resource_claim_template_name in templates
        for one in workload.spec.resource_claims
    )


def _covers_slices(policy: ValidatingAdmissionPolicy) -> bool:
    constraints: MatchResources = policy.spec.match_constraints
    return any(
        {_GROUP, "*"} & set(rule.api_groups)
        and {"resourceslices", "*", "*/*"} & set(rule.resources)
        and ("*" in rule.operations or {"CREATE", "UPDATE"} <= set(rule.operations))
        for rule in constraints.resource_rules
    )
