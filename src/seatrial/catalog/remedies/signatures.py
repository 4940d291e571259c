"""Images that run beside models are signed: policies of Sigstore's policy-controller."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from seatrial.catalog.remedies.impact import on_pods
from seatrial.catalog.remedies.pod_security import labelled
from seatrial.catalog.remedies.subjects import namespaces
from seatrial.catalog.systems.kubernetes.pods import PodSpec, PodTemplate
from seatrial.catalog.systems.policy_controller import INCLUDED, ClusterImagePolicy
from seatrial.catalog.views.signatures import POLICY_CONTROLLER, SignatureRule
from seatrial.catalog.views.workloads import Workload
from seatrial.model.fact import Obj, Snapshot
from seatrial.model.remedy import Fate, Fix, Impact, Remedy
from seatrial.model.verdict import Finding

VERIFIED = "supply-chain.images-are-verified"
SIGNERS = "seatrial-signers"  # the Secret, beside policy-controller, with the public key of whoever signs
_NAME = "seatrial-signatures"
_CAUTION = (
    "Nobody but you knows whose signature counts. Before `audit/`, give policy-controller the public key, in its own namespace:"
    f" `kubectl create secret generic {SIGNERS} --namespace cosign-system --from-file=cosign.pub`. Until the Secret is there the"
    " policy is not in force, and as no other is about them, all pods in the labelled namespaces are refused, in `audit/` as well."
)


def _rendered(snapshot: Snapshot, findings: Sequence[Finding]) -> Fix:
    """Where rules are in force already, the namespaces are only shown to them."""
    rules = [one for one in snapshot.all(SignatureRule) if one.program == POLICY_CONTROLLER and not one.lenient]
    shown = tuple(labelled(name, {INCLUDED: "true"}) for name in namespaces(findings, VERIFIED))
    impact = unsigned(
        snapshot, namespaces(findings, VERIFIED), lambda spec: [one.image for one in spec.every_container]
    )
    if rules:
        return Fix(enforce=shown, impact=impact)
    return Fix(
        audit=(_policy(snapshot, "warn"), *shown),
        enforce=(_policy(snapshot, "enforce"), *shown),
        caution=_CAUTION,
        impact=impact,
    )


def unsigned(snapshot: Snapshot, homes: Collection[str], looked_at: Callable[[PodSpec], Iterable[str]]) -> Impact:
    """Signatures are in registries, and whose counts nobody has said yet: each image that would be asked about is named."""

    def words(pod: PodTemplate) -> tuple[str, ...]:
        images = sorted(set(filter(None, looked_at(pod.spec))))
        return (f"refused unless all of these are signed with your key: {', '.join(images)}",) if images else ()

    return on_pods(snapshot, words, fate=Fate.UNKNOWN, within=homes)


def _policy(snapshot: Snapshot, mode: str) -> Obj:
    versions = snapshot.apis.versions(ClusterImagePolicy.of)
    return {
        "apiVersion": f"policy.sigstore.dev/{versions[0] if versions else 'v1beta1'}",
        "kind": "ClusterImagePolicy",
        "metadata": {"name": _NAME},
        "spec": {
            "mode": mode,
            "images": [{"glob": "**"}],  # "*" alone is about Docker Hub
            "authorities": [{"name": "signers", "key": {"secretRef": {"name": SIGNERS}, "hashAlgorithm": "sha256"}}],
        },
    }


SIGNATURES = Remedy(
    id="signatures",
    title="In namespaces with accelerators only signed images run (policy-controller)",
    why=(
        "Whoever may push to a registry, or create a pod, runs his code beside the models and data of those namespaces. A digest"
        " says what runs; a signature says who stands for it."
    ),
    effect=(
        "Pods, and what makes pods, are refused in the labelled namespaces unless every image of theirs is signed with the key;"
        " images by tag are looked up and pinned to a digest. What runs already goes on. policy-controller looks at containers,"
        " init containers and ephemeral containers, and to v0.15.1 not at volumes of type image: a model in such a volume is let"
        " in unsigned, so refuse those volumes, or have Kyverno look at them. It looks only at namespaces with the label"
        f' `{INCLUDED}: "true"`, which whoever may change a namespace can take away. Signatures are taken in cosign\'s older form,'
        " beside the image (`cosign sign --new-bundle-format=false`), and no transparency log is asked."
    ),
    undo=(
        f"- `kubectl label namespace NAME {INCLUDED}-`, then delete the ClusterImagePolicy `{_NAME}`.\n- Never `kubectl delete -k`:"
        " among the objects are the namespaces themselves, and all in them would be deleted."
    ),
    cures=(VERIFIED,),
    serves=(ClusterImagePolicy.of,),
    needs=("policy-controller",),
    reads=(SignatureRule, Workload),
    render=_rendered,
)
