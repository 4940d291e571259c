"""Volcano: whether its scheduler is asked, knows gangs, and shares fairly. How many pods a group counts stands under `deadlocks`.

Severities: a pod that goes past Volcano, a queue that takes nothing and a scheduler that knows no gangs each undo what it is there for:
high. Shares without a limit, and gangs that nobody mends, are medium.
"""

from __future__ import annotations

from typing import Any

from seatrial.catalog.checks.posture.naming import some
from seatrial.catalog.systems.kubernetes.configmaps import BadSettings, ConfigMap, settings
from seatrial.catalog.systems.kubernetes.core import is_accelerator
from seatrial.catalog.systems.kubernetes.requests import accelerators
from seatrial.catalog.systems.volcano_objects import CONFIG_KEY, VolcanoJob, VolcanoQueue
from seatrial.catalog.views.workloads import Workload
from seatrial.model.check import check
from seatrial.model.fact import All
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown

_GROUP = ("scheduling.k8s.io/group-name", "scheduling.volcano.sh/group-name")
_ROOT = "root"  # above all others; Volcano makes it
_USUAL = ("", "default-scheduler")
_LOST = ("PodFailed", "PodEvicted", "*")


@check("volcano.grouped-pods-ask-for-its-scheduler", severity=Severity.HIGH)
def grouped_pods_ask_for_its_scheduler(workload: Workload) -> Verdict:
    """Pods that name a group of Volcano are left to Volcano's scheduler.

    Why: Volcano runs beside the usual scheduler, and does not replace it. That one does not know the annotation, and starts such pods
    one by one.
    Fix: set `schedulerName: volcano` in the pods' template.
    """
    if not any(workload.template.metadata.annotations.get(name) for name in _GROUP):
        return not_applicable("its pods name no group of Volcano")
    name = workload.spec.scheduler_name
    return failed("the usual scheduler places its pods") if name in _USUAL else passed(f"{name} places its pods")


@check("volcano.named-queues-are-open", severity=Severity.HIGH)
def named_queues_are_open(job: VolcanoJob, queues: All[VolcanoQueue]) -> Verdict:
    """The queue of a Volcano job is there and open.

    Why: its pods wait for ever otherwise; or, with the webhook in place, the job is refused only when it is submitted again.
    Fix: create the Queue, correct `spec.queue`, or open it: `vcctl queue operate --action open`.
    """
    named = job.spec.queue or "default"
    queue = queues.by_name.get(named)
    if queue is None:
        return failed(f"{named} is not there") if job.metadata.uid else unknown(f"{named} is not among these files")
    if queue.status.state in ("Closed", "Closing"):
        return failed(f"{named} is {queue.status.state.lower()}")
    return passed(f"{named} is open")


@check("volcano.queues-are-bounded", severity=Severity.MEDIUM)
def queues_are_bounded(queue: VolcanoQueue) -> Verdict:
    """A queue says how many accelerators it may use at most.

    Why: `weight` only shares what is asked for at the same time. A queue without `capability` takes every device while the others are
    quiet, and with `reclaimable: false` it keeps them.
    Fix: set `spec.capability` for each accelerator, and leave `reclaimable` true.
    """
    if queue.name == _ROOT:
        return not_applicable("it stands for the whole cluster")
    bounded = [name for name in queue.spec.capability if is_accelerator(name)]
    if bounded:
        return passed(f"at most {some(f'{queue.spec.capability[name]} × {name}' for name in bounded)}")
    if queue.spec.reclaimable is False:
        return failed("it has no limit of accelerators, and gives none back")
    return failed("it has no limit of accelerators")


@check("volcano.jobs-start-anew-when-a-pod-is-lost", severity=Severity.MEDIUM)
def jobs_start_anew_when_a_pod_is_lost(job: VolcanoJob) -> Verdict:
    """A job of several pods with accelerators says what follows when one of them is lost.

    Why: the ranks that are left wait for the one that is gone, and hold their devices until somebody looks.
    Fix: add `policies: [{event: PodEvicted, action: RestartJob}, {event: PodFailed, action: RestartJob}]`; `maxRetry` bounds it.
    """
    pods = sum(task.replicas for task in job.spec.tasks)
    if pods < 2 or not any(accelerators(task.template.spec) for task in job.spec.tasks):
        return not_applicable("it has no several pods with accelerators")
    policies = [*job.spec.policies, *(one for task in job.spec.tasks for one in task.policies)]
    told = {event: one.action for one in policies for event in (one.event, *one.events)}
    found = [f"{event}: {told[event]}" for event in _LOST if told.get(event)]
    return passed(some(found)) if found else failed(f"nothing is said for the loss of one of its {pods} pods")


@check("volcano.scheduler-knows-gangs", severity=Severity.HIGH)
def scheduler_knows_gangs(queues: All[VolcanoQueue], configs: All[ConfigMap]) -> Verdict:
    """Volcano's scheduler has its gang plugin on.

    Why: without it groups are names only; pods take places one by one, and two jobs may each hold half of what both need.
    Fix: put `- name: gang` into the first tier of `volcano-scheduler.conf`.
    """
    if not queues:
        return not_applicable("Volcano has no queue here")
    found = [one for one in configs if CONFIG_KEY in one.data]
    if not found:
        return unknown(f"no ConfigMap with {CONFIG_KEY} is here, so its plugins are not known")
    for config in found:
        try:
            plugins = _plugins(settings(config, CONFIG_KEY).get("tiers"))
        except BadSettings as error:
            return unknown(str(error))
        gang = next((one for one in plugins if one.get("name") == "gang"), None)
        if gang is None:
            return failed(f"{config.subject} turns on {some(str(one.get('name')) for one in plugins)}, and no gang")
        if gang.get("enableJobReady") is False:
            return failed(f"{config.subject} has the gang plugin with enableJobReady: false")
    return passed(f"{some(one.subject for one in found)} turns it on")


def _plugins(tiers: Any) -> list[dict[str, Any]]:
    listed = [one.get("plugins") for one in tiers if isinstance(one, dict)] if isinstance(tiers, list) else []
    return [plugin for one in listed if isinstance(one, list) for plugin in one if isinstance(plugin, dict)]
