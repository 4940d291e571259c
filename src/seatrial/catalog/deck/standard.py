"""The four domains of the standard, point by point."""

from __future__ import annotations

from seatrial.model.claim import Claim, Standing

REAL, MISLEADING, WRONG = Standing.REAL, Standing.MISLEADING, Standing.WRONG


def _row(id: str, said: str, standing: Standing, truth: str, *checks: str) -> Claim:
    return Claim(id=f"standard.{id}", said=said, standing=standing, truth=truth, checks=checks)


DRA = _row(
    "dra", "Dynamic Resource Allocation", REAL, "Required to 1.35; in 1.36 Kubernetes' own conformance has it.",
    "dra.resource-api-is-served-and-writable", "dra.claim-backed-pod-runs-with-its-device", "migration.claims-are-allocated",
)  # fmt: skip
DRIVERS = _row(
    "drivers", "Driver and runtime verification", REAL, "driver_runtime_management.",
    "driver.advertised-version-is-what-containers-find",
)  # fmt: skip
SHARING = _row(
    "sharing", "Partitioning and time-slicing", REAL, "gpu_sharing and virtualized_accelerator.",
    "sharing.fractions-share-one-device-and-are-scheduled", "virtual.virtual-accelerators-are-managed-like-physical-ones",
)  # fmt: skip
GANGS = _row(
    "gangs", "Gang scheduling", REAL, "gang_scheduling: one solution at least.", "gang.starts-whole-or-not-at-all"
)
NODES = _row(
    "cluster-autoscaling", "Autoscaling of nodes by accelerators", REAL, "cluster_autoscaling.",
    "autoscaling.nodes-follow-waiting-accelerator-pods",
)  # fmt: skip
PODS = _row(
    "pod-autoscaling", "HPA with metrics of accelerators", REAL, "pod_autoscaling.",
    "scaling.replicas-follow-a-metric-of-the-workload",
)  # fmt: skip
METRICS = _row(
    "accelerator-metrics", "Standardised accelerator metrics", REAL, "accelerator_metrics.",
    "telemetry.every-accelerator-reports-utilisation-and-memory",
)  # fmt: skip
SERVICE_METRICS = _row(
    "service-metrics", "Observability of AI services", REAL, "ai_service_metrics.",
    "telemetry.workload-metrics-are-collected",
)  # fmt: skip
PROMETHEUS = _row(
    "prometheus", "Metrics that Prometheus can read", REAL, "The text format is what both requirements name.",
    "telemetry.workload-metrics-are-collected", "blind-spots.exporters-are-collected-from",
)  # fmt: skip
GENAI = _row(
    "genai-conventions", "OpenTelemetry's GenAI conventions", MISLEADING, "No requirement names them; they are in development.",
    "telemetry.workload-metrics-are-collected",
)  # fmt: skip
VISIBLE = _row(
    "visibility", "Utilisation, memory and temperature are visible", MISLEADING, "Temperature is not asked for.",
    "telemetry.every-accelerator-reports-utilisation-and-memory", "blind-spots.every-accelerator-node-has-an-exporter",
)  # fmt: skip
ISOLATION = _row(
    "isolation", "Isolated, mediated access", REAL, "secure_accelerator_access.",
    "isolation.containers-open-only-their-own-accelerators",
)  # fmt: skip
OPERATORS = _row(
    "operators", "A robust AI operator", REAL, "robust_controller.", "operator.reconciles-good-and-refuses-wrong"
)
DRIVER_FAILURE = _row(
    "driver-failure", "Failures of infrastructure and drivers are mitigated", WRONG, "No requirement asks for it.",
    "driver-skew.upgrades-come-to-an-end", "blind-spots.claimed-devices-are-watched",
)  # fmt: skip
DEGRADATION = _row(
    "degradation", "Degraded devices are detected", WRONG, "No requirement asks for it; drivers can, and it is off by default.",
    "blind-spots.claimed-devices-are-watched", "blind-spots.device-errors-are-counted",
)  # fmt: skip
CRASHES = _row(
    "crashes", "Crashed containers recover", WRONG, "Kubernetes does it; no requirement of the standard asks for it.",
    "workloads.jobs-survive-a-lost-pod", "workloads.jobs-keep-what-they-computed",
)  # fmt: skip
GATEWAY = _row(
    "gateway", "Gateway API with advanced routing", REAL, "ai_inference.",
    "routing.gateway-splits-by-weight-and-routes-by-header",
)  # fmt: skip
SPLITS = _row(
    "splits", "Weighted splits for A/B tests", REAL, "Part of ai_inference.",
    "routing.gateway-splits-by-weight-and-routes-by-header",
)  # fmt: skip
HEADERS = _row(
    "headers", "Routing by headers for versions of models", REAL, "Part of ai_inference.",
    "routing.gateway-splits-by-weight-and-routes-by-header", "routing.model-in-the-body-chooses-the-server",
)  # fmt: skip
INFERENCE = _row(
    "inference-traffic", "Management of inference traffic", REAL, "advanced_inference_ingress and disaggregated_inference.",
    "inference.picker-follows-caches-and-queues", "disaggregation.one-request-passes-both-phases",
)  # fmt: skip
MTLS = _row(
    "mtls", "Compatible with mutual TLS", WRONG, "No requirement names it.", "interception.clients-are-verified"
)
AGENTS = _row(
    "agents", "1.35 validates agents and in-place resizing", WRONG, "No requirement of any version does; sandboxes came with 1.36.",
    "sandbox.kernel-is-not-shared",
)  # fmt: skip
