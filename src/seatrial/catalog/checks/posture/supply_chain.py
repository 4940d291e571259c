"""The supply chain of models and images: whether what runs is what somebody reviewed and signed.

A model is code, its server is code, and both get accelerators, data and often a token: where anybody's image or anybody's
Python may run, it is high. What lets a check be passed by, or what was reviewed change under its name, is medium. Weights that
come from a hub, a bucket or a volume are covered by no verification of images.
"""

from __future__ import annotations

import re

from seatrial.catalog.checks.posture.naming import some
from seatrial.catalog.systems.kubernetes.configmaps import ConfigMap
from seatrial.catalog.systems.kubernetes.core import Namespace
from seatrial.catalog.systems.kubernetes.governance import MutatingWebhook, ValidatingWebhook
from seatrial.catalog.systems.kubernetes.pods import registry_of
from seatrial.catalog.systems.policy_controller import SETTINGS, UNMATCHED
from seatrial.catalog.views.model_sources import ModelSource
from seatrial.catalog.views.signatures import GATEKEEPER, KYVERNO, SignatureRule, calls
from seatrial.catalog.views.tenants import AcceleratorNamespace, TenantWorkload
from seatrial.model.check import check
from seatrial.model.fact import All
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown

_NAME = "kubernetes.io/metadata.name"  # a label that every namespace has
_DIGEST = re.compile(r".+@sha(?:256|512):[0-9a-f]{6,128}")
_HOST = re.compile(r"(?:[^/@]*@)?(\[[^\]/]*\]|[^/:?#]*)")
_MOVING = ("", "main", "master", "latest")
_INSIDE = ("localhost", "127.0.0.1", "[::1]")
_PINNED_SCHEMES = ("hf", "oci")


@check("supply-chain.images-are-verified", severity=Severity.HIGH)
def images_are_verified(
    namespace: AcceleratorNamespace,
    rules: All[SignatureRule],
    namespaces: All[Namespace],
    validating: All[ValidatingWebhook],
    mutating: All[MutatingWebhook],
) -> Verdict:
    """In a namespace that uses accelerators no image runs that nobody signed.

    Why: whoever may push to a registry, or create a pod, runs his code beside the models and data of that namespace.
    Fix: name the signers in a ClusterImagePolicy of Sigstore's policy-controller and label the namespace
    `policy.sigstore.dev/include: "true"`; or in an ImageValidatingPolicy of Kyverno with `validationActions: [Deny]`. Gatekeeper
    cannot verify by itself: it needs a Provider of external data.
    """
    labels = next((one.metadata.labels for one in namespaces if one.name == namespace.name), None)
    if labels is None:
        return unknown(f"the namespace {namespace.name} was not read")
    labels = {_NAME: namespace.name, **labels}
    strict = [one for one in rules if not one.lenient]
    if not strict:
        return failed(
            f"none of {len(rules)} rules about signatures refuses anything" if rules else "no rule asks for one"
        )
    seen = {
        one.program
        for one in strict
        if any(call.namespace_selector.matches(labels) for call in calls(one.program, (*validating, *mutating)))
    }
    if not seen:
        return failed(
            f"{some(one.program for one in strict)} does not look at this namespace, for want of a label or a webhook"
        )
    if seen == {GATEKEEPER}:
        return unknown("Gatekeeper has a template that asks outside; whether a constraint of it holds here is not read")
    return passed(f"by {some(seen - {GATEKEEPER})}")


@check("supply-chain.rules-refuse", severity=Severity.MEDIUM)
def rules_refuse(rule: SignatureRule) -> Verdict:
    """A rule about signatures refuses what does not fulfil it.

    Why: a rule that warns, audits or has an authority that lets everything pass looks like protection in every list.
    Fix: set `spec.mode: enforce` and remove `static: {action: pass}` in a ClusterImagePolicy; set `validationActions: [Deny]`, or
    `failureAction: Enforce`, in a policy of Kyverno.
    """
    if not rule.is_certain:
        return unknown("its constraints are not read")
    return failed(rule.lenient) if rule.lenient else passed("it does")


@check("supply-chain.unmatched-images-are-refused", severity=Severity.MEDIUM)
def unmatched_images_are_refused(config: ConfigMap) -> Verdict:
    """Sigstore's policy-controller refuses images that no ClusterImagePolicy is about.

    Why: with `no-match-policy: allow` or `warn` an image of a registry that nobody thought of is let in unsigned.
    Fix: set `no-match-policy: deny` in the ConfigMap config-policy-controller, which is also what holds without it.
    """
    if config.name != SETTINGS:
        return not_applicable("it is not the policy-controller's")
    said = config.data.get(UNMATCHED, "deny")
    return passed("they are refused") if said == "deny" else failed(f"{UNMATCHED} is {said}")


@check("supply-chain.image-volumes-are-verified", severity=Severity.MEDIUM)
def image_volumes_are_verified(rule: SignatureRule, workloads: All[TenantWorkload]) -> Verdict:
    """A rule about signatures is about images that are mounted as volumes, too.

    Why: models travel as images and are mounted by `spec.volumes[].image`, which is no container: policy-controller to 0.15.1 does
    not look there, and Kyverno looks where it is told to. A signed server then loads a model that nobody signed.
    Fix: give Kyverno's ImageValidatingPolicy an entry in `spec.images` that lists `object.spec.volumes` and a validation of it, or
    refuse volumes of type image by a ValidatingAdmissionPolicy where none are needed.
    """
    if not rule.is_certain:
        return unknown("its template is not read so far")
    if rule.sees_volumes:
        return passed("it is")
    using = [one.subject for one in workloads if any(volume.image for volume in one.spec.volumes)]
    return failed(f"it is not; {some(using)} mounts images" if using else "it is not; nothing mounts images now")


@check("supply-chain.verification-fails-closed", severity=Severity.MEDIUM)
def verification_fails_closed(
    rule: SignatureRule, validating: All[ValidatingWebhook], mutating: All[MutatingWebhook]
) -> Verdict:
    """When the program that verifies signatures does not answer, pods are refused.

    Why: with `failurePolicy: Ignore`, the default of Gatekeeper, everything is let in while it restarts, and whoever can make it
    restart chooses when.
    Fix: set `failurePolicy: Fail`, give the program several replicas, and leave out kube-system and its own namespace.
    """
    if not rule.fails_closed:
        return failed("its failure policy is Ignore")
    found = list(calls(rule.program, (*validating, *mutating)))
    if not found:
        return failed(f"no webhook calls {rule.program}, so it verifies nothing")
    if rule.program == KYVERNO:  # it has webhooks of both kinds, and asks by that which the policy wants
        return passed("its failure policy is Fail")
    open_ones = [one.name for one in found if one.failure_policy == "Ignore"]
    return (
        failed(f"failurePolicy is Ignore in {some(open_ones)}")
        if open_ones
        else passed(f"{len(found)} webhooks fail closed")
    )


@check("supply-chain.images-have-digests", severity=Severity.MEDIUM)
def images_have_digests(workload: TenantWorkload) -> Verdict:
    """Every image of a pod with accelerators is named by its digest, volumes of type image included.

    Why: a tag is moved by whoever may push. What was reviewed, signed or scanned is not what the next replica runs.
    Fix: write `name@sha256:…` in `image` and in `spec.volumes[].image.reference`; a pipeline or an admission policy can do so.
    """
    if not workload.uses_accelerators:
        return not_applicable("it uses no accelerators")
    images = set(workload.spec.images)
    bad = [image for image in images if not _DIGEST.fullmatch(image)]
    return failed(f"by tag: {some(bad)}", images=sorted(bad)) if bad else passed(f"all of {len(images)} have one")


@check("supply-chain.registries-are-named", severity=Severity.LOW)
def registries_are_named(workload: TenantWorkload) -> Verdict:
    """Every image of a pod with accelerators says which registry it is from.

    Why: a short name is looked up wherever the node's runtime was told to look, and somebody else may own that name there.
    Fix: write the host of your registry before the name.
    """
    if not workload.uses_accelerators:
        return not_applicable("it uses no accelerators")
    bad = [image for image in workload.spec.images if not registry_of(image)]
    return failed(f"without one: {some(bad)}") if bad else passed("each does")


@check("supply-chain.models-have-revisions", severity=Severity.MEDIUM)
def models_have_revisions(source: ModelSource) -> Verdict:
    """A model from a hub or a registry is named with its revision.

    Why: its owner, or a thief of his token, replaces the weights and the code beside them, and the next restart loads them.
    Fix: add `--revision` with a commit, or write `hf://ORG/MODEL:COMMIT` or `oci://NAME@sha256:…`.
    """
    if source.scheme not in _PINNED_SCHEMES:
        return not_applicable(f"{source.scheme or 'a path'} knows no revisions")
    if source.revision in _MOVING:
        return failed(f"{source} is of no fixed revision")
    return passed(f"{source} is of {source.revision[:12]}")


@check("supply-chain.models-come-encrypted", severity=Severity.HIGH)
def models_come_encrypted(source: ModelSource) -> Verdict:
    """No model is loaded by plain HTTP.

    Why: whoever is on the way exchanges the weights, or a pickle that runs code as it is opened.
    Fix: load it by https, from a bucket, or as an image.
    """
    if source.scheme != "http":
        return passed(f"it is loaded by {source.scheme or 'a path'}")
    match = _HOST.match(source.path)
    host = match[1] if match else ""
    return passed("it is loaded from its own pod") if host in _INSIDE else failed(f"it is loaded from {host} by http")


@check("supply-chain.models-bring-no-code", severity=Severity.HIGH)
def models_bring_no_code(source: ModelSource) -> Verdict:
    """No server runs code that comes with a model.

    Why: `--trust-remote-code` runs Python from the model's repository in the server, with its accelerators, data and tokens.
    Fix: remove it, and take a model whose architecture the server knows; or build the code into an image of your own.
    """
    return failed(f"{source} may bring code of its own") if source.trusts_code else passed("it may not")
