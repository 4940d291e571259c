"""Sigstore's policy-controller: images of pods must be signed by whom a ClusterImagePolicy names, where a namespace asks for it."""

from __future__ import annotations

import msgspec

from seatrial.catalog.roles import Forbidden, PolicyEngine
from seatrial.catalog.systems.kubernetes.pods import LabelSelector
from seatrial.model.fact import Apis, Fact, Obj, Shape
from seatrial.model.lab import LabLevel
from seatrial.model.system import Process, Proof, Recipe, Served, System

INCLUDED = "policy.sigstore.dev/include"  # "true" on a namespace: its pods are looked at
SETTINGS, UNMATCHED = "config-policy-controller", "no-match-policy"  # the ConfigMap, and what becomes of other images


class Images(Shape, frozen=True):
    glob: str = ""


class SecretName(Shape, frozen=True):
    name: str = ""
    namespace: str = ""


class Key(Shape, frozen=True):
    data: str = ""
    kms: str = ""
    secret_ref: SecretName | None = None
    hash_algorithm: str = ""


class SignerIdentity(Shape, frozen=True):
    issuer: str = ""
    subject: str = ""
    issuer_reg_exp: str = ""
    subject_reg_exp: str = ""


class Keyless(Shape, frozen=True):
    url: str = ""
    identities: tuple[SignerIdentity, ...] = ()
    trust_root_ref: str = ""
    insecure_ignore_sct: bool = msgspec.field(default=False, name="insecureIgnoreSCT")


class Static(Shape, frozen=True):
    action: str = ""  # "pass": nothing is verified
    message: str = ""


class TransparencyLog(Shape, frozen=True):
    url: str = ""
    trust_root_ref: str = ""


class Attestation(Shape, frozen=True):
    name: str = ""
    predicate_type: str = ""


class Authority(Shape, frozen=True):
    name: str = ""
    key: Key | None = None
    keyless: Keyless | None = None
    static: Static | None = None
    ctlog: TransparencyLog | None = None
    attestations: tuple[Attestation, ...] = ()
    signature_format: str = ""


class Matched(Shape, frozen=True):
    group: str = ""
    version: str = ""
    resource: str = ""
    selector: LabelSelector | None = None


class ClusterImagePolicySpec(Shape, frozen=True):
    mode: str = "enforce"
    images: tuple[Images, ...] = ()
    authorities: tuple[Authority, ...] = ()
    match: tuple[Matched, ...] = ()


class ClusterImagePolicy(Fact, frozen=True):
    of = "policy.sigstore.dev/clusterimagepolicies"

    spec: ClusterImagePolicySpec = ClusterImagePolicySpec()


def _forbidding(rule: Forbidden, apis: Apis) -> tuple[Obj, ...]:
    """No signature is looked for: a static authority decides, and it takes one to let an image in as well."""
    said = {
        rule.forbidden: {"action": "fail", "message": f"the image {rule.forbidden} is forbidden here"},
        rule.allowed: {"action": "pass"},
    }
    return tuple(
        {
            "apiVersion": f"policy.sigstore.dev/{apis.versions(ClusterImagePolicy.of)[0]}",
            "kind": "ClusterImagePolicy",
            "metadata": {"name": f"{rule.name}-{static['action']}"},
            "spec": {"images": [{"glob": image}], "authorities": [{"name": "trial", "static": static}]},
        }
        for image, static in said.items()
    )


# Whoever starts anew need not wait for the lease of one that was killed.
_LEASE = {"lease-duration": "6s", "renew-deadline": "4s", "retry-period": "1s"}


def _own(kind: str, name: str, data: Obj) -> Obj:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "{namespace}"}, "data": data}


POLICY_CONTROLLER = System(
    id="policy-controller",
    title="Sigstore policy-controller",
    home="https://docs.sigstore.dev/policy-controller/overview/",
    found_by=Served(ClusterImagePolicy.of),
    facts=(ClusterImagePolicy,),
    roles=(
        PolicyEngine(
            player="policy-controller",
            webhook="sigstore.dev",
            creates=(ClusterImagePolicy.of,),
            labels={INCLUDED: "true"},
            dialect=_forbidding,
        ),
    ),
    proof=Proof.REAL_PROCESS,
    recipe=Recipe(
        module="github.com/sigstore/policy-controller",
        version="v0.15.1",
        programs={"policy-controller": "github.com/sigstore/policy-controller/cmd/webhook"},
        manifests=(
            "config/300-clusterimagepolicy.yaml",
            "config/300-trustroot.yaml",
            "config/500-webhook-configuration.yaml",
            "config/501-policy-webhook-configurations.yaml",
        ),
        overlay=(
            _own("Secret", "webhook-certs", {}),  # it makes its own
            _own("ConfigMap", SETTINGS, {}),
            _own("ConfigMap", "config-image-policies", {}),  # where it keeps what it has made of the policies
            _own("ConfigMap", "config-sigstore-keys", {}),
            _own("ConfigMap", "config-leader-election", _LEASE),
        ),
        processes=(
            Process(
                program="policy-controller",
                args=("--disable-tuf",),
                env={
                    "SYSTEM_NAMESPACE": "{namespace}",
                    "POD_NAME": "policy-controller",
                    "WEBHOOK_NAME": "webhook",
                    "METRICS_DOMAIN": "sigstore.dev/policy",
                    "KUBERNETES_MIN_VERSION": "1.21.0",
                    "HOME": "{folder}",  # not the user's, with credentials for registries
                    "SSL_CERT_FILE": "{folder}/../lab-registry/tls.crt",  # nobody else is asked about signatures
                },
            ),
        ),
        service="webhook",
        ports={"webhook": 8443},
        needs=("lab-registry",),
        level=LabLevel.NODE,  # it reads signatures in the registry, which is there
        by_default=False,
    ),
)
