"""Policy engines whose policies are there to be seen, and that nothing heeds."""

from __future__ import annotations

from seatrial.catalog.faults.changes import leaves_out
from seatrial.model.fault import Fault
from seatrial.model.lab import LabLevel

HEEDED = "policies.are-heeded"

ENGINE_FAILS_OPEN = Fault(
    id="engine-fails-open",
    title="Gatekeeper's webhook does not answer, and its failure policy is Ignore, as Gatekeeper is published",
    fails=(f"{HEEDED}@gatekeeper",),
    change=leaves_out("gatekeeper-controller"),
    needs=("gatekeeper",),
)

SIGNATURES_UNASKED = Fault(
    id="signatures-unasked",
    title="policy-controller's webhook is registered nowhere, so nobody asks who signed an image",
    fails=(f"{HEEDED}@policy-controller",),
    change=leaves_out("ValidatingWebhookConfiguration/policy.sigstore.dev"),
    needs=("lab-registry", "policy-controller"),
    level=LabLevel.NODE,
)
