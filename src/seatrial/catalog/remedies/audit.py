"""What the API server writes down of accelerators, so that somebody can say afterwards who had which."""

from __future__ import annotations

from collections.abc import Sequence

from seatrial.model.fact import Obj, Snapshot
from seatrial.model.remedy import Fix, Remedy
from seatrial.model.verdict import Finding

_WRITING = ("create", "update", "patch", "delete", "deletecollection")
_ENTERING = ("create", "get")  # a websocket begins with a GET
_RULES: tuple[tuple[str, tuple[str, ...], str, tuple[str, ...]], ...] = (
    ("Request", _WRITING, "resource.k8s.io", ("resourceclaims", "resourceclaims/status", "resourceclaimtemplates")),
    ("Request", _WRITING, "resource.k8s.io", ("deviceclasses", "devicetaintrules", "resourceslices")),
    ("Request", _WRITING, "admissionregistration.k8s.io", ("*",)),
    ("Request", _WRITING, "", ("namespaces", "resourcequotas")),
    ("Metadata", _ENTERING, "", ("pods/attach", "pods/exec", "pods/portforward")),
    ("Metadata", _WRITING, "", ("pods", "pods/ephemeralcontainers")),
)
FILE = "audit-policy.yaml"


def _recorded(snapshot: Snapshot, findings: Sequence[Finding]) -> Fix:
    policy: Obj = {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [
            {"level": level, "verbs": list(verbs), "resources": [{"group": group, "resources": list(resources)}]}
            for level, verbs, group, resources in _RULES
        ],
    }
    return Fix(beside={FILE: policy})


AUDIT_POLICY = Remedy(
    id="audit-policy",
    title="The API server records who claims which devices, and who enters pods",
    why=(
        "Who created the claim that opened a device, and who gave admin access to it, is in no object and no metric. Telemetry tells"
        " how busy a device is, never who opened it."
    ),
    effect=(
        f"`{FILE}` is a file for the disks of the control plane, and no object. Put its rules before those of your own policy, or"
        " take it as it is, and start each API server with `--audit-policy-file`, `--audit-log-path` and `--audit-log-maxage=30`."
        " Claims, quotas, namespaces and admission policies are recorded with what was asked for; pods, and who enters them, without"
        " their specs. What the audit step of other fixes tells stands in the same log. Managed platforms have a switch for it instead."
    ),
    undo="- Restore your own policy, and start the API servers with it.",
    cures=("audit.api-server-keeps-a-log", "audit.policy-records-claims"),
    render=_recorded,
)
