"""Sigstore's policy-controller: images of pods must be signed by whom a ClusterImagePolicy names, where a namespace asks for it."""

from __future__ import annotations

import msgspec

from seatrial.catalog.systems.kubernetes.pods import LabelSelector
from seatrial.model.fact import Fact, Shape
from seatrial.model.system import Proof, Recipe, Served, System

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


POLICY_CONTROLLER = System(
    id="policy-controller",
    title="Sigstore policy-controller",
    home="https://docs.sigstore.dev/policy-controller/overview/",
    found_by=Served(ClusterImagePolicy.of),
    facts=(ClusterImagePolicy,),
    proof=Proof.API_ONLY,
    recipe=Recipe(
        module="github.com/sigstore/policy-controller",
        version="v0.15.1",
        programs={},
        manifests=("config/300-clusterimagepolicy.yaml",),
        processes=(),
        by_default=False,
    ),
)
