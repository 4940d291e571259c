"""Ray on Kubernetes by KubeRay: whether a cluster gives its devices back, follows its bounds, and outlives its head.

Severities: devices that nobody uses any more are held until somebody looks: high. A service that ends with its head, and bounds that
nothing follows, are medium. A head that has devices of its own is low.
"""

from __future__ import annotations

import re

from seatrial.catalog.checks.posture.naming import some
from seatrial.catalog.systems.kubernetes.requests import accelerators
from seatrial.catalog.systems.ray_objects import RayCluster, RayClusterSpec, RayJob, RayService
from seatrial.model.check import check
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown

_TOLERANT = "ray.io/ft-enabled"
_DEVICES = "num-gpus"  # how many a group tells Ray that it has
_VERSION = re.compile(r"(?:^|[^0-9.])(\d{1,3}\.\d{1,3}\.\d{1,3})(?![0-9.])")
_NONE = "it has no accelerators"


@check("ray.jobs-give-their-devices-back", severity=Severity.HIGH)
def jobs_give_their_devices_back(job: RayJob) -> Verdict:
    """A RayJob with accelerators takes its cluster down when it is done.

    Why: `shutdownAfterJobFinishes` is false unless it is set. The cluster stays with all of its devices after the job has ended.
    Fix: set `shutdownAfterJobFinishes: true`, and `ttlSecondsAfterFinished` for the time in which its logs are read.
    """
    cluster = job.spec.ray_cluster_spec
    if job.spec.cluster_selector or cluster is None:
        return not_applicable("it runs in a cluster of somebody else's")
    if not _has_devices(cluster):
        return not_applicable(_NONE)
    if job.spec.shutdown_after_job_finishes:
        return passed(f"{job.spec.ttl_seconds_after_finished} s after its end")
    return failed("its cluster stays when it is done")


@check("ray.bounds-are-followed", severity=Severity.MEDIUM)
def bounds_are_followed(cluster: RayCluster) -> Verdict:
    """Groups of workers that may grow or shrink belong to a cluster that does so.

    Why: `minReplicas` and `maxReplicas` are for Ray's autoscaler, which is off unless it is turned on. Without it a group has its
    `replicas`, whatever waits.
    Fix: set `enableInTreeAutoscaling: true`, or the three numbers to the same.
    """
    apart = [
        one.group_name
        for one in cluster.spec.worker_group_specs
        if one.max_replicas is not None and (one.min_replicas or 0) < one.max_replicas < 1 << 30
    ]
    if not apart:
        return not_applicable("none of its groups is to grow or shrink")
    on = bool(cluster.spec.enable_in_tree_autoscaling)
    return passed(f"Ray scales {some(apart)}") if on else failed(f"nothing scales {some(apart)}")


@check("ray.heads-keep-no-devices", severity=Severity.LOW)
def heads_keep_no_devices(cluster: RayCluster) -> Verdict:
    """Where a Ray cluster has workers, its head keeps no accelerators for itself.

    Why: the head runs what keeps the cluster together, and should run no tasks. Devices on it are idle, or their task takes the head down
    with it.
    Fix: remove the accelerator from `headGroupSpec.template`, and set `rayStartParams: {num-cpus: "0"}`.
    """
    if not cluster.spec.worker_group_specs:
        return not_applicable("it has no workers, so that its head has to work")
    held = accelerators(cluster.spec.head_group_spec.template.spec)
    if not held:
        return passed("its head has no accelerators")
    told = some(f"{count} × {name}" for name, count in held.items())
    idle = cluster.spec.head_group_spec.ray_start_params.get(_DEVICES) == "0"
    return failed(f"its head has {told}{', and tells Ray that it has none' if idle else ''}")


@check("ray.services-outlive-their-head", severity=Severity.MEDIUM)
def services_outlive_their_head(service: RayService) -> Verdict:
    """A RayService keeps what its head knows where a new head finds it.

    Why: when the head goes, its workers are ended with it, and all models are loaded anew. Ray's documentation recommends fault
    tolerance for Ray Serve.
    Fix: set `rayClusterConfig.gcsFaultToleranceOptions` with the address of a Redis that is highly available (before KubeRay 1.3 the
    annotation `ray.io/ft-enabled: "true"`).
    """
    options = service.spec.ray_cluster_config.gcs_fault_tolerance_options
    if options or service.metadata.annotations.get(_TOLERANT) == "true":
        return passed("fault tolerance is on")
    return failed("it is lost together with its head: fault tolerance is off")


@check("ray.versions-agree", severity=Severity.MEDIUM)
def versions_agree(cluster: RayCluster) -> Verdict:
    """All images of a Ray cluster are of the version that it names.

    Why: head and workers of different versions refuse each other, and KubeRay chooses how it starts them, and their autoscaler, by
    `rayVersion`.
    Fix: set `rayVersion` and every image to the same version.
    """
    named = cluster.spec.ray_version
    templates = [cluster.spec.head_group_spec.template, *(one.template for one in cluster.spec.worker_group_specs)]
    images = [
        template.spec.containers[0].image.rpartition("/")[2] for template in templates if template.spec.containers
    ]
    found = {match[1] for image in images if image.startswith("ray") and (match := _VERSION.search(image))}
    told = found | ({named} if named else set())
    if len(told) > 1:
        return failed(f"it names {named or 'no version'}, and its images are of {some(found)}")
    if not found:
        return unknown("its images do not say of which version they are")
    return passed(f"all are of {some(told)}")


def _has_devices(spec: RayClusterSpec) -> bool:
    templates = (spec.head_group_spec.template, *(one.template for one in spec.worker_group_specs))
    return any(accelerators(one.spec) or one.spec.resource_claims for one in templates)
