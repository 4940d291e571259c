"""Kyverno: policies as resources; some of them ask who signed an image."""

from __future__ import annotations

import json
from typing import Any

from seatrial.catalog.roles import Forbidden, PolicyEngine
from seatrial.catalog.systems.kubernetes.governance import MatchResources
from seatrial.catalog.systems.kubernetes.pods import Condition
from seatrial.model.fact import Apis, Fact, Obj, Shape
from seatrial.model.system import Process, Proof, Recipe, Served, System


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


def _forbidding(rule: Forbidden, apis: Apis) -> tuple[Obj, ...]:
    """No signature is looked for: the name of an image decides."""
    pods = {"resources": {"kinds": ["Pod"], "namespaces": [rule.namespace]}}
    validate = {
        "failureAction": "Enforce",
        "message": f"the image {rule.forbidden} is forbidden here",
        "pattern": {"spec": {"containers": [{"image": f"!{rule.forbidden}"}]}},
    }
    return (
        {
            "apiVersion": f"kyverno.io/{apis.versions(KyvernoClusterPolicy.of)[0]}",
            "kind": "ClusterPolicy",
            "metadata": {"name": rule.name},
            "spec": {
                "background": False,
                "rules": [{"name": "images", "match": {"any": [pods]}, "validate": validate}],
            },
        },
    )


_DEFINITIONS = (
    *(f"kyverno/kyverno.io_{kind}" for kind in (
        "cleanuppolicies", "clustercleanuppolicies", "clusterpolicies", "globalcontextentries", "policies",
        "policyexceptions", "updaterequests",
    )),
    *(f"policies.kyverno.io/policies.kyverno.io_{kind}" for kind in (
        "deletingpolicies", "generatingpolicies", "imagevalidatingpolicies", "mutatingpolicies",
        "namespaceddeletingpolicies", "namespacedgeneratingpolicies", "namespacedimagevalidatingpolicies",
        "namespacedmutatingpolicies", "namespacedvalidatingpolicies", "policyexceptions", "validatingpolicies",
    )),
    "policyreport/wgpolicyk8s.io_clusterpolicyreports",
    "policyreport/wgpolicyk8s.io_policyreports",
    "reports/reports.kyverno.io_clusterephemeralreports",
    "reports/reports.kyverno.io_ephemeralreports",
)  # fmt: skip
_OUTSIDE = {
    "matchExpressions": [
        {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system", "{namespace}"]}
    ]
}
_SETTINGS: tuple[Obj, ...] = (  # as its chart has them: what is of Kubernetes itself is left alone
    {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "kyverno", "namespace": "{namespace}"},
        "data": {
            "webhooks": json.dumps({"namespaceSelector": _OUTSIDE}),
            "resourceFilters": "[Event,*,*] [*/*,kube-system,*] [*/*,{namespace},*] [Node,*,*] [Node/*,*,*] [Binding,*,*]",
            "excludeGroups": "system:nodes",
        },
    },
    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kyverno-metrics", "namespace": "{namespace}"}},
)
_SERVICE = "kyverno-svc.{namespace}.svc"

KYVERNO = System(
    id="kyverno",
    title="Kyverno",
    home="https://kyverno.io",
    found_by=Served(KyvernoClusterPolicy.of),
    facts=(KyvernoClusterPolicy, ImageValidatingPolicy, PolicyException),
    roles=(
        PolicyEngine(player="kyverno", webhook="kyverno.svc", creates=(KyvernoClusterPolicy.of,), dialect=_forbidding),
    ),
    proof=Proof.REAL_PROCESS,
    recipe=Recipe(
        module="github.com/kyverno/kyverno",
        version="v1.19.1",
        programs={"kyverno": "github.com/kyverno/kyverno/cmd/kyverno"},
        manifests=tuple(f"config/crds/{name}.yaml" for name in _DEFINITIONS),
        overlay=_SETTINGS,
        processes=(
            Process(
                program="kyverno",
                args=(
                    "--kubeconfig={kubeconfig}",
                    "--serverIP=127.0.0.1:{port:webhook}",  # it makes a certificate for this address, and registers itself
                    "--webhookServerHost=127.0.0.1",
                    "--webhookServerPort={port:webhook}",
                    f"--caSecretName={_SERVICE}.kyverno-tls-ca",
                    f"--tlsSecretName={_SERVICE}.kyverno-tls-pair",
                    "--controllerRuntimeMetricsAddress=127.0.0.1:{port:metrics}",
                    "--disableMetrics=true",
                    "--admissionReports=false",
                    "--backgroundServiceAccountName=system:serviceaccount:{namespace}:kyverno-background-controller",
                    "--reportsServiceAccountName=system:serviceaccount:{namespace}:kyverno-reports-controller",
                ),
                env={
                    "KYVERNO_NAMESPACE": "{namespace}",
                    "KYVERNO_SERVICEACCOUNT_NAME": "kyverno-admission-controller",
                    "KYVERNO_DEPLOYMENT": "kyverno-admission-controller",
                    "KYVERNO_ROLE_NAME": "kyverno:admission-controller",
                    "KYVERNO_SVC": "kyverno-svc",
                    "KYVERNO_POD_NAME": "kyverno",
                    "INIT_CONFIG": "kyverno",
                    "METRICS_CONFIG": "kyverno-metrics",
                    "HOME": "{folder}",  # not the user's, with credentials for registries
                    "SSL_CERT_FILE": "{folder}/../lab-registry/tls.crt",  # nobody else is asked about signatures
                },
            ),
        ),
        by_default=False,
    ),
)
