"""Images that run beside models are signed, models in image volumes included: a policy of Kyverno."""

from __future__ import annotations

from collections.abc import Sequence

from seatrial.catalog.remedies.policies import NAME_LABEL, PODS
from seatrial.catalog.remedies.signatures import SIGNERS, VERIFIED, unsigned
from seatrial.catalog.remedies.subjects import namespaces
from seatrial.catalog.systems.kyverno import ImageValidatingPolicy
from seatrial.catalog.views.workloads import Workload
from seatrial.model.fact import Obj, Snapshot
from seatrial.model.remedy import Fix, Remedy
from seatrial.model.verdict import Finding

_NAME = "seatrial-signatures"
_KEY = "cosign.pub"
_NEW = "oldObject == null || !has(oldObject.spec) || object.spec != oldObject.spec"  # to Kyverno there is always an old one
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_HOME = "kube-system"  # of the ConfigMap: nobody but administrators writes there
_CAUTION = (
    "Nobody but you knows whose signature counts. Before `audit/`, give Kyverno the public key, where nobody but administrators"
    f" writes: `kubectl create configmap {SIGNERS} --namespace {_HOME} --from-file={_KEY}`. Until it is there the policy cannot be"
    " judged by, and in force it refuses every pod in those namespaces."
)


def _rendered(snapshot: Snapshot, findings: Sequence[Finding]) -> Fix:
    names = namespaces(findings, VERIFIED)
    return Fix(
        audit=(_policy(snapshot, names, ["Warn", "Audit"]),),
        enforce=(_policy(snapshot, names, ["Deny"]),),
        caution=_CAUTION,
        impact=unsigned(snapshot, names, lambda spec: spec.images),
    )


def _policy(snapshot: Snapshot, names: Sequence[str], actions: Sequence[str]) -> Obj:
    served = snapshot.apis.versions(ImageValidatingPolicy.of)
    expressions = {
        "volumes": "the model in a volume is not signed",
        **dict.fromkeys(_CONTAINERS, "an image is not signed"),
    }
    where = {"matchExpressions": [{"key": NAME_LABEL, "operator": "In", "values": list(names)}]}
    rules = [{**PODS.told, "operations": ["CREATE", "UPDATE"], "resources": ["pods", "pods/ephemeralcontainers"]}]
    return {
        "apiVersion": f"policies.kyverno.io/{served[0] if served else 'v1'}",
        "kind": "ImageValidatingPolicy",
        "metadata": {"name": _NAME},
        "spec": {
            "validationActions": list(actions),
            "failurePolicy": "Fail",
            "webhookConfiguration": {"timeoutSeconds": 20},
            "matchConstraints": {"namespaceSelector": where, "resourceRules": rules},
            "matchConditions": [{"name": "new", "expression": _NEW}],
            "matchImageReferences": [{"glob": "*"}],
            "images": [
                {
                    "name": "volumes",
                    "expression": "object.spec.?volumes.orValue([]).filter(v, has(v.image)).map(v, v.image.reference)",
                }
            ],
            "variables": [
                {"name": "signers", "expression": f'resource.get("v1", "configmaps", "{_HOME}", "{SIGNERS}")'}
            ],
            "attestors": [
                {
                    "name": "signers",
                    "cosign": {
                        "key": {"expression": f'variables.signers.data["{_KEY}"]', "hashAlgorithm": "sha256"},
                        "ctlog": {"insecureIgnoreTlog": True},
                    },
                }
            ],
            "validations": [
                {
                    "expression": f"images.{name}.map(i, verifyImageSignatures(i, [attestors.signers])).all(e, e > 0)",
                    "message": f"{message}, or not by whom the policy names",
                }
                for name, message in expressions.items()
            ],
        },
    }


KYVERNO_SIGNATURES = Remedy(
    id="kyverno-signatures",
    title="In namespaces with accelerators only signed images run, and only signed models are mounted (Kyverno)",
    why=(
        "Whoever may push to a registry, or create a pod, runs his code beside the models and data of those namespaces. Models"
        " travel as images, too, and are mounted as volumes, which are no containers."
    ),
    effect=(
        "A variant of the remedy `signatures`: take one of them. Pods in these namespaces are refused unless every image of theirs,"
        " those of volumes of type image included, is signed with the key, and is named by its digest; tags of containers are pinned"
        " to one. Only the namespaces that fail now are named: add those to come. No transparency log is asked, as an own key needs"
        " none. While Kyverno is away no pod can be made there."
    ),
    cures=(VERIFIED,),
    serves=(ImageValidatingPolicy.of,),
    needs=("kyverno",),
    reads=(Workload,),
    render=_rendered,
)
