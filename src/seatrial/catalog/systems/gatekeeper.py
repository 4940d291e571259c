"""Gatekeeper: policies as templates with constraints of their own kinds; it asks Providers about what it cannot know, such as signatures."""

from __future__ import annotations

from typing import Any

from seatrial.catalog.roles import Forbidden, PolicyEngine
from seatrial.model.fact import Apis, Fact, Obj, Shape
from seatrial.model.system import Process, Proof, Recipe, Served, System

CONSTRAINTS = "constraints.gatekeeper.sh"  # the group in which each template makes a kind


class ConstraintNames(Shape, frozen=True):
    kind: str = ""


class ConstraintCRDSpec(Shape, frozen=True):
    names: ConstraintNames = ConstraintNames()


class ConstraintCRD(Shape, frozen=True):
    spec: ConstraintCRDSpec = ConstraintCRDSpec()


class Code(Shape, frozen=True):
    engine: str = ""


class TemplateTarget(Shape, frozen=True):
    target: str = ""
    rego: str = ""
    code: tuple[Code, ...] = ()
    libs: tuple[str, ...] = ()


class ConstraintTemplateSpec(Shape, frozen=True):
    crd: ConstraintCRD = ConstraintCRD()
    targets: tuple[TemplateTarget, ...] = ()


class ConstraintTemplateStatus(Shape, frozen=True):
    created: bool = False


class ConstraintTemplate(Fact, frozen=True):
    of = "templates.gatekeeper.sh/constrainttemplates"

    spec: ConstraintTemplateSpec = ConstraintTemplateSpec()
    status: ConstraintTemplateStatus = ConstraintTemplateStatus()

    @property
    def resource(self) -> str:
        """Where its constraints are."""
        return f"{CONSTRAINTS}/{self.spec.crd.spec.names.kind.lower()}"

    @property
    def asks_outside(self) -> bool:
        """It calls a Provider."""
        return any("external_data" in text for target in self.spec.targets for text in (target.rego, *target.libs))


class ProviderSpec(Shape, frozen=True):
    url: str = ""
    timeout: int = 0
    ca_bundle: str = ""


class Provider(Fact, frozen=True):
    of = "externaldata.gatekeeper.sh/providers"

    spec: ProviderSpec = ProviderSpec()


class Exempted(Shape, frozen=True):
    excluded_namespaces: tuple[str, ...] = ()
    processes: tuple[str, ...] = ()


class ConfigSpec(Shape, frozen=True):
    match: tuple[Exempted, ...] = ()


class GatekeeperConfig(Fact, frozen=True):
    """Which namespaces nothing is asked about."""

    of = "config.gatekeeper.sh/configs"

    spec: ConfigSpec = ConfigSpec()


_TRIAL = "SeatrialForbidden"
_REGO = """package seatrial
violation[{"msg": msg}] {
  container := input.review.object.spec.containers[_]
  container.image == input.parameters.image
  msg := sprintf("the image %v is forbidden here", [container.image])
}
"""


def template(kind: str, parameters: Obj, target: Obj, *, version: str = "v1") -> Obj:
    """A ConstraintTemplate; Gatekeeper wants its name to be that of the kind in small letters."""
    return {
        "apiVersion": f"templates.gatekeeper.sh/{version}",
        "kind": "ConstraintTemplate",
        "metadata": {"name": kind.lower()},
        "spec": {
            "crd": {
                "spec": {
                    "names": {"kind": kind},
                    "validation": {"openAPIV3Schema": {"type": "object", "properties": parameters}},
                }
            },
            "targets": [{"target": "admission.k8s.gatekeeper.sh", **target}],
        },
    }


def constraint(kind: str, name: str, **spec: Any) -> Obj:
    return {"apiVersion": f"{CONSTRAINTS}/v1beta1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def _forbidding(rule: Forbidden, apis: Apis) -> tuple[Obj, ...]:
    """In Rego, which only Gatekeeper itself can judge by: of CEL it makes a policy for the API server."""
    version = apis.versions(ConstraintTemplate.of)[0]
    made = template(_TRIAL, {"image": {"type": "string"}}, {"rego": _REGO}, version=version)
    pods = {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}], "namespaces": [rule.namespace]}
    return made, constraint(_TRIAL, rule.name, match=pods, parameters={"image": rule.forbidden})


# The one webhook of Gatekeeper that fails closed is about namespaces that want to be left alone: here it is asked about no others,
# or nobody could make any namespace while Gatekeeper is away.
_THOSE_LEFT_ALONE: Obj = {
    "kind": "ValidatingWebhookConfiguration",
    "metadata": {"name": "gatekeeper-validating-webhook-configuration"},
    "webhooks": [
        {
            "name": "check-ignore-label.gatekeeper.sh",
            "objectSelector": {"matchExpressions": [{"key": "admission.gatekeeper.sh/ignore", "operator": "Exists"}]},
        }
    ],
}


_ACCOUNT: Obj = {
    "apiVersion": "v1",
    "kind": "ServiceAccount",
    "metadata": {"name": "gatekeeper-admin", "namespace": "{namespace}"},
}


def _stand_in(name: str) -> Obj:
    """What a process reports of itself is owned by its pod: one of its name that never runs."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"gatekeeper-{name}", "namespace": "{namespace}"},
        "spec": {
            "serviceAccountName": "gatekeeper-admin",
            "schedulingGates": [{"name": "seatrial.dev/runs-as-a-process"}],
            "containers": [{"name": "manager", "image": "seatrial.dev/lab/workload:v1"}],
        },
    }


# The only other exporter would listen on every address of the machine. This one would push, and never gets to it.
_NO_METRICS = ("--metrics-backend=opentelemetry", "--otlp-endpoint=127.0.0.1:9", "--otlp-metric-interval=8760h")


def _manager(name: str, *args: str) -> Process:
    """One of upstream's two Deployments: who is asked, and who looks after everything else."""
    return Process(
        program="gatekeeper",
        name=f"gatekeeper-{name}",
        args=(
            f"--health-addr=127.0.0.1:{{port:{name}health}}",
            *_NO_METRICS,
            "--cert-dir={folder}",
            "--disable-cert-rotation",
            "--disable-opa-builtin={http.send}",
            "--validating-webhook-configuration-name=gatekeeper-gatekeeper-validating-webhook-configuration",
            "--mutating-webhook-configuration-name=gatekeeper-gatekeeper-mutating-webhook-configuration",
            "--shutdown-delay=0",
            *args,
        ),
        env={"POD_NAMESPACE": "{namespace}", "POD_NAME": f"gatekeeper-{name}"},
        ready=f"http://127.0.0.1:{{port:{name}health}}/readyz",
    )


GATEKEEPER = System(
    id="gatekeeper",
    title="OPA Gatekeeper",
    home="https://open-policy-agent.github.io/gatekeeper/",
    found_by=Served(ConstraintTemplate.of),
    facts=(ConstraintTemplate, Provider, GatekeeperConfig),
    roles=(
        PolicyEngine(
            player="gatekeeper",
            webhook="gatekeeper.sh",
            creates=(ConstraintTemplate.of, f"{CONSTRAINTS}/{_TRIAL.lower()}"),
            dialect=_forbidding,
        ),
    ),
    proof=Proof.REAL_PROCESS,
    recipe=Recipe(
        module="github.com/open-policy-agent/gatekeeper/v3",
        version="v3.23.1",
        programs={"gatekeeper": "github.com/open-policy-agent/gatekeeper/v3"},
        ldflags="-X github.com/open-policy-agent/gatekeeper/v3/pkg/version.Version=v3.23.1",
        manifests=("deploy/gatekeeper.yaml",),
        overlay=(_THOSE_LEFT_ALONE, _ACCOUNT, _stand_in("controller"), _stand_in("audit")),
        processes=(
            _manager(
                "controller",
                "--operation=webhook",
                "--operation=mutation-webhook",
                "--host=127.0.0.1",
                "--port={port:webhook}",
                "--exempt-namespace={namespace}",
            ),
            _manager(
                "audit",
                "--operation=audit",
                "--operation=status",
                "--operation=mutation-status",
                "--operation=generate",
                "--audit-interval=10",
            ),
        ),
        by_default=False,
    ),
)
