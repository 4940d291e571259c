"""Serving stacks whose phases are apart in name only."""

from __future__ import annotations

from seatrial.catalog.faults.policies import mutated
from seatrial.model.fault import Fault
from seatrial.model.lab import LabLevel

# Only the one pod has this role, so only its command changes.
_COMMAND = (
    'object.spec.containers[0].command.filter(a, !a.startsWith("--prefiller="))'
    '.map(a, a == "--role=decode" ? "--role=both" : a)'
)
_PATCH = (
    f'[JSONPatch{{op: "replace", path: "/spec/containers/0/command", value: {_COMMAND}}}]'
    '.filter(p, has(object.spec.containers[0].command) && "--role=decode" in object.spec.containers[0].command)'
)

DECODES_ALONE = Fault(
    id="decode-prefills-by-itself",
    title="the decoding instance of a serving stack is made to prefill by itself, and prefill is never asked",
    fails=("disaggregation.one-request-passes-both-phases@lab-serving",),
    change=mutated("seatrial-decodes-alone", group="", resource="pods", expression=_PATCH, as_patch=True),
    level=LabLevel.NODE,
    kubernetes=("1.36", "1.37"),
)
