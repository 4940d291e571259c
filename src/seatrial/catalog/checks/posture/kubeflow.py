"""Kubeflow: objects of a kind that its projects have left behind work as long as the old controller does, and get no repairs: low."""

from __future__ import annotations

from seatrial.catalog.systems.kubeflow import ScheduledWorkflow
from seatrial.catalog.views.kubeflow_objects import KubeflowObject
from seatrial.model.check import check
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown


@check("kubeflow.objects-are-of-todays-kinds", severity=Severity.LOW)
def objects_are_of_todays_kinds(one: KubeflowObject) -> Verdict:
    """What serves and what trains is of a kind that its project still makes.

    Why: KFServing became KServe, and the training operator's jobs became TrainJob. The old controllers are not repaired any more, and
    know neither claims nor the scheduler's own gangs.
    Fix: write it anew as the kind that took its place; KServe has a script that moves services, Trainer a guide.
    """
    return failed(f"its place was taken by {one.after}") if one.after else passed("nothing took its place")


@check("kubeflow.runs-do-not-pile-up", severity=Severity.LOW)
def runs_do_not_pile_up(workflow: ScheduledWorkflow) -> Verdict:
    """A run that comes again waits for the last one, and does not catch up on what it missed.

    Why: after an outage, a workflow without `noCatchup` starts every run that it missed, as many at a time as `maxConcurrency` allows, and
    they take accelerators from everybody.
    Fix: set `noCatchup: true` and `maxConcurrency: 1` (in the interface: catchup off, one concurrent run).
    """
    if not workflow.spec.enabled:
        return not_applicable("it is turned off")
    many = str(workflow.spec.max_concurrency or 1)
    if not many.isdecimal():
        return unknown("its maxConcurrency is no number")
    if int(many) > 1 and not workflow.spec.no_catchup:
        return failed(f"it catches up on what it missed, {many} runs at a time")
    return passed("one at a time" if int(many) < 2 else "it does not catch up")
