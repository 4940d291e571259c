"""The eight metrics of the benchmarking framework, under the names that exporters use."""

from __future__ import annotations

from seatrial.model.claim import Claim, Standing

UTILISATION = Claim(
    id="metric.utilisation",
    said="DCGM_FL_DEV_GPU_UTIL ≥ 80 % under sustained load",
    standing=Standing.WRONG,
    truth="DCGM_FI_DEV_GPU_UTIL, which counts any kernel that is resident; DCGM_FI_PROF_GR_ENGINE_ACTIVE tells more. AMD: "
    "gpu_gfx_activity.",
    checks=(
        "telemetry.every-accelerator-reports-utilisation-and-memory",
        "readings.every-accelerator-is-heard-of",
        "readings.devices-that-are-held-work",
    ),
    metrics=("utilisation.of-held-accelerators",),
)
MEMORY = Claim(
    id="metric.memory",
    said="DCGM_FL_DEV_MEM_COPY_UTIL: less than 10 % idle memory",
    standing=Standing.WRONG,
    truth="That is the activity of memory copies. Occupancy is FB_USED of FB_USED + FB_FREE; model servers take all memory at once, "
    "so vllm:kv_cache_usage_perc tells how full they are.",
    checks=("telemetry.every-accelerator-reports-utilisation-and-memory",),
    metrics=("memory.of-held-accelerators",),
)
TTFT = Claim(
    id="metric.ttft",
    said="gen_ai.server.ttft (P50, P95, P99)",
    standing=Standing.WRONG,
    truth="gen_ai.server.time_to_first_token in OpenTelemetry; vLLM itself exports vllm:time_to_first_token_seconds.",
    checks=("telemetry.workload-metrics-are-collected",),
    metrics=("ttft.as-servers-tell", "ttft.as-clients-see"),
)
TPS = Claim(
    id="metric.tokens-per-second",
    said="vllm:avg_generation_throughput",
    standing=Standing.RENAMED,
    truth="It went with vLLM's first engine: rate(vllm:generation_tokens_total).",
    checks=("telemetry.workload-metrics-are-collected",),
    metrics=("tokens.as-servers-tell", "tokens.as-clients-see"),
)
GANGS = Claim(
    id="metric.gang-success",
    said="volcano.sh/job-succeeded / total ≥ 99 %",
    standing=Standing.WRONG,
    truth="Volcano counts how jobs end, not whether gangs start. Success is gangs that are whole in time, of those submitted.",
    checks=("gang.starts-whole-or-not-at-all", "volcano.scheduler-knows-gangs"),
    metrics=("gangs.whole-in-time",),
)
SCALE_OUT = Claim(
    id="metric.scale-out",
    said="From a threshold's breach to a ready pod in less than 90 s",
    standing=Standing.UNVERIFIED,
    truth="A sum of scrape, HPA, scheduling, node, image and model; told in its parts or not at all.",
    checks=("scaling.replicas-follow-a-metric-of-the-workload", "autoscaling.nodes-follow-waiting-accelerator-pods"),
    metrics=("scale-out.breach-to-ready",),
)
XID = Claim(
    id="metric.xid",
    said="DCGM_FL_DEV_XID_ERRORS_COUNT: 0 unresolved",
    standing=Standing.WRONG,
    truth="DCGM_EXP_XID_ERRORS_COUNT, off by default. 13, 31, 43, 45, 68 and 109 are errors of applications.",
    checks=("blind-spots.device-errors-are-counted", "readings.devices-report-no-errors", "readings.devices-are-sound"),
    metrics=("xids.unresolved",),
)
RECOVERY = Claim(
    id="metric.recovery",
    said="From a pod's failure to the workload's rescheduling",
    standing=Standing.REAL,
    truth="Until it serves again, in parts: noticed, scheduled, started, ready.",
    checks=("workloads.jobs-survive-a-lost-pod",),
    metrics=("recovery.pod-killed", "recovery.node-lost", "recovery.device-unhealthy"),
)
