"""The implementation steps, project by project."""

from __future__ import annotations

from seatrial.model.claim import Claim, Standing

REAL, MISLEADING, WRONG, RENAMED = Standing.REAL, Standing.MISLEADING, Standing.WRONG, Standing.RENAMED


def _step(id: str, said: str, standing: Standing, truth: str, *, system: str, checks: tuple[str, ...] = ()) -> Claim:
    return Claim(id=f"step.{id}", said=said, standing=standing, truth=truth, checks=checks, systems=(system,))


DRA_GATE = _step(
    "dra-gate", "--feature-gates=DynamicResourceAllocation=true", WRONG,
    "On and locked; the gate is about to go, and naming it then ends the program.",
    system="kubernetes", checks=("migration.no-gate-is-about-to-go",),
)  # fmt: skip
DRA_PLUGIN = _step(
    "dra-plugin", "nvidia-k8s-device-plugin with DRA mode", WRONG,
    "A driver of its own, dra-driver-nvidia-gpu; ClusterPolicy and GPUCluster together are invalid.",
    system="nvidia-gpu-operator", checks=("migration.one-operand-owns-the-nodes", "migration.pools-offer-their-devices-one-way"),
)  # fmt: skip
QUOTA_FIRST = _step(
    "quota-first", "ResourceQuota before teams come", REAL, "Of both kinds.",
    system="kubernetes", checks=("quotas.extended-resources-are-bounded", "quotas.device-classes-are-bounded"),
)  # fmt: skip
KEDA_PROMETHEUS = _step(
    "keda-prometheus", "KEDA with the Prometheus scaler", REAL, "ignoreNullValues is true by default: a dead metric reads as zero.",
    system="keda",
    checks=("scaling.replicas-follow-a-metric-of-the-workload", "keda.missing-metrics-are-errors", "keda.failures-have-a-fallback"),
)  # fmt: skip
KEDA_QUEUE = _step(
    "keda-queue", "ScaledObject on vLLM queue_size or DCGM_FI_DEV_GPU_UTIL", WRONG,
    "vllm:num_requests_waiting; and a query has to be scoped to what it scales.",
    system="keda",
    checks=(
        "keda.metrics-have-todays-names", "keda.queries-are-scoped", "bursts.autoscalers-follow-the-accelerators-work",
    ),
)  # fmt: skip
KEDA_COOLDOWN = _step(
    "keda-cooldown", "cooldownPeriod: 60", MISLEADING,
    "It governs the last replica alone, and 300 is its default; the rest is the HPA's stabilisation window.",
    system="keda",
    checks=("keda.last-replicas-stay-a-while", "keda.scaling-down-waits", "bursts.scaling-down-waits"),
)  # fmt: skip
OTEL_COLLECTOR = _step(
    "otel-collector", "Collector with batch processor and Prometheus exporter", REAL,
    "Behind a memory limiter: without one it ends when there is most to tell.", system="opentelemetry",
    checks=("collectors.memory-is-limited", "collectors.batches-follow-the-limiter", "collectors.metrics-lead-somewhere"),
)  # fmt: skip
OTEL_GENAI = _step(
    "otel-genai", "GenAI conventions in the inference SDK", REAL, "In development; in a repository of their own.",
    system="opentelemetry", checks=("collectors.names-are-those-of-the-conventions",),
)  # fmt: skip
OTEL_METRICS = _step(
    "otel-metrics", "gen_ai.server.ttft and gen_ai.usage.input_tokens", WRONG,
    "gen_ai.server.time_to_first_token, and gen_ai.client.token.usage with gen_ai.token.type.",
    system="opentelemetry", checks=("collectors.names-are-those-of-the-conventions",),
)  # fmt: skip
VOLCANO_REPLACE = _step(
    "volcano-replace", "Replace the scheduler by Volcano in kube-system", WRONG,
    "It runs beside it, in a namespace of its own; pods opt in by schedulerName.",
    system="volcano",
    checks=("gang.starts-whole-or-not-at-all", "volcano.grouped-pods-ask-for-its-scheduler", "volcano.scheduler-knows-gangs"),
)  # fmt: skip
VOLCANO_MIN = _step(
    "volcano-min-available", "minAvailable is the number of accelerators", WRONG, "It counts pods.",
    system="volcano", checks=("deadlocks.volcano-jobs-count-pods", "volcano.jobs-start-anew-when-a-pod-is-lost"),
)  # fmt: skip
VOLCANO_QUEUE = _step(
    "volcano-queue", "Queue for fair shares", REAL, "By weight while several ask; capability is what bounds one.",
    system="volcano", checks=("volcano.queues-are-bounded", "volcano.named-queues-are-open"),
)  # fmt: skip
HAMI_NODES = _step(
    "hami-nodes", "HAMi's DaemonSet on all nodes", REAL, "Nodes are labelled gpu=on; its chart opens NodePorts and lets pods pass its webhook.",
    system="hami", checks=("hami.webhook-fails-closed", "hami.services-stay-inside"),
)  # fmt: skip
HAMI_MEMORY = _step(
    "hami-memory", "nvidia.com/gpumem: 8192", REAL, "In MiB; it intercepts in user space, which is no boundary.",
    system="hami", checks=(
        "hami.memory-is-in-mebibytes", "hami.memory-is-promised-once", "virtual.virtual-accelerators-are-managed-like-physical-ones",
    ),
)  # fmt: skip
HAMI_METRICS = _step("hami-metrics", "HAMi's own exporter", RENAMED, "Its metrics are hami_* now.", system="hami")
FLUID_DATASET = _step(
    "fluid-dataset", "Dataset that points at the model store", REAL, "As said; with a runtime of its name, and a cache that holds it.",
    system="fluid", checks=("fluid.datasets-are-bound", "fluid.caches-are-large-enough"),
)  # fmt: skip
FLUID_READ_ONLY = _step(
    "fluid-read-only", "mounts[].options: readOnly=true", WRONG, "spec.mounts[].readOnly; options go to the engine.",
    system="fluid", checks=("fluid.read-only-is-said-where-it-counts",),
)  # fmt: skip
FLUID_WARM = _step(
    "fluid-warm", "Warm the cache by the annotation fluid.io/dataset", WRONG, "A DataLoad does that.", system="fluid",
    checks=("fluid.datasets-are-loaded-beforehand", "fluid.loads-come-to-an-end", "fluid.annotations-are-not-taken-for-loading"),
)  # fmt: skip
KSERVE_SERVICE = _step(
    "kserve-service", "InferenceService with transformer and predictor", REAL, "As said.", system="kserve",
    checks=("kserve.named-runtimes-are-there", "kserve.models-on-accelerators-stay-loaded"),
)  # fmt: skip
KSERVE_TARGET = _step(
    "kserve-target", "autoscaling.knative.dev/target: 1 (requests per second)", MISLEADING,
    "In the unit of the metric, which is concurrency unless scaleMetric is rps; ignored in Standard mode.", system="kserve",
    checks=(
        "kserve.targets-name-their-metric", "kserve.annotations-are-heeded", "kserve.accelerators-are-not-scaled-by-cpu",
    ),
)  # fmt: skip
KSERVE_CANARY = _step(
    "kserve-canary", "canary.trafficPercent", MISLEADING,
    "canaryTrafficPercent of the predictor in Knative mode; spec.canary in Standard mode since 0.20.",
    system="kserve", checks=("kserve.canaries-fit-their-mode",),
)  # fmt: skip
KUBEFLOW_PIPELINES = _step(
    "kubeflow-pipelines", "Pipelines for training", REAL, "As said.", system="kubeflow-pipelines",
    checks=("kubeflow.runs-do-not-pile-up",),
)  # fmt: skip
KUBEFLOW_REGISTRY = _step(
    "kubeflow-registry", "KFServing as a registry of models", WRONG, "KFServing is KServe and serves; the registry is Model Registry.",
    system="model-registry", checks=("kubeflow.objects-are-of-todays-kinds",),
)  # fmt: skip
KUBEFLOW_TRACES = _step(
    "kubeflow-traces", "Latency of steps by OpenTelemetry", REAL, "As said.", system="opentelemetry"
)
DRAGONFLY_DEPLOY = _step(
    "dragonfly-deploy", "Manager, scheduler and seed peer", REAL, "As said.", system="dragonfly",
    checks=("dragonfly.seeds-have-a-second",),
)  # fmt: skip
DRAGONFLY_PROXY = _step(
    "dragonfly-proxy", "containerd uses Dragonfly as a proxy registry", RENAMED,
    "client.dfinit.enable, which is off by default, writes containerd's hosts.toml.",
    system="dragonfly",
    checks=(
        "dragonfly.container-runtimes-ask-it", "dragonfly.registries-are-verified", "pulls.large-images-are-spread-otherwise",
    ),
)  # fmt: skip
DRAGONFLY_RATIO = _step(
    "dragonfly-ratio", "peerTaskConfig.minSeedPeerRatio: 0.3", WRONG,
    "There is none; seedClient.replicas and the scheduler cluster's limits are what can be set.",
    system="dragonfly", checks=("dragonfly.seeds-have-a-second",),
)  # fmt: skip
