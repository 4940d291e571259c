"""The six operational issues, and the five threats with their mitigations."""

from __future__ import annotations

from seatrial.model.claim import Claim, Standing

DRIVER_MISMATCH = Claim(
    id="issue.driver-mismatch",
    said="Driver versions that differ between nodes corrupt inference silently.",
    standing=Standing.REAL,
    truth="Versions stand in node labels, in ResourceSlices and in the exporter's labels, and can differ in each. They say "
    "nothing of a wrong output: that takes a prompt whose answer is known.",
    checks=(
        "driver-skew.a-pool-has-one-driver",
        "driver-skew.a-gang-runs-on-one-driver",
        "driver-skew.labels-and-slices-agree",
        "driver-skew.versions-are-labelled-in-full",
        "driver-skew.upgrades-come-to-an-end",
        "driver-skew.no-mismatch-is-reported",
        "operands.drivers-are-renewed",
        "driver.advertised-version-is-what-containers-find",
    ),
)
GANG_DEADLOCK = Claim(
    id="issue.gang-deadlock",
    said="Jobs get a part of their accelerators and block each other; the cluster looks busy.",
    standing=Standing.REAL,
    truth="A deadlock is a circle of waiting, not a long wait. Kueue admits whole jobs, and two admitted ones can still block "
    "each other unless waitForPodsReady is on; Kubernetes' own gangs are the Workload API.",
    checks=(
        "gang.starts-whole-or-not-at-all",
        "deadlocks.gangs-start-together",
        "deadlocks.no-gang-stands-half-started",
        "deadlocks.kueue-waits-for-pods",
        "deadlocks.groups-can-be-complete",
        "deadlocks.quota-is-backed-by-devices",
        "volcano.scheduler-knows-gangs",
        "kueue.queues-are-active",
    ),
    faults=("scheduler-ignores-gangs",),
)
BURSTS = Claim(
    id="issue.bursts",
    said="Inference load grows 10 to 50 times at once; an HPA on processor and memory is too slow.",
    standing=Standing.REAL,
    truth="An accelerator's work does not show in cpu. The delay is a sum: scrape, HPA, scheduling, node, image, model.",
    checks=(
        "bursts.autoscalers-follow-the-accelerators-work",
        "bursts.autoscalers-read-their-metric",
        "bursts.autoscalers-have-room",
        "bursts.largest-size-fits",
        "bursts.scaling-down-waits",
        "keda.queries-are-scoped",
        "keda.missing-metrics-are-errors",
        "node-groups.grow-when-they-are-asked",
        "scaling.replicas-follow-a-metric-of-the-workload",
        "autoscaling.nodes-follow-waiting-accelerator-pods",
    ),
)
BLIND_SPOTS = Claim(
    id="issue.blind-spots",
    said="Utilisation, temperature and memory of accelerators are invisible to Prometheus without DCGM.",
    standing=Standing.REAL,
    truth="DCGM is NVIDIA's; AMD, Intel and TPU have exporters of their own. An exporter that runs may still tell neither pod nor "
    "claim, nor count errors.",
    checks=(
        "blind-spots.every-accelerator-node-has-an-exporter",
        "blind-spots.exporters-are-collected-from",
        "blind-spots.exporters-tell-which-pod",
        "blind-spots.exporters-tell-which-claim",
        "blind-spots.device-errors-are-counted",
        "readings.every-accelerator-is-heard-of",
        "readings.are-fresh",
        "readings.name-who-holds-devices",
        "readings.devices-that-are-held-work",
        "readings.devices-stay-cool",
        "telemetry.every-accelerator-reports-utilisation-and-memory",
    ),
)
TENANT_LEAKAGE = Claim(
    id="issue.tenant-leakage",
    said="Memory of an accelerator can be read by the next workload.",
    standing=Standing.MISLEADING,
    truth="Residue takes a real device to show. What the API tells: who shares a device at once, and in what way it is divided. "
    "Time slices and MPS isolate nothing; MIG and whole devices do.",
    checks=(
        "tenancy.shared-devices-have-one-tenant",
        "tenancy.shared-nodes-are-set-apart",
        "tenancy.partitions-are-as-asked",
        "isolation.containers-open-only-their-own-accelerators",
        "sharing.fractions-share-one-device-and-are-scheduled",
    ),
)
PULL_CONGESTION = Claim(
    id="issue.pull-congestion",
    said="Many nodes that pull images of 10 GB at once saturate the network.",
    standing=Standing.REAL,
    truth="The kubelet's events tell how long a pull took and how much of that was waiting; nodes tell the sizes of images.",
    checks=(
        "pulls.images-do-not-queue",
        "pulls.large-images-are-spread-otherwise",
        "pulls.restarts-do-not-need-the-registry",
        "pulls.accelerator-nodes-keep-their-images",
        "dragonfly.container-runtimes-ask-it",
    ),
)
PRIVILEGE = Claim(
    id="threat.accelerator-privilege",
    said="Unrestricted access to devices lets containers escape by exploits of drivers.",
    standing=Standing.REAL,
    truth="The known escapes were in the container toolkit (CVE-2024-0132, CVE-2025-23266), not in the driver.",
    checks=(
        "privilege.containers-with-accelerators-are-unprivileged",
        "privilege.device-files-are-not-mounted",
        "privilege.visible-devices-are-left-to-the-plugin",
        "privilege.capabilities-stay-small",
        "privilege.namespaces-of-the-node-are-not-shared",
        "toolkit.known-escapes-are-closed",
        "toolkit.requests-by-environment-are-refused",
        "isolation.containers-open-only-their-own-accelerators",
    ),
)
CROSS_TENANT_MEMORY = Claim(
    id="threat.cross-tenant-memory",
    said="Memory that is not cleared between jobs leaks weights and data.",
    standing=Standing.MISLEADING,
    truth="No device plugin and no field of DRA clears memory. What helps: whole devices or MIG for each tenant, confidential "
    "computing, a reset between tenants.",
    checks=(
        "memory.devices-keep-to-one-tenant",
        "memory.confidential-nodes-are-confidential",
        "memory.nothing-pretends-to-clear-it",
        "tenancy.shared-devices-have-one-tenant",
        "tenancy.shared-nodes-are-set-apart",
    ),
)
SUPPLY_CHAIN = Claim(
    id="threat.supply-chain",
    said="Large model images come from registries that nobody verified, without signatures.",
    standing=Standing.REAL,
    truth="Models also come as image volumes, which rules for containers do not see, and from hubs and buckets, which no "
    "admission rule covers.",
    checks=(
        "supply-chain.images-are-verified",
        "supply-chain.image-volumes-are-verified",
        "supply-chain.rules-refuse",
        "supply-chain.unmatched-images-are-refused",
        "supply-chain.verification-fails-closed",
        "supply-chain.images-have-digests",
        "supply-chain.registries-are-named",
        "supply-chain.models-have-revisions",
        "supply-chain.models-come-encrypted",
        "supply-chain.models-bring-no-code",
    ),
)
INTERCEPTION = Claim(
    id="threat.interception",
    said="Inference endpoints have no mutual TLS in usual Gateway configurations.",
    standing=Standing.REAL,
    truth="Clients are verified by spec.tls.frontend of a Gateway (standard since Gateway API 1.5), servers by BackendTLSPolicy, the "
    "last hop to a pool by a mesh.",
    checks=(
        "interception.listeners-are-encrypted",
        "interception.clients-are-verified",
        "interception.invalid-clients-are-refused",
        "interception.backends-are-encrypted",
        "interception.pools-are-behind-a-mesh",
        "interception.model-services-stay-inside",
        "interception.mesh-refuses-cleartext",
    ),
)
NO_AUDIT = Claim(
    id="threat.no-audit",
    said="Access to accelerators does not show in audit pipelines.",
    standing=Standing.REAL,
    truth="The API server's audit of pods and of resource.k8s.io claims is what can be had; opens of device files take eBPF.",
    checks=(
        "audit.api-server-keeps-a-log",
        "audit.policy-records-claims",
        "audit.logs-are-kept",
        "audit.failures-raise-an-alert",
    ),
)
MITIGATION_ISOLATION = Claim(
    id="mitigation.isolated-access",
    said="Kubernetes mediates all access to accelerators.",
    standing=Standing.MISLEADING,
    truth="It mediates requests. A hostPath, a privileged container or NVIDIA_VISIBLE_DEVICES goes around it.",
    checks=("isolation.containers-open-only-their-own-accelerators", "privilege.device-files-are-not-mounted"),
)
MITIGATION_ZEROING = Claim(
    id="mitigation.vram-zeroing",
    said="DRA policy clears an accelerator's memory when it is handed on.",
    standing=Standing.WRONG,
    truth="DRA has no such field, and no requirement of the standard asks for it.",
    checks=("memory.nothing-pretends-to-clear-it", "memory.devices-keep-to-one-tenant"),
)
MITIGATION_SIGNATURES = Claim(
    id="mitigation.signed-images",
    said="Cosign and OPA refuse unsigned model containers.",
    standing=Standing.MISLEADING,
    truth="Gatekeeper verifies no signatures by itself; policy-controller, Kyverno or Ratify do. Not part of the standard.",
    checks=("supply-chain.images-are-verified", "supply-chain.image-volumes-are-verified", "policies.are-heeded"),
    systems=("policy-controller", "kyverno", "gatekeeper"),
    faults=("signatures-unasked", "engine-fails-open"),
)
MITIGATION_MTLS = Claim(
    id="mitigation.gateway-mtls",
    said="Conformance enforces mutual TLS at the Gateway.",
    standing=Standing.WRONG,
    truth="The standard asks for a Gateway, and says nothing of TLS.",
    checks=("interception.clients-are-verified", "interception.listeners-are-encrypted"),
)
MITIGATION_AUDIT = Claim(
    id="mitigation.audit-events",
    said="dcgm-exporter exposes accesses to accelerators as events.",
    standing=Standing.WRONG,
    truth="It exposes telemetry, never accesses.",
    checks=("audit.policy-records-claims", "blind-spots.device-errors-are-counted"),
)
