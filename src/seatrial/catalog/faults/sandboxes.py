"""Sandboxes in name alone."""

from __future__ import annotations

import msgspec

from seatrial.model.fault import Fault
from seatrial.model.lab import LabLevel, LabSpec

KERNEL = "sandbox.kernel-is-not-shared"


def _plain_runtime(spec: LabSpec) -> LabSpec:
    gvisor = {**spec.settings.get("gvisor", {}), "handler": "runc"}
    return msgspec.structs.replace(spec, settings={**spec.settings, "gvisor": gvisor})


SANDBOX_IN_NAME_ALONE = Fault(
    id="sandbox-in-name-alone",
    title="behind the handler of gVisor's RuntimeClass the container runtime calls plain runc",
    fails=(f"{KERNEL}@gvisor",),
    change=_plain_runtime,
    needs=("gvisor",),
    level=LabLevel.NODE,
)
