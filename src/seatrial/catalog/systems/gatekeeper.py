"""Gatekeeper: policies as templates with constraints of their own kinds; it asks Providers about what it cannot know, such as signatures."""

from __future__ import annotations

from seatrial.model.fact import Fact, Shape
from seatrial.model.system import Proof, Recipe, Served, System

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


GATEKEEPER = System(
    id="gatekeeper",
    title="OPA Gatekeeper",
    home="https://open-policy-agent.github.io/gatekeeper/",
    found_by=Served(ConstraintTemplate.of),
    facts=(ConstraintTemplate, Provider, GatekeeperConfig),
    proof=Proof.API_ONLY,
    recipe=Recipe(
        module="github.com/open-policy-agent/gatekeeper/v3",
        version="v3.23.1",
        programs={},
        manifests=tuple(
            f"charts/gatekeeper/crds/{name}-customresourcedefinition.yaml"
            for name in ("constrainttemplate", "provider", "config")
        ),
        processes=(),
        by_default=False,
    ),
)
