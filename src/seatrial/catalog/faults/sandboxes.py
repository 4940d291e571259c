"""Sandboxes in name alone."""

from __future__ import annotations

from seatrial.catalog.faults.changes import sets
from seatrial.model.fault import Fault
from seatrial.model.lab import LabLevel

KERNEL = "sandbox.kernel-is-not-shared"


SANDBOX_IN_NAME_ALONE = Fault(
    id="sandbox-in-name-alone",
    title="behind the handler of gVisor's RuntimeClass the container runtime calls plain runc",
    fails=(f"{KERNEL}@gvisor",),
    change=sets("gvisor", handler="runc"),
    needs=("gvisor",),
    level=LabLevel.NODE,
)
