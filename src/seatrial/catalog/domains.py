"""The domains of the standard, and beside them what running it takes: every area of checks belongs to one."""

from __future__ import annotations

from seatrial.model.domain import Domain

SCHEDULING = Domain(
    id="scheduling",
    title="Scheduling and accelerators",
    areas=(
        "autoscaling",
        "bursts",
        "deadlocks",
        "discovery",
        "dra",
        "driver",
        "driver-skew",
        "gang",
        "hami",
        "keda",
        "kueue",
        "migration",
        "node-groups",
        "operands",
        "quotas",
        "ray",
        "scaling",
        "sharing",
        "virtual",
        "volcano",
    ),
)
TELEMETRY = Domain(
    id="telemetry",
    title="Metrics and telemetry",
    areas=(
        "blind-spots",
        "collectors",
        "readings",
        "telemetry",
    ),
)
SECURITY = Domain(
    id="security",
    title="Security and robustness",
    areas=(
        "admin-access",
        "audit",
        "isolation",
        "memory",
        "operator",
        "pod-security",
        "policies",
        "privilege",
        "sandbox",
        "supply-chain",
        "tenancy",
        "toolkit",
    ),
)
NETWORKING = Domain(
    id="networking",
    title="Networking and inference",
    areas=(
        "disaggregation",
        "inference",
        "inference-pools",
        "interception",
        "mesh",
        "network",
        "network-policy",
        "pickers",
        "routing",
    ),
)
DELIVERY = Domain(
    id="delivery",
    title="Workloads and their delivery",
    areas=(
        "dragonfly",
        "fluid",
        "kaito",
        "kserve",
        "kubeflow",
        "pulls",
        "settings",
        "workloads",
    ),
)
GROUND = Domain(id="ground", title="Ground for proofs", areas=("preflight",))
