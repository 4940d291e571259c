"""Fluid: data sets that are where the accelerators are, before these wait for them.

Severities: a data set that is not bound keeps every pod that mounts it from starting: high. A cache that is cold, or too small for what
it caches, makes accelerators wait for the store: medium. What is believed to do something and does nothing is medium or low, by what it
was to do.
"""

from __future__ import annotations

from seatrial.catalog.checks.posture.naming import some
from seatrial.catalog.systems.fluid import DataLoad, Dataset
from seatrial.catalog.views.workloads import Workload
from seatrial.kit.quantity import parse
from seatrial.model.check import check
from seatrial.model.fact import All
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown

_BOUND = "Bound"
_ANNOTATION = "fluid.io/dataset"
_IN_FILE = "it stands in a file, and is bound nowhere yet"


@check("fluid.datasets-are-bound", severity=Severity.HIGH)
def datasets_are_bound(dataset: Dataset) -> Verdict:
    """A Dataset is bound to what caches it.

    Why: until then it has no volume, and pods that mount it wait.
    Fix: create a runtime of the same name in its namespace, and look at that one's phases where there is one.
    """
    if not dataset.metadata.uid:
        return not_applicable(_IN_FILE)
    phase = dataset.status.phase
    if not phase:
        return unknown("Fluid has not said whether it is")
    return (
        passed(f"by {some(one.type for one in dataset.status.runtimes) or 'a runtime'}")
        if phase == _BOUND
        else failed(f"it is {phase}")
    )


@check("fluid.datasets-are-loaded-beforehand", severity=Severity.MEDIUM)
def datasets_are_loaded_beforehand(dataset: Dataset, loads: All[DataLoad], workloads: All[Workload]) -> Verdict:
    """What pods with accelerators read is loaded into the cache before they start.

    Why: Fluid caches what was read once. The first pods wait for the store as if there were no cache, with their accelerators held.
    Fix: create a DataLoad for it, with `policy: Cron` or `OnEvent` where the data changes.
    """
    users = [one.subject for one in workloads if one.uses_accelerators and _mounts(one, dataset)]
    if not users:
        return not_applicable("no workload with accelerators mounts it")
    home = dataset.metadata.namespace
    mine = [
        one
        for one in loads
        if (one.spec.dataset.namespace or one.metadata.namespace, one.spec.dataset.name) == (home, dataset.name)
    ]
    if not mine:
        return failed(f"{some(users)} reads it, and no DataLoad is about it")
    return passed(f"by {some(one.name for one in mine)}")


@check("fluid.loads-come-to-an-end", severity=Severity.MEDIUM)
def loads_come_to_an_end(load: DataLoad) -> Verdict:
    """A DataLoad does not fail.

    Why: pods that were to find a warm cache find a cold one, or half of it.
    Fix: its condition tells the reason; usual ones are a cache that is too small, and a path that is not in the data set.
    """
    if not load.metadata.uid:
        return not_applicable("it stands in a file")
    phase = load.status.phase
    if not phase:
        return unknown("Fluid has not said how it goes")
    told = next((one.message for one in load.status.conditions if one.type == "Failed"), "")
    return failed(f"it failed: {told[:300]}") if phase == "Failed" else passed(f"it is {phase}")


@check("fluid.read-only-is-said-where-it-counts", severity=Severity.MEDIUM)
def read_only_is_said_where_it_counts(dataset: Dataset) -> Verdict:
    """A Dataset that is meant to be read alone says so in a field that is obeyed.

    Why: `mounts[].options` go to the cache engine, which does not know `readOnly` there. A job can then write over the data of all others.
    Fix: set `spec.mounts[].readOnly: true`, and leave `accessModes` at ReadOnlyMany.
    """
    meant = [one for one in dataset.spec.mounts if any(name.lower() == "readonly" for name in one.options)]
    if not meant:
        return not_applicable("none of its options is about that")
    if any(not one.read_only for one in meant) and any("Write" in mode for mode in dataset.spec.access_modes):
        return failed("readOnly stands in the options of a mount, where nothing obeys it, and pods may write")
    if any(not one.read_only for one in meant):
        return failed("readOnly stands in the options of a mount, where nothing obeys it")
    return passed("its mounts say so in their own field, too")


@check("fluid.annotations-are-not-taken-for-loading", severity=Severity.LOW)
def annotations_are_not_taken_for_loading(workload: Workload) -> Verdict:
    """Nobody relies on the annotation `fluid.io/dataset` to warm a cache.

    Why: it is a name that Fluid uses for labels of its own, and warms nothing.
    Fix: create a DataLoad. To run only where the data is, label the pods `fluid.io/dataset.<name>.sched: required`.
    """
    annotations = {**workload.metadata.annotations, **workload.template.metadata.annotations}
    if not any(volume.persistent_volume_claim for volume in workload.spec.volumes) and _ANNOTATION not in annotations:
        return not_applicable("it mounts no claimed volume")
    return failed(f"it carries {_ANNOTATION}") if _ANNOTATION in annotations else passed("it does not carry it")


@check("fluid.caches-are-large-enough", severity=Severity.MEDIUM)
def caches_are_large_enough(dataset: Dataset) -> Verdict:
    """The cache of a Dataset has room for all of it.

    Why: a training job reads everything in turn. In a cache that is too small each part is thrown out before it is read again.
    Fix: raise `replicas` or `tieredstore.levels[].quota` of its runtime, or leave out by `mounts[].path` what is not read.
    """
    if dataset.status.phase != _BOUND:
        return not_applicable("it is not bound")
    capacity, total = dataset.status.cache_states.get("cacheCapacity", ""), dataset.status.ufs_total
    try:
        room, needed = (parse(text.removesuffix("B")) for text in (capacity, total))
    except ValueError:
        return unknown(f"its size is {total[:40] or 'not told'}, and that of its cache {capacity[:40] or 'not told'}")
    told = f"it has {total}, and its cache room for {capacity}"
    return passed(told) if room >= needed else failed(told)


def _mounts(workload: Workload, dataset: Dataset) -> bool:
    """Fluid makes a claim with the name of the data set."""
    claims = (one.persistent_volume_claim for one in workload.spec.volumes)
    named = any(one is not None and one.claim_name == dataset.name for one in claims)
    return named and workload.namespace == dataset.metadata.namespace
