"""The CNCF AI conformance programme: what its checklists ask of a platform, by Kubernetes version.

Ids, categories and levels are those of ``docs/AIConformance-X.Y.yaml`` in https://github.com/cncf/k8s-ai-conformance,
as read on 2026-11-21. 1.33 to 1.36 were read at commit b2c89690e77f of 2026-08-19. 1.37 was read at commit 287b44f07bb5,
which belongs to the change that was proposed on 2026-08-26 to add it and was merged since; on which day is not known here.

The gists are our own words. A digest says which upstream text a gist was written for: it is the sha256 of the
requirement's description in UTF-8, white space normalised as in ``" ".join(text.split())``. ``tools/digests.py`` prints
the digests of any checklist. No description changed between these versions but for one slip of the pen in 1.37.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from seatrial.model.standard import Automated, Coverage, Level, Requirement, Standard

VERSIONS = ("1.33", "1.34", "1.35", "1.36", "1.37")
LEVELS = {"M": Level.MUST, "S": Level.SHOULD}


class Row(NamedTuple):
    id: str
    category: str
    levels: str  # one letter per version: M for MUST, S for SHOULD, - where the version does not ask for it
    gist: str
    digest: str
    coverage: Coverage


ROWS = (
    Row(
        "dra_support",
        "accelerators",
        "SMM--",
        "Workloads can ask for devices by their properties through Dynamic Resource Allocation, where a plain count is not enough.",
        "e4cb3f99411a6a3ac7b05044c7e84935b6281401abdaa8c24c73144ca21197f2",
        Automated(("dra.claim-backed-pod-runs-with-its-device", "dra.resource-api-is-served-and-writable")),
    ),
    Row(
        "driver_runtime_management",
        "accelerators",
        "--SSS",
        "One can verify that every accelerator node has a driver and a container runtime set-up that fit together, and that they are kept so.",
        "d1a149d7512ef0c3d267796d622894de824db82bdf225e63babd1cfe10c0fa5d",
        Automated(("driver.advertised-version-is-what-containers-find",)),
    ),
    Row(
        "gpu_sharing",
        "accelerators",
        "--SSS",
        "Where the hardware can be shared statically, at least one way of sharing is offered, and its fractions can be scheduled.",
        "4153fa81f547e6471f8a785a72759d3973ac1cbe8d425e7dd393f69585c7de56",
        Automated(("sharing.fractions-share-one-device-and-are-scheduled",), any_of=True),
    ),
    Row(
        "virtualized_accelerator",
        "accelerators",
        "--SSS",
        "Virtual accelerators are offered and looked after in the same manner as physical fractions.",
        "c7a8b84585cd43fd161e6b9b41c125adc9efda882ac16d08b6c72ba0defbcf4d",
        Automated(("virtual.virtual-accelerators-are-managed-like-physical-ones",)),
    ),
    Row(
        "ai_inference",
        "networking",
        "MMMMM",
        "A working Gateway API implementation can split inference traffic by weight and route it by header.",
        "9483255c30d9a7f0fcb800ec95a4327691e54091c9027129b5c3648672bf5255",
        Automated(("routing.gateway-splits-by-weight-and-routes-by-header",), any_of=True),
    ),
    Row(
        "advanced_inference_ingress",
        "networking",
        "---SS",
        "An implementation of the Gateway API's inference extension picks model servers by what they report, such as their cache.",
        "e573844ca6dcb4248d82212aa137f978aadce448f1419d8002e88e6edb864de1",
        Automated(("inference.picker-follows-caches-and-queues",), any_of=True),
    ),
    Row(
        "high_performance_networking",
        "networking",
        "---SS",
        "Where pods need fast networks, those can be discovered and requested, and a pod can have several interfaces.",
        "37caa1678e6b6a633bcfe7ce6f15815417c420d6ecbc9a5d31a4a0c4875306bc",
        Automated(("network.claimed-interfaces-arrive-and-carry-data",)),
    ),
    Row(
        "disaggregated_inference",
        "networking",
        "---SS",
        "A serving stack that runs prefill and decode in separate instances installs and answers.",
        "7a6cf508078f4517ef48bcaab261e0e10eb6a32a970615d863373096feda8e78",
        Automated(("disaggregation.one-request-passes-both-phases",), any_of=True),
    ),
    Row(
        "gang_scheduling",
        "schedulingOrchestration",
        "MMMMM",
        "At least one scheduler installs that starts the pods of a distributed job all together or not at all, and is shown to do so.",
        "d01c4301e66e510703601ca3f39e82b754d8c2a38e6ab4dc5f8126b421815b65",
        Automated(("gang.starts-whole-or-not-at-all",), any_of=True),
    ),
    Row(
        "cluster_autoscaling",
        "schedulingOrchestration",
        "MMMMM",
        "A cluster autoscaler, if there is one, adds and removes nodes of the accelerator type that waiting pods ask for.",
        "c86a7d94c11d0479e65b896f7a2a6bb2347f54b635e471fcf2c5130a88975614",
        Automated(("autoscaling.nodes-follow-waiting-accelerator-pods",)),
    ),
    Row(
        "pod_autoscaling",
        "schedulingOrchestration",
        "MMMMM",
        "The HorizontalPodAutoscaler, if supported, scales pods that use accelerators, also by a metric of the workload itself.",
        "67f2e1a42ad2c3247cad823f59add382980e563f2295c7a814814539a99921de",
        Automated(("scaling.replicas-follow-a-metric-of-the-workload",)),
    ),
    Row(
        "accelerator_metrics",
        "observability",
        "MMMMM",
        "A metrics source can be installed that reports the utilisation and memory of each accelerator at a standard endpoint.",
        "cef15a8fccb441d27663a0ea777a14a4ec660b1c5054cfa97e2cc8f5d68079cc",
        Automated(("telemetry.every-accelerator-reports-utilisation-and-memory",)),
    ),
    Row(
        "ai_service_metrics",
        "observability",
        "MMMMM",
        "A monitoring system finds workloads that expose metrics in a standard format, and collects them.",
        "9257523e3d057adf64e59e94b61b262ac7b4af31e7310f8d3103447a8792c795",
        Automated(("telemetry.workload-metrics-are-collected",), any_of=True),
    ),
    Row(
        "secure_accelerator_access",
        "security",
        "MMMMM",
        "Containers reach the accelerators that were allocated to them and no others, by way of device plugin or DRA and the runtime.",
        "04aeb50eed2527d537cc9cbfa70168681d57c6875ab18ab1fabe421488b61d09",
        Automated(("isolation.containers-open-only-their-own-accelerators",)),
    ),
    Row(
        "workload_sandboxing",
        "security",
        "----S",
        "Untrusted workloads can run in a sandbox that keeps them apart from the node's kernel and from their neighbours.",
        "16407da8a579db0b85b8d41d1183ecbd397fbc1efd6df6a01ada8c2da7e06551",
        Automated(("sandbox.kernel-is-not-shared",), any_of=True),
    ),
    Row(
        "robust_controller",
        "operator",
        "MMMMM",
        "At least one demanding AI operator installs and works: its pods run, its webhooks decide, its resources reconcile.",
        "36fded3f8c762ecc8ced404c6b5f59c2544e241940a5a6850ba39a2e8127ea0b",
        Automated(("operator.reconciles-good-and-refuses-wrong",), any_of=True),
    ),
)

REWORDED = {("accelerator_metrics", "1.37"): "40ad7f8c44cf96c24c1eecbbae307cb68c2ac00c102a3652f0b289ce34e5d60e"}


def _standard(version: str) -> Standard:
    column = VERSIONS.index(version)
    return Standard(
        id="cncf-ai",
        version=version,
        title=f"CNCF Kubernetes AI Conformance {version}",
        stated=dt.date(2026, 11, 21),
        source=f"https://github.com/cncf/k8s-ai-conformance/blob/main/docs/AIConformance-{version}.yaml",
        requirements=tuple(
            Requirement(
                id=row.id,
                category=row.category,
                level=LEVELS[row.levels[column]],
                gist=row.gist,
                digest=REWORDED.get((row.id, version), row.digest),
                coverage=row.coverage,
            )
            for row in ROWS
            if row.levels[column] in LEVELS
        ),
    )


V1_33, V1_34, V1_35, V1_36, V1_37 = map(_standard, VERSIONS)
