"""Kyverno: policies as resources; some of them ask who signed an image."""

from __future__ import annotations

from typing import Any

from seatrial.catalog.systems.kubernetes.governance import MatchResources
from seatrial.catalog.systems.kubernetes.pods import Condition
from seatrial.model.fact import Fact, Shape
from seatrial.model.system import Proof, Recipe, Served, System


class VerifiedImages(Shape, frozen=True):
    type: str = ""
    image_references: tuple[str, ...] = ()
    skip_image_references: tuple[str, ...] = ()
    failure_action: str = ""
    required: bool = True
    mutate_digest: bool = True
    verify_digest: bool = True
    attestors: tuple[dict[str, Any], ...] = ()


class Validated(Shape, frozen=True):
    failure_action: str = ""


class KyvernoRule(Shape, frozen=True):
    name: str = ""
    match: dict[str, Any] = {}
    exclude: dict[str, Any] | None = None
    validate: Validated | None = None
    verify_images: tuple[VerifiedImages, ...] = ()


class WebhookSettings(Shape, frozen=True):
    failure_policy: str = ""
    timeout_seconds: int | None = None


class KyvernoPolicySpec(Shape, frozen=True):
    """What a rule says about failures goes before what is said here."""

    validation_failure_action: str = ""
    failure_policy: str = ""
    webhook_configuration: WebhookSettings = WebhookSettings()
    background: bool = True
    admission: bool = True
    rules: tuple[KyvernoRule, ...] = ()


class KyvernoPolicyStatus(Shape, frozen=True):
    ready: bool | None = None
    conditions: tuple[Condition, ...] = ()


class KyvernoClusterPolicy(Fact, frozen=True):
    of = "kyverno.io/clusterpolicies"

    spec: KyvernoPolicySpec = KyvernoPolicySpec()
    status: KyvernoPolicyStatus = KyvernoPolicyStatus()


class ImagePattern(Shape, frozen=True):
    glob: str = ""
    expression: str = ""


class NamedExpression(Shape, frozen=True):
    name: str = ""
    expression: str = ""


class Attestor(Shape, frozen=True):
    name: str = ""
    cosign: dict[str, Any] | None = None
    notary: dict[str, Any] | None = None


class ImageChecks(Shape, frozen=True):
    mutate_digest: bool = True
    verify_digest: bool = True
    required: bool = True


class ImageValidation(Shape, frozen=True):
    expression: str = ""
    message: str = ""


class ImageValidatingPolicySpec(Shape, frozen=True):
    validation_actions: tuple[str, ...] = ()
    failure_policy: str = "Fail"
    match_constraints: MatchResources = MatchResources()
    match_image_references: tuple[ImagePattern, ...] = ()
    images: tuple[NamedExpression, ...] = ()  # where images are found, besides containers
    attestors: tuple[Attestor, ...] = ()
    validation_configurations: ImageChecks = ImageChecks()
    validations: tuple[ImageValidation, ...] = ()


class ImageValidatingPolicy(Fact, frozen=True):
    of = "policies.kyverno.io/imagevalidatingpolicies"

    spec: ImageValidatingPolicySpec = ImageValidatingPolicySpec()


class PolicyExceptionSpec(Shape, frozen=True):
    exceptions: tuple[dict[str, Any], ...] = ()
    match: dict[str, Any] = {}


class PolicyException(Fact, frozen=True):
    of = "kyverno.io/policyexceptions"

    spec: PolicyExceptionSpec = PolicyExceptionSpec()


KYVERNO = System(
    id="kyverno",
    title="Kyverno",
    home="https://kyverno.io",
    found_by=Served(KyvernoClusterPolicy.of),
    facts=(KyvernoClusterPolicy, ImageValidatingPolicy, PolicyException),
    proof=Proof.API_ONLY,
    recipe=Recipe(
        module="github.com/kyverno/kyverno",
        version="v1.19.1",
        programs={},
        manifests=(
            "config/crds/kyverno/kyverno.io_clusterpolicies.yaml",
            "config/crds/kyverno/kyverno.io_policyexceptions.yaml",
            "config/crds/policies.kyverno.io/policies.kyverno.io_imagevalidatingpolicies.yaml",
        ),
        processes=(),
        by_default=False,
    ),
)
