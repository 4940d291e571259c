"""Which images may run beside models and data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from seatrial.catalog.remedies.impact import uses_accelerators
from seatrial.catalog.remedies.pods import CONTAINERS, DIGEST, IMAGE, USES_ACCELERATORS, container, plain, pod
from seatrial.catalog.remedies.policies import EPHEMERAL, VALIDATING, Demand, Rule, beside_the_platform, denied
from seatrial.catalog.systems.kubernetes.pods import PodSpec, registry_of
from seatrial.catalog.views.workloads import Workload
from seatrial.model.fact import Obj, Snapshot
from seatrial.model.remedy import Fix, Remedy, Trial
from seatrial.model.verdict import Finding

_HAS_DIGEST = "^.+@(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$"


def _images(of: str) -> str:
    """Every image of a pod, those of volumes included."""
    containers = CONTAINERS.replace("object.", f"{of}.")
    return (
        f"({containers}).map(c, c.?image.orValue(''))\n"
        f"+ {of}.spec.?volumes.orValue([]).filter(v, has(v.image)).map(v, v.image.?reference.orValue(''))"
    )


def every_image(spec: PodSpec) -> Iterator[str]:
    """One that is not said is an empty one, as in the expressions."""
    yield from (one.image for one in spec.every_container)
    yield from (one.image.reference for one in spec.volumes if one.image is not None)


VARIABLES = (
    ("accelerators", USES_ACCELERATORS),
    ("before", f"oldObject == null ? [] : {_images('oldObject')}"),
    ("images", f"({_images('object')}).filter(i, !(i in variables.before))"),
)
HAVE_DIGESTS = Demand(
    f"!variables.accelerators || variables.images.all(i, i.matches('{_HAS_DIGEST}'))",
    "an image of a pod with accelerators is named by its digest, volumes of type image included",
    lambda spec: uses_accelerators(spec) and not all(re.fullmatch(_HAS_DIGEST, one) for one in every_image(spec)),
)
_NAME_REGISTRIES = Demand(
    "!variables.accelerators || variables.images.all(i, i.contains('/') && (\n"
    "    i.split('/')[0].contains('.') || i.split('/')[0].contains(':') || i.split('/')[0] == 'localhost'))",
    "an image of a pod with accelerators says which registry it is from",
    lambda spec: uses_accelerators(spec) and not all(map(registry_of, every_image(spec))),
)


def _rendered(snapshot: Snapshot, findings: Sequence[Finding]) -> Fix:
    return denied(
        "seatrial-images",
        snapshot,
        rules=(Rule(("pods",), operations=("CREATE", "UPDATE")), EPHEMERAL),
        variables=VARIABLES,
        demands=(HAVE_DIGESTS, _NAME_REGISTRIES),
        namespaces=beside_the_platform(snapshot),
    )


def _with_volume(reference: str) -> Obj:
    return pod(volumes=[{"name": "model", "image": {"reference": reference}}])


BY_TAG = (
    Trial(
        what="a container by tag",
        obj=pod(containers=[container(image="registry.example.com/a:1")]),
        refused="named by its digest",
    ),
    Trial(
        what="an init container by tag",
        obj=pod(initContainers=[{**plain(image="registry.example.com/a:1"), "name": "fetch"}]),
        refused="named by its digest",
    ),
    Trial(
        what="an image volume by tag",
        obj=_with_volume("registry.example.com/models/a:1"),
        refused="volumes of type image included",
    ),
)

IMAGES = Remedy(
    id="images",
    title="Images of pods with accelerators are named by registry and digest, models in image volumes included",
    why=(
        "A tag is moved by whoever may push: what was reviewed, signed or scanned is not what the next replica runs. Volumes of type"
        " image are no containers, and are forgotten by most policies."
    ),
    effect=(
        "Pods with accelerators whose containers, init containers, ephemeral containers or image volumes have a tag alone are"
        " refused, and so is changing an image of a running pod to one. A digest says what runs, not who made it: for that, have"
        " signatures verified."
    ),
    cures=("supply-chain.images-have-digests", "supply-chain.registries-are-named"),
    refuses=True,
    serves=(VALIDATING,),
    reads=(Workload,),
    render=_rendered,
    trials=(
        *BY_TAG,
        Trial(
            what="a digest without a registry",
            obj=pod(containers=[container(image=f"models/server@{DIGEST}")]),
            refused="says which registry",
        ),
        Trial(what="digests in containers and volumes", obj=_with_volume(IMAGE)),
        Trial(
            what="a tag without an accelerator",
            obj=pod(containers=[plain(image="registry.example.com/a:1")]),
        ),
    ),
)
