"""Who may speak to pods with accelerators, and a label by which policies can select them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from seatrial.catalog.remedies.impact import Fated, of_pods, unread, uses_accelerators
from seatrial.catalog.remedies.pods import USES_ACCELERATORS, plain, pod
from seatrial.catalog.remedies.policies import MUTATING, changed
from seatrial.catalog.remedies.subjects import namespaces
from seatrial.catalog.remedies.ways import COMING, GOING, READ, READS, Ways
from seatrial.catalog.systems.kubernetes.governance import NetworkPolicy
from seatrial.catalog.systems.kubernetes.pods import LabelSelector, PodTemplate
from seatrial.catalog.views.workloads import Workload
from seatrial.model.fact import Obj, Snapshot
from seatrial.model.remedy import Fate, Fix, Impact, Remedy, Trial
from seatrial.model.verdict import Finding

_INGRESS = "network-policy.ingress-is-denied-by-default"
_EGRESS = "network-policy.egress-is-denied-by-default"
_SELECT = "network-policy.policies-select-pods"
_UNTOLD = "no Service, route or monitor that was read tells of a way that ends; whoever else speaks with it is not told"
_OTHERS = (
    "Which other pods speak with these, and with whom they speak, no object tells; the network's own flow log does. Gateways and"
    " collectors of metrics are taken to be in other namespaces."
)
_LABEL, _YES = "seatrial.dev/accelerator", "true"
_DNS = [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")]
_KUBE_SYSTEM = {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}


def _default_deny(snapshot: Snapshot, findings: Sequence[Finding]) -> Fix:
    coming, going = set(namespaces(findings, _INGRESS)), set(namespaces(findings, _EGRESS))
    return Fix(
        enforce=tuple(
            policy
            for name in sorted(coming | going)
            for policy in _closed(name, coming=name in coming, going=name in going)
        ),
        impact=_cut(snapshot, coming, going),
    )


def _cut(snapshot: Snapshot, coming: Collection[str], going: Collection[str]) -> Impact:
    """Policies are about pods that run, from the moment on in which they are there."""
    ways = Ways(snapshot)

    def fated(workload: Workload, namespace: str, pod: PodTemplate) -> Fated | None:
        labels = pod.metadata.labels
        comes = namespace in coming and not ways.is_bounded(namespace, labels, COMING)
        goes = namespace in going and not ways.is_bounded(namespace, labels, GOING)
        if pod.spec.host_network or not (comes or goes):
            return None
        known = [one.told for one in ways.coming(namespace, labels, pod.metadata.annotations)] if comes else []
        known += ways.going(workload.subject) if goes else ()
        return (Fate.CUT, tuple(dict.fromkeys(known))) if known else (Fate.UNKNOWN, (_UNTOLD,))

    return of_pods(snapshot, fated, within={*coming, *going}, unknown=(*unread(snapshot, READ), _OTHERS))


def _closed(namespace: str, *, coming: bool, going: bool) -> tuple[Obj, Obj]:
    """Nobody, and then the pods of the namespace among themselves; where ways out are closed, names are still looked up."""
    types = [*(["Ingress"] if coming else []), *(["Egress"] if going else [])]
    own: list[Obj] = [{"podSelector": {}}]
    allowed: Obj = {"podSelector": {}, "policyTypes": types}
    if coming:
        allowed["ingress"] = [{"from": own}]
    if going:
        allowed["egress"] = [{"to": own}, {"to": [{"namespaceSelector": _KUBE_SYSTEM}], "ports": _DNS}]
    return (
        _policy(namespace, "seatrial-default-deny", {"podSelector": {}, "policyTypes": types}),
        _policy(namespace, "seatrial-own-namespace", allowed),
    )


def _policy(namespace: str, name: str, spec: Obj) -> Obj:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


NETWORK_DEFAULT_DENY = Remedy(
    id="network-default-deny",
    title="Nobody speaks to pods with accelerators, and they to nobody, who is not let through",
    why=(
        "Model servers answer whoever reaches them, training jobs trust their network, and code that came with a model sends data"
        " wherever it likes."
    ),
    effect=(
        "In these namespaces pods speak among themselves, and look up names in kube-system. All else is cut off at once: first add"
        " policies for the gateway, for what collects metrics, and for the stores of models and data. There is no mode in which"
        " that is only told; the network's own flow log shows what would be cut. A network that enforces no policies ignores them."
    ),
    cures=(_INGRESS, _EGRESS),
    reads=(Workload, *READS),
    render=_default_deny,
)


def _would_be_labelled(pod: PodTemplate) -> tuple[str, ...]:
    if not uses_accelerators(pod.spec) or pod.metadata.labels.get(_LABEL) == _YES:
        return ()
    return (f"gets the label {_LABEL}: {_YES}",)


def _labelled(snapshot: Snapshot, findings: Sequence[Finding]) -> Fix:
    meant = {one.subject: one for one in snapshot.all(NetworkPolicy) if _means_accelerators(one)}
    about = tuple(one for one in findings if one.subject in meant)
    if not about:
        return Fix()
    fix = changed(
        "seatrial-accelerator-label",
        snapshot,
        when=(("uses-accelerators", USES_ACCELERATORS),),
        configuration=f'Object{{metadata: Object.metadata{{labels: {{"{_LABEL}": "{_YES}"}}}}}}',
        words=_would_be_labelled,
    )
    moved = tuple(_reselected(meant[subject]) for subject in sorted({one.subject for one in about}))
    return msgspec.structs.replace(fix, enforce=(*fix.enforce, *moved), about=about)


def _means_accelerators(policy: NetworkPolicy) -> bool:
    """Its one label has the name of a vendor's node label or resource, such as `nvidia.com/gpu`."""
    selector = policy.spec.pod_selector
    keys = [*selector.match_labels, *(one.key for one in selector.match_expressions)]
    return bool(keys) and all(key.startswith(_VENDORS) for key in keys)


_VENDORS = (
    "nvidia.com/",
    "amd.com/",
    "intel.com/",
    "gpu.intel.com/",
    "habana.ai/",
    "aws.amazon.com/",
    "google.com/tpu",
)


def _reselected(policy: NetworkPolicy) -> Obj:
    """The same policy, which selects by the label that pods then have."""
    selector = LabelSelector(match_labels={_LABEL: _YES})
    spec = msgspec.json.decode(msgspec.json.encode(msgspec.structs.replace(policy.spec, pod_selector=selector)))
    return _policy(policy.metadata.namespace, policy.name, spec)


_LABELS = {"metadata": {"labels": {_LABEL: _YES}}}

ACCELERATOR_LABEL = Remedy(
    id="accelerator-label",
    title="Pods that ask for accelerators carry a label, and policies select by it",
    why=(
        "`nvidia.com/gpu` and its like are labels of nodes. No pod carries them by itself, so a NetworkPolicy that selects by them"
        " protects nothing."
    ),
    effect=(
        f"New pods with accelerators are labelled `{_LABEL}: {_YES}`, and the policies that select by a vendor's label select by"
        " this one instead. Once pods start anew they do what they were written for: see that this is still wanted."
        " It takes `--server-side --force-conflicts`: kubectl's own merge would keep the old label beside the new one."
    ),
    undo=(
        "- `kubectl delete -k base`, and `kubectl delete -f enforce/mutatingadmissionpolicybinding.yaml`. The NetworkPolicies are"
        " your own: restore them from your history, do not delete them."
    ),
    cures=(_SELECT,),
    serves=(MUTATING,),
    reads=(NetworkPolicy, Workload),
    render=_labelled,
    trials=(
        Trial(what="a pod with an accelerator", obj=pod(), becomes=_LABELS),
        Trial(
            what="a pod with a label of its own",
            obj={**pod(), "metadata": {"name": "trial", "labels": {"app": "a"}}},
            becomes={"metadata": {"labels": {"app": "a", _LABEL: _YES}}},
        ),
        Trial(
            what="a pod without an accelerator", obj=pod(containers=[plain()]), becomes={"metadata": {"labels": None}}
        ),
    ),
)
