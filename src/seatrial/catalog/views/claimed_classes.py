"""Which DeviceClasses the claims of one namespace name, those that are made of templates included."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from seatrial.catalog.systems.kubernetes.dra import ClaimSpec, ResourceClaim, ResourceClaimTemplate
from seatrial.model.fact import Fact, Meta, Snapshot, View


class ClaimedClasses(View, frozen=True):
    of = "claimed-classes"
    drawn_from = (ResourceClaim, ResourceClaimTemplate)

    classes: tuple[str, ...] = ()

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        named: dict[str, set[str]] = defaultdict(set)
        for claim in snapshot.all(ResourceClaim):
            named[claim.metadata.namespace] |= _classes(claim.spec)
        for template in snapshot.all(ResourceClaimTemplate):
            named[template.metadata.namespace] |= _classes(template.spec.spec)
        for namespace, classes in sorted(named.items()):
            yield cls(metadata=Meta(name=namespace), classes=tuple(sorted(classes)))


def classes_in(namespace: str, everything: Iterable[ClaimedClasses]) -> tuple[str, ...]:
    return next((one.classes for one in everything if one.name == namespace), ())


def _classes(spec: ClaimSpec) -> set[str]:
    wants = (want for request in spec.devices.requests for want in request.wants)
    return {want.device_class_name for want in wants if want.device_class_name}
