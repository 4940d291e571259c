"""Serving stacks whose phases are apart in name only."""

from __future__ import annotations

import msgspec

from seatrial.catalog.faults.policies import mutation
from seatrial.model.fault import Fault
from seatrial.model.lab import LabLevel, LabSpec


def _decodes_alone(spec: LabSpec) -> LabSpec:
    """Only the one pod has this role, so only its command changes."""
    command = (
        'object.spec.containers[0].command.filter(a, !a.startsWith("--prefiller="))'
        '.map(a, a == "--role=decode" ? "--role=both" : a)'
    )
    patch = (
        f'[JSONPatch{{op: "replace", path: "/spec/containers/0/command", value: {command}}}]'
        '.filter(p, has(object.spec.containers[0].command) && "--role=decode" in object.spec.containers[0].command)'
    )
    objects = mutation(
        "seatrial-decodes-alone", group="", resource="pods", expression=patch, kubernetes=spec.kubernetes, as_patch=True
    )
    return msgspec.structs.replace(spec, objects=(*spec.objects, *objects))


DECODES_ALONE = Fault(
    id="decode-prefills-by-itself",
    title="the decoding instance of a serving stack is made to prefill by itself, and prefill is never asked",
    fails=("disaggregation.one-request-passes-both-phases@lab-serving",),
    change=_decodes_alone,
    level=LabLevel.NODE,
    kubernetes=("1.36", "1.37"),
)
