"""Quotas: how much of the accelerators one namespace may take.

Accelerators are few and everybody's, and one mistake in a replica count takes all of them: where nothing bounds a namespace
that uses them, it is high. What bounds less than it seems to is medium. A quota with scopes bounds only the pods in its scopes,
so it is not counted here. Queues that admit work by quotas of their own, such as Kueue's, do not bound pods that pass them by.
"""

from __future__ import annotations

from collections.abc import Iterable

from seatrial.catalog.checks.posture.naming import some
from seatrial.catalog.systems.kubernetes.dra import DeviceClass
from seatrial.catalog.systems.kubernetes.governance import LimitRange, ResourceQuota
from seatrial.catalog.views.claimed_classes import ClaimedClasses, classes_in
from seatrial.catalog.views.tenants import AcceleratorNamespace
from seatrial.model.check import check
from seatrial.model.fact import All
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed

_OF_CLASS = ".deviceclass.resource.k8s.io/devices"
_CLAIMS = "count/resourceclaims.resource.k8s.io"
_COUNTED = ("requests.", "count/")  # how names begin that something counts
_COUNTED_ENDS = (_OF_CLASS, ".storageclass.storage.k8s.io/")


@check("quotas.extended-resources-are-bounded", severity=Severity.HIGH)
def extended_resources_are_bounded(namespace: AcceleratorNamespace, quotas: All[ResourceQuota]) -> Verdict:
    """A namespace that uses accelerators has a quota for each of them.

    Why: without one, a single tenant may take every device of the cluster, and the others wait without an event that says why.
    Fix: set `requests.<resource>`, such as `requests.nvidia.com/gpu: "16"`, in `spec.hard` of a ResourceQuota. For devices of
    a DeviceClass that pods ask for as an extended resource it is `requests.deviceclass.resource.kubernetes.io/<class>`.
    """
    if not namespace.resources:
        return not_applicable("it uses accelerators by claims alone")
    bounded = _bounded(namespace, quotas)
    missing = [name for name in namespace.resources if f"requests.{name}" not in bounded]
    if missing:
        return failed(f"no quota bounds {some(missing)}", resources=missing)
    return passed(f"bounded: {some(namespace.resources)}")


@check("quotas.device-classes-are-bounded", severity=Severity.HIGH)
def device_classes_are_bounded(
    namespace: AcceleratorNamespace, quotas: All[ResourceQuota], claimed: All[ClaimedClasses]
) -> Verdict:
    """A namespace that claims accelerators has a quota for each DeviceClass.

    Why: `requests.nvidia.com/gpu` does not count what comes by ResourceClaims, so moving from device plugin to DRA takes the
    bound away, and nothing says so.
    Fix: set `<class>.deviceclass.resource.k8s.io/devices` in `spec.hard` of a ResourceQuota.
    """
    classes = classes_in(namespace.name, claimed)
    if not classes:
        return not_applicable("it claims no devices of a DeviceClass")
    bounded = _bounded(namespace, quotas)
    missing = [name for name in classes if f"{name}{_OF_CLASS}" not in bounded]
    if missing:
        return failed(f"no quota bounds devices of {some(missing)}", classes=missing)
    return passed(f"bounded: {some(classes)}")


@check("quotas.claims-are-counted", severity=Severity.MEDIUM)
def claims_are_counted(
    namespace: AcceleratorNamespace, quotas: All[ResourceQuota], claimed: All[ClaimedClasses]
) -> Verdict:
    """A namespace that claims accelerators may have only so many ResourceClaims.

    Why: claims outlive pods, hold devices while nobody uses them, and each is work for the scheduler.
    Fix: set `count/resourceclaims.resource.k8s.io` in `spec.hard` of a ResourceQuota.
    """
    if not classes_in(namespace.name, claimed):
        return not_applicable("it claims no devices of a DeviceClass")
    if _CLAIMS in _bounded(namespace, quotas):
        return passed("they are counted")
    return failed(f"no quota has {_CLAIMS}")


@check("quotas.names-are-counted", severity=Severity.MEDIUM)
def names_are_counted(quota: ResourceQuota) -> Verdict:
    """Whatever a quota names is something that Kubernetes counts.

    Why: the API server takes any name with a slash. `nvidia.com/gpu` and `limits.nvidia.com/gpu` look like a bound on
    accelerators, and nothing is ever counted against them.
    Fix: write `requests.nvidia.com/gpu`, or `<class>.deviceclass.resource.k8s.io/devices` for claims.
    """
    bad = [name for name in quota.spec.hard if "/" in name and not _is_counted(name)]
    return failed(f"nothing counts {some(bad)}", names=sorted(bad)) if bad else passed("each of its names is counted")


@check("quotas.device-classes-exist", severity=Severity.MEDIUM)
def device_classes_exist(quota: ResourceQuota, classes: All[DeviceClass]) -> Verdict:
    """A quota for devices of a DeviceClass names one that exists.

    Why: a name that is misspelt, or that a new version of the driver has given up, bounds nothing.
    Fix: write the name of the DeviceClass before `.deviceclass.resource.k8s.io/devices`.
    """
    named = [name.removesuffix(_OF_CLASS) for name in quota.spec.hard if name.endswith(_OF_CLASS)]
    if not named:
        return not_applicable("it is not about devices of a DeviceClass")
    bad = set(named) - {one.name for one in classes}
    return (
        failed(f"there is no DeviceClass {some(bad)}", classes=sorted(bad))
        if bad
        else passed(f"they exist: {some(named)}")
    )


@check("quotas.containers-have-defaults", severity=Severity.LOW)
def containers_have_defaults(namespace: AcceleratorNamespace, limits: All[LimitRange]) -> Verdict:
    """A namespace that uses accelerators has a LimitRange that gives containers processor and memory requests.

    Why: a container without requests is the first to be evicted, and with it goes a job of a hundred accelerators.
    Fix: create a LimitRange with `type: Container` and `defaultRequest` for cpu and memory.
    """
    given = {
        name
        for one in limits
        if one.metadata.namespace == namespace.name
        for limit in one.spec.limits
        if limit.type == "Container"
        for name in (*limit.default_request, *limit.default)
    }
    missing = [name for name in ("cpu", "memory") if name not in given]
    return (
        failed(f"no default for {some(missing)}") if missing else passed("containers get both where they say nothing")
    )


def _bounded(namespace: AcceleratorNamespace, quotas: Iterable[ResourceQuota]) -> set[str]:
    """What is bounded for every pod there."""
    mine = (one for one in quotas if one.metadata.namespace == namespace.name)
    return {name for one in mine if not one.spec.scopes and not one.spec.scope_selector for name in one.spec.hard}


def _is_counted(name: str) -> bool:
    return name.startswith(_COUNTED) or any(end in name for end in _COUNTED_ENDS)
