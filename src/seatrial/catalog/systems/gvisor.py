"""gVisor: a kernel of its own in user space for each pod, between the pod and the node's kernel."""

from __future__ import annotations

from seatrial.catalog.roles import Sandbox
from seatrial.catalog.systems.sandboxes import GVISOR_HANDLERS, by_handler
from seatrial.model.fact import Obj
from seatrial.model.lab import LabLevel
from seatrial.model.system import Proof, Recipe, System

_RUNTIME_CLASS: Obj = {
    "apiVersion": "node.k8s.io/v1",
    "kind": "RuntimeClass",
    "metadata": {"name": "gvisor"},
    "handler": "runsc",
}

GVISOR = System(
    id="gvisor",
    title="gVisor",
    home="https://gvisor.dev",
    found_by=by_handler(*GVISOR_HANDLERS),
    roles=(Sandbox(player="gvisor", handlers=GVISOR_HANDLERS),),
    proof=Proof.REAL_PROCESS,
    recipe=Recipe(
        module="gvisor.dev/gvisor",
        version="v0.0.0-20260905035102-160fafc42237",
        programs={"runsc": "gvisor.dev/gvisor/runsc", "containerd-shim-runsc-v1": "."},
        manifests=(),
        overlay=(_RUNTIME_CLASS,),
        processes=(),  # containerd calls it for each pod
        settings={"handler": "runsc"},  # what containerd calls for the RuntimeClass's handler
        level=LabLevel.NODE,
        by_default=False,
    ),
)
