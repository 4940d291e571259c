"""Network policies: who may speak to a model server or a training job.

Model servers answer whoever reaches them, and training jobs trust their network, so that an open namespace is high for what
comes in and medium for what goes out. Only NetworkPolicy of Kubernetes is read here: a network's own kinds of policy may close
what looks open, and a network that enforces none leaves open what looks closed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from seatrial.catalog.checks.posture.naming import some
from seatrial.catalog.systems.kubernetes.governance import NetworkPolicy
from seatrial.catalog.views.tenants import AcceleratorNamespace, NamespaceWorkloads, TenantWorkload, workloads_in
from seatrial.model.check import check
from seatrial.model.fact import All
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed

_INGRESS, _EGRESS = "Ingress", "Egress"
_EVERYWHERE = ("0.0.0.0/0", "::/0")
_SECOND_NETWORK = "k8s.v1.cni.cncf.io/networks"
_CARDS = ("rdma", "sriov", "infiniband", "roce", "hca", "efa")


@check("network-policy.ingress-is-denied-by-default", severity=Severity.HIGH)
def ingress_is_denied_by_default(namespace: AcceleratorNamespace, policies: All[NetworkPolicy]) -> Verdict:
    """In a namespace that uses accelerators nobody may come in who is not let in.

    Why: without a policy that selects every pod, any pod of the cluster may send prompts to its model servers, and join the
    collective of its training jobs.
    Fix: create a NetworkPolicy with `podSelector: {}`, `policyTypes: [Ingress]` and no rules, and one more for each who may.
    """
    return _denied(namespace, policies, _INGRESS)


@check("network-policy.egress-is-denied-by-default", severity=Severity.MEDIUM)
def egress_is_denied_by_default(namespace: AcceleratorNamespace, policies: All[NetworkPolicy]) -> Verdict:
    """From a namespace that uses accelerators nothing goes out that is not let out.

    Why: code that came with a model can send weights and data wherever it likes, and ask the cloud's metadata service who it is.
    Fix: create a NetworkPolicy with `podSelector: {}`, `policyTypes: [Egress]` and no rules, and others for DNS, the stores
    of models and data, and the peers of a job.
    """
    return _denied(namespace, policies, _EGRESS)


@check("network-policy.sources-are-named", severity=Severity.MEDIUM)
def sources_are_named(namespace: AcceleratorNamespace, policies: All[NetworkPolicy]) -> Verdict:
    """No policy in a namespace that uses accelerators lets everybody in.

    Why: policies add up. One rule without `from` undoes a default that denies.
    Fix: name the pods and namespaces in `from`: the gateway's, and that of the metrics.
    """
    mine = [one for one in policies if one.metadata.namespace == namespace.name and _INGRESS in _types(one)]
    if not mine:
        return not_applicable("it has no policy for what comes in")
    bad = [one.name for one in mine if any(_is_open(rule, "from") for rule in one.spec.ingress or ())]
    if bad:
        return failed(f"everybody is let in by {some(bad)}", policies=sorted(bad))
    return passed(f"none of its {len(mine)} policies does")


@check("network-policy.policies-select-pods", severity=Severity.MEDIUM)
def policies_select_pods(policy: NetworkPolicy, workloads: All[NamespaceWorkloads]) -> Verdict:
    """A policy selects pods that there are.

    Why: `nvidia.com/gpu: "true"` and its like are labels of nodes. No pod carries them by itself, so such a policy protects
    nothing, whatever its name says.
    Fix: select by a label that the pods carry, or all of them by `podSelector: {}`; a MutatingAdmissionPolicy can put a label
    on every pod that asks for accelerators.
    """
    selector = policy.spec.pod_selector
    if selector.is_empty:
        return passed("it selects every pod of its namespace")
    there = workloads_in(policy.metadata.namespace, workloads)
    if not there:
        return not_applicable("there are no pods in its namespace")
    found = sum(selector.matches(dict(one.labels)) for one in there)
    if found:
        return passed(f"it selects {found} of {len(there)} workloads")
    wanted = [*(f"{key}={value}" for key, value in selector.match_labels.items())]
    wanted += [f"{one.key} {one.operator}" for one in selector.match_expressions]
    return failed(f"none of {len(there)} workloads in its namespace carries {some(wanted)}")


@check("network-policy.no-way-goes-around", severity=Severity.LOW)
def no_way_goes_around(workload: TenantWorkload) -> Verdict:
    """A pod with accelerators has no network that policies do not hold for.

    Why: NetworkPolicy is about a pod's first interface. On the node's own network or on a second interface (SR-IOV, RDMA)
    traffic passes all policies by, and InfiniBand partitions or VLANs must keep tenants apart.
    Fix: for pods that need such a network, see that its own partitions follow tenants, and accept this finding; for others
    remove it.
    """
    if not workload.uses_accelerators:
        return not_applicable("it uses no accelerators")
    spec = workload.spec
    ways = ["hostNetwork"] if spec.host_network else []
    ways += [_SECOND_NETWORK] if workload.template.metadata.annotations.get(_SECOND_NETWORK) else []
    asked = {name for one in spec.every_container for name in (*one.resources.requests, *one.resources.limits)}
    ways += [name for name in asked if any(word in name.lower() for word in _CARDS)]
    return (
        failed(f"around policies: {some(ways)}", ways=sorted(ways)) if ways else passed("it has only its pod network")
    )


def _denied(namespace: AcceleratorNamespace, policies: Iterable[NetworkPolicy], way: str) -> Verdict:
    mine = [one for one in policies if one.metadata.namespace == namespace.name and way in _types(one)]
    whole = [one.name for one in mine if one.spec.pod_selector.is_empty and not _lets_all(one, way)]
    if whole:
        return passed(f"{some(whole)} selects every pod")
    return failed(
        f"none of {len(mine)} policies for {way} selects every pod and denies" if mine else f"no policy for {way}"
    )


def _types(policy: NetworkPolicy) -> tuple[str, ...]:
    """Where they are not said, a policy is about what comes in, and with rules for it also about what goes out."""
    if policy.spec.policy_types:
        return policy.spec.policy_types
    return (_INGRESS, _EGRESS) if policy.spec.egress else (_INGRESS,)


def _lets_all(policy: NetworkPolicy, way: str) -> bool:
    rules, peers = (policy.spec.ingress, "from") if way == _INGRESS else (policy.spec.egress, "to")
    return any(_is_open(rule, peers) and not rule.get("ports") for rule in rules or ())


def _is_open(rule: dict[str, Any], peers: str) -> bool:
    """Anybody: no peers, the whole address space, or every namespace."""
    named = rule.get(peers) or ()
    return not named or any(
        (peer.get("ipBlock") or {}).get("cidr") in _EVERYWHERE
        or (peer.get("namespaceSelector") == {} and not peer.get("podSelector"))
        for peer in named
    )
