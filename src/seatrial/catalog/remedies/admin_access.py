"""Who may give admin access to devices, and who may publish devices of a node."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from seatrial.catalog.remedies.impact import on_objects
from seatrial.catalog.remedies.pods import texts
from seatrial.catalog.remedies.policies import VALIDATING, Demand, Rule, denied
from seatrial.catalog.systems.kubernetes.core import Namespace
from seatrial.catalog.systems.kubernetes.dra import ClaimSpec, ResourceClaim, ResourceClaimTemplate, ResourceSlice
from seatrial.model.fact import Fact, Obj, Snapshot
from seatrial.model.remedy import Fate, Fix, Hit, Remedy, Trial
from seatrial.model.verdict import Finding

_LABEL = "resource.kubernetes.io/admin-access"
_DEVICES = "resource.k8s.io"
_NODE = "authentication.kubernetes.io/node-name"
_DRIVER = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_CLAIM_MAKER = "system:serviceaccount:kube-system:resource-claim-controller"
_CLEANERS = (
    "system:serviceaccount:kube-system:generic-garbage-collector",
    "system:serviceaccount:kube-system:namespace-controller",
)
_MAY_GRANT = "authorizer.group('seatrial.dev').resource('adminaccess').check('grant').allowed()"
_SPEC = "(request.resource.resource == 'resourceclaimtemplates' ? object.spec.spec : object.spec)"
_ON_LABEL = f"only who may grant admin access may change the label {_LABEL} of a namespace"
_ON_CLAIM = "only who may grant admin access may claim devices with adminAccess"
_OF_NODE = "a driver publishes devices of the node alone on which its plug-in runs"
_LOOKED_AT: tuple[type[Fact], ...] = (Namespace, ResourceClaim, ResourceClaimTemplate)
TENANT = "tenant"


def _guarded(snapshot: Snapshot, findings: Sequence[Finding]) -> Fix:
    role: Obj = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "seatrial-admin-access-granter"},
        "rules": [{"apiGroups": ["seatrial.dev"], "resources": ["adminaccess"], "verbs": ["grant"]}],
    }
    return denied(
        "seatrial-admin-access",
        snapshot,
        rules=(
            Rule(("namespaces",), operations=("CREATE", "UPDATE")),
            Rule(("resourceclaims", "resourceclaimtemplates"), _DEVICES),
        ),
        variables=(
            ("mayGrant", f"{_MAY_GRANT}\n|| request.userInfo.username == '{_CLAIM_MAKER}'"),
            ("isNamespace", "request.resource.resource == 'namespaces'"),
            ("label", f"object.metadata.?labels[?'{_LABEL}'].orValue('')"),
            ("before", f"oldObject == null ? '' : oldObject.metadata.?labels[?'{_LABEL}'].orValue('')"),
            (
                "asks",
                (
                    f"!variables.isNamespace && {_SPEC}.?devices.?requests.orValue([]).exists(r,\n"
                    "    r.?exactly.?adminAccess.orValue(false) || r.?adminAccess.orValue(false))"
                ),
            ),
        ),
        demands=(
            Demand(
                "!variables.isNamespace || variables.label == variables.before || variables.mayGrant",
                _ON_LABEL,
            ),
            Demand("!variables.asks || variables.mayGrant", _ON_CLAIM),
        ),
        beside=(role,),
        impact=on_objects(snapshot, _LOOKED_AT, "namespaces and claims", _granted(snapshot)),
    )


def _granted(snapshot: Snapshot) -> Iterator[Hit]:
    """Who makes them decides, and that is in no object."""
    for namespace in snapshot.all(Namespace):
        if _LABEL in namespace.metadata.labels:
            yield Hit(subject=namespace.subject, namespace=namespace.name, fate=Fate.DEPENDS, because=(_ON_LABEL,))
    claims: list[tuple[Fact, ClaimSpec]] = [(one, one.spec) for one in snapshot.all(ResourceClaim)]
    claims += [(one, one.spec.spec) for one in snapshot.all(ResourceClaimTemplate)]
    for fact, spec in claims:
        if any(want.admin_access for request in spec.devices.requests for want in request.wants):
            yield Hit(subject=fact.subject, namespace=fact.metadata.namespace, fate=Fate.DEPENDS, because=(_ON_CLAIM,))


def _namespace(name: str, **labels: str) -> Obj:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


ADMIN_ACCESS = Remedy(
    id="admin-access",
    title="Admin access to devices is granted by those alone who may grant it",
    why=(
        "The label of a namespace decides about admin access (KEP-5018), so whoever may create or change namespaces gives himself"
        " every device of the cluster. RBAC cannot tell one label from another; an admission policy can."
    ),
    effect=(
        f"The label `{_LABEL}` is set, changed and taken away, and claims with `adminAccess` are created, by accounts alone that"
        " may do the verb `grant` on `adminaccess` of the group `seatrial.dev`. Cluster administrators may. Bind the ClusterRole"
        " `seatrial-admin-access-granter` to the account of your monitoring. Tenants may go on creating namespaces."
    ),
    eases=("admin-access.tenants-may-not-label-namespaces", "admin-access.tenants-may-not-claim-there"),
    serves=(VALIDATING,),
    reads=_LOOKED_AT,
    render=_guarded,
    trials=(
        Trial(
            what="a tenant labels a namespace of his for admin access",
            obj=_namespace("trial-labelled", **{_LABEL: "true"}),
            user=TENANT,
            refused="only who may grant admin access may change the label",
        ),
        Trial(what="a tenant creates a namespace", obj=_namespace("trial-plain", team="a"), user=TENANT),
        Trial(
            what="an administrator labels a namespace for admin access",
            obj=_namespace("trial-labelled", **{_LABEL: "true"}),
        ),
    ),
)


def _held(snapshot: Snapshot, findings: Sequence[Finding]) -> Fix:
    named = {one.spec.driver for one in snapshot.all(ResourceSlice) if one.spec.node_name}
    drivers = sorted(name for name in named if _DRIVER.fullmatch(name))
    if not drivers:
        return Fix()
    return denied(
        "seatrial-device-publishers",
        snapshot,
        rules=(Rule(("resourceslices",), _DEVICES, ("CREATE", "UPDATE", "DELETE")),),
        variables=(
            ("slice", "request.operation == 'DELETE' ? oldObject : object"),
            ("node", f"request.userInfo.?extra[?'{_NODE}'][?0].orValue('')"),
            (
                "isHeld",
                (
                    f"variables.slice.spec.driver in {texts(drivers)}\n"
                    "&& request.userInfo.username.startsWith('system:serviceaccount:')\n"
                    f"&& !(request.operation == 'DELETE' && request.userInfo.username in {texts(_CLEANERS)})"
                ),
            ),
        ),
        demands=(
            Demand(
                "!variables.isHeld || (variables.node != '' && variables.slice.spec.?nodeName.orValue('') == variables.node)",
                _OF_NODE,
            ),
        ),
        impact=on_objects(snapshot, (ResourceSlice,), "slices", _of_no_node(snapshot, drivers)),
    )


def _of_no_node(snapshot: Snapshot, drivers: Collection[str]) -> Iterator[Hit]:
    """Service accounts are refused these. By whose token the others were published is in no object, and is not told."""
    for one in snapshot.all(ResourceSlice):
        if one.spec.driver in drivers and not one.spec.node_name:
            yield Hit(subject=one.subject, fate=Fate.DEPENDS, because=(_OF_NODE,))


def _slice(node: str) -> Obj:
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"name": "trial"},
        "spec": {
            "driver": "gpu.nvidia.com",
            "nodeName": node,
            "pool": {"name": "trial", "generation": 1, "resourceSliceCount": 1},
            "devices": [{"name": "gpu-0"}],
        },
    }


_PLUGIN = "system:serviceaccount:gpu-driver:plugin"

DEVICE_PUBLISHERS = Remedy(
    id="device-publishers",
    title="A driver's plug-in publishes devices of its own node alone",
    why=(
        "RBAC cannot tell nodes apart: who takes over the plug-in of one node publishes devices for all of them, and draws other"
        " tenants' pods to himself."
    ),
    effect=(
        "Service accounts may write ResourceSlices of the drivers that are named in the policy only where `spec.nodeName` is the"
        " node that their token was made for. Drivers that are installed later have to be added to the list. A program that"
        " publishes devices for several nodes under one of these names is refused: take that name out."
    ),
    cures=("admin-access.drivers-are-held-to-their-node",),
    serves=(VALIDATING, ResourceSlice.of),
    reads=(ResourceSlice,),
    render=_held,
    trials=(
        Trial(
            what="a plug-in publishes devices of another node",
            obj=_slice("node-b"),
            user=_PLUGIN,
            extra={_NODE: "node-a"},
            refused="publishes devices of the node alone on which",
        ),
        Trial(
            what="a plug-in whose token is of no node publishes devices",
            obj=_slice("node-b"),
            user=_PLUGIN,
            refused="publishes devices of the node alone on which",
        ),
        Trial(
            what="a plug-in publishes devices of its node", obj=_slice("node-a"), user=_PLUGIN, extra={_NODE: "node-a"}
        ),
    ),
)
