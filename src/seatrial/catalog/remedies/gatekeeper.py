"""Which images may run beside models and data, as a policy of Gatekeeper: by digest, and from registries of a list."""

from __future__ import annotations

from collections.abc import Sequence

from seatrial.catalog.remedies.images import BY_TAG, HAVE_DIGESTS, VARIABLES, every_image
from seatrial.catalog.remedies.impact import on_pods, uses_accelerators
from seatrial.catalog.remedies.pods import DIGEST, IMAGE, plain, pod
from seatrial.catalog.remedies.policies import Demand, broken, left_alone, unseen
from seatrial.catalog.systems.gatekeeper import ConstraintTemplate, constraint, template
from seatrial.catalog.systems.kubernetes.pods import registry_of
from seatrial.catalog.views.tenants import TenantWorkload
from seatrial.catalog.views.workloads import Workload
from seatrial.model.fact import Obj, Snapshot
from seatrial.model.remedy import Fate, Fix, Remedy, Trial
from seatrial.model.verdict import Finding

_KIND, _NAME = "SeatrialImages", "seatrial-images"


def _listed(registries: Sequence[str]) -> Demand:
    return Demand(
        "!variables.accelerators || variables.images.all(i, variables.params.registries.exists(r, i.startsWith(r)))",
        "an image of a pod with accelerators is from a registry of the list, volumes of type image included",
        lambda spec: (
            uses_accelerators(spec) and not all(one.startswith(tuple(registries)) for one in every_image(spec))
        ),
    )


def _rendered(snapshot: Snapshot, findings: Sequence[Finding]) -> Fix:
    """The template alone does nothing: a constraint says about what, and whether it warns or denies."""
    served = snapshot.apis.versions(ConstraintTemplate.of)
    registries = _registries(snapshot)
    demands = (HAVE_DIGESTS, _listed([f"{one}/" for one in registries]))
    source = {
        "variables": [{"name": name, "expression": expression} for name, expression in VARIABLES],
        "validations": [{"expression": one.expression, "message": one.message} for one in demands],
    }
    parameters = {"registries": {"type": "array", "items": {"type": "string"}}}
    made = template(
        _KIND,
        parameters,
        {"code": [{"engine": "K8sNativeValidation", "source": source}]},
        version=served[0] if served else "v1",
    )
    listed = (
        f"The list of registries is of what runs now: {', '.join(registries)}."
        if registries
        else "No image that runs now names its registry: the list is empty, and everything with accelerators would be refused."
    )
    return Fix(
        base=(made,),
        audit=(_constraint(snapshot, registries, "warn"),),
        enforce=(_constraint(snapshot, registries, "deny"),),
        caution=" ".join(
            filter(None, (f"{listed} Look whether you trust each, and add what is missing.", unseen(snapshot)))
        ),
        impact=on_pods(snapshot, lambda pod: broken(demands, pod), fate=Fate.REFUSED, left_alone=left_alone(snapshot)),
    )


def _constraint(snapshot: Snapshot, registries: Sequence[str], action: str) -> Obj:
    match = {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}], "excludedNamespaces": left_alone(snapshot)}
    return constraint(
        _KIND,
        _NAME,
        enforcementAction=action,
        match=match,
        parameters={"registries": [f"{one}/" for one in registries]},
    )


def _registries(snapshot: Snapshot) -> list[str]:
    """From which the pods with accelerators of this cluster come now."""
    images = (image for one in snapshot.all(TenantWorkload) if one.uses_accelerators for image in one.spec.images)
    return sorted(set(filter(None, map(registry_of, images))))


GATEKEEPER_IMAGES = Remedy(
    id="gatekeeper-images",
    title="Images of pods with accelerators have digests and come from registries of a list (Gatekeeper)",
    why=(
        "A tag is moved by whoever may push, and a registry that nobody chose is anybody's. Gatekeeper refuses both, and unlike a"
        " policy of Kubernetes itself it also lists in the constraint's status what breaks the rule already."
    ),
    effect=(
        "As the remedy `images`, of which this is a variant: containers, init containers, ephemeral containers and image volumes."
        " Beside it, the registry has to be of the list. From the template Gatekeeper also makes a policy of Kubernetes itself,"
        " which holds while Gatekeeper is away; its own webhook, as published, then lets everything in. It asks nobody who signed."
    ),
    cures=("supply-chain.images-have-digests", "supply-chain.registries-are-named"),
    refuses=True,
    serves=(ConstraintTemplate.of,),
    needs=("gatekeeper",),
    reads=(Workload, TenantWorkload),
    render=_rendered,
    trials=(
        *BY_TAG,
        Trial(
            what="an image volume of a registry that is not of the list",
            obj=pod(volumes=[{"name": "model", "image": {"reference": f"elsewhere.example.org/a@{DIGEST}"}}]),
            refused="from a registry of the list",
        ),
        Trial(
            what="digests in containers and volumes",
            obj=pod(volumes=[{"name": "model", "image": {"reference": IMAGE}}]),
        ),
        Trial(what="a tag without an accelerator", obj=pod(containers=[plain(image="registry.example.com/a:1")])),
    ),
)
