"""Serving stacks whose phases are apart in name only."""

from __future__ import annotations

from seatrial.catalog.faults.policies import mutated
from seatrial.catalog.systems.llm_d_stack import DECIDER
from seatrial.model.fault import Fault
from seatrial.model.lab import LabLevel

# Only the one pod has this role, so only its command changes.
_COMMAND = (
    'object.spec.containers[0].command.filter(a, !a.startsWith("--prefiller="))'
    '.map(a, a == "--role=decode" ? "--role=both" : a)'
)
_PATCH = (
    'has(object.spec.containers[0].command) && "--role=decode" in object.spec.containers[0].command ? '
    f'[JSONPatch{{op: "replace", path: "/spec/containers/0/command", value: {_COMMAND}}}] : []'
)

PHASES = "disaggregation.one-request-passes-both-phases"

DECODES_ALONE = Fault(
    id="decode-prefills-by-itself",
    title="the decoding instance of a serving stack is made to prefill by itself, and prefill is never asked",
    fails=(f"{PHASES}@lab-serving",),
    silences=(f"{PHASES}@llm-d",),
    change=mutated("seatrial-decodes-alone", group="", resource="pods", expression=_PATCH, as_patch=True),
    level=LabLevel.NODE,
    kubernetes=("1.36", "1.37"),
)

LLM_D_DECODES_ALONE = Fault(
    id="llm-d-decode-prefills-by-itself",
    title="the decoding instance behind llm-d is made to prefill by itself, and forgets what prefill has made",
    fails=(f"{PHASES}@llm-d",),
    silences=(f"{PHASES}@lab-serving",),
    change=mutated("seatrial-llm-d-decodes-alone", group="", resource="pods", expression=_PATCH, as_patch=True),
    needs=("llm-d",),
    level=LabLevel.NODE,
    kubernetes=("1.36", "1.37"),
)

_ARGS = (
    "object.spec.containers[0].args.map(a, a.replace("
    f"""'"deciders": {{"prefill": "{DECIDER}"}}', '"deciders": {{}}'))"""
)
LLM_D_NEVER_PREFILLS_APART = Fault(
    id="llm-d-never-prefills-apart",
    title="a mutating admission policy starts llm-d's picker without a decider, so that it never names a server for prefill",
    fails=(f"{PHASES}@llm-d",),
    change=mutated(
        "seatrial-llm-d-never-prefills-apart",
        group="",
        resource="pods",
        expression=(
            f'has(object.spec.containers[0].args) && object.spec.containers[0].args.exists(a, a.contains("{DECIDER}")) ? '
            f'[JSONPatch{{op: "replace", path: "/spec/containers/0/args", value: {_ARGS}}}] : []'
        ),
        as_patch=True,
    ),
    needs=("llm-d",),
    level=LabLevel.NODE,
    kubernetes=("1.36", "1.37"),
)
