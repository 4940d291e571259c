"""Rules about who must have signed an image, whichever program holds pods to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from seatrial.catalog.systems.gatekeeper import ConstraintTemplate
from seatrial.catalog.systems.kubernetes.governance import MutatingWebhook, ValidatingWebhook, Webhook
from seatrial.catalog.systems.kyverno import ImageValidatingPolicy, KyvernoClusterPolicy, KyvernoRule
from seatrial.catalog.systems.policy_controller import ClusterImagePolicy
from seatrial.model.fact import Fact, Snapshot, View

POLICY_CONTROLLER, KYVERNO, GATEKEEPER = "policy-controller", "Kyverno", "Gatekeeper"
_NAMES = {POLICY_CONTROLLER: "policy.sigstore.dev", KYVERNO: "kyverno", GATEKEEPER: "gatekeeper"}
_IGNORE = "Ignore"


class SignatureRule(View, frozen=True):
    """One rule. What lets images pass all the same stands in ``lenient``."""

    of = "signature-rules"
    drawn_from = (
        ValidatingWebhook,
        ClusterImagePolicy,
        ImageValidatingPolicy,
        KyvernoClusterPolicy,
        ConstraintTemplate,
    )

    by: str = ""  # the subject of the object that has it
    program: str = ""
    lenient: str = ""
    fails_closed: bool = True
    sees_volumes: bool = False
    is_certain: bool = True  # Gatekeeper's constraints are of kinds of their own, which are not read

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        yield from (_of_sigstore(one) for one in snapshot.all(ClusterImagePolicy))
        yield from (_of_images(one) for one in snapshot.all(ImageValidatingPolicy))
        for policy in snapshot.all(KyvernoClusterPolicy):
            yield from _of_rules(policy)
        for template in snapshot.all(ConstraintTemplate):
            if template.asks_outside:
                yield cls(metadata=template.metadata, by=template.subject, program=GATEKEEPER, is_certain=False)

    @property
    def subject(self) -> str:
        return self.by


def calls(program: str, configured: Iterable[ValidatingWebhook | MutatingWebhook]) -> Iterator[Webhook]:
    """What the API server asks this program about pods. policy-controller's other webhook pins tags, and refuses nothing."""
    for one in configured:
        pins = program == POLICY_CONTROLLER and isinstance(one, MutatingWebhook)
        if _NAMES[program] in one.name and not pins:
            yield from (call for call in one.webhooks or () if _is_about_pods(call))


def _is_about_pods(call: Webhook) -> bool:
    return any(name in ("pods", "pods/*", "*", "*/*") for rule in call.rules for name in rule.resources)


def _of_sigstore(policy: ClusterImagePolicy) -> SignatureRule:
    spec = policy.spec
    passing = [one.name for one in spec.authorities if one.static and one.static.action == "pass"]
    lenient = f"its mode is {spec.mode}" if spec.mode not in ("", "enforce") else ""
    if not spec.authorities:
        lenient = "it names no authority"
    elif passing:
        lenient = "an authority lets everything pass (static)"
    return SignatureRule(metadata=policy.metadata, by=policy.subject, program=POLICY_CONTROLLER, lenient=lenient)


def _of_images(policy: ImageValidatingPolicy) -> SignatureRule:
    spec = policy.spec
    judged = " ".join(one.expression for one in spec.validations)
    lenient = "" if "Deny" in spec.validation_actions else "its validationActions do not deny"
    return SignatureRule(
        metadata=policy.metadata,
        by=policy.subject,
        program=KYVERNO,
        lenient=lenient if judged else "it validates nothing",
        fails_closed=spec.failure_policy != _IGNORE,
        sees_volumes=any("volumes" in one.expression and f"images.{one.name}" in judged for one in spec.images),
    )


def _of_rules(policy: KyvernoClusterPolicy) -> Iterator[SignatureRule]:
    rules = [rule for rule in policy.spec.rules if rule.verify_images]
    if not rules:
        return
    spec = policy.spec
    lenient = (
        "" if spec.admission and all(_enforces(rule, policy) for rule in rules) else "it audits, and refuses nothing"
    )
    if not all(one.attestors for rule in rules for one in rule.verify_images):
        lenient = "it names no attestor"
    failing = spec.webhook_configuration.failure_policy or spec.failure_policy
    yield SignatureRule(
        metadata=policy.metadata,
        by=policy.subject,
        program=KYVERNO,
        lenient=lenient,
        fails_closed=failing != _IGNORE,
    )


def _enforces(rule: KyvernoRule, policy: KyvernoClusterPolicy) -> bool:
    """What the rule says goes before what the policy says."""
    actions = (one.failure_action or policy.spec.validation_failure_action for one in rule.verify_images)
    return all(action.lower() == "enforce" for action in actions)
