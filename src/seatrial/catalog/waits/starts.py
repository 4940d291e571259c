"""Parts that start one after the other: those of a JobSet, workers behind their leader, replicas behind a trigger."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from seatrial.catalog.systems.jobset import JobSet, ReplicatedJob, ReplicatedJobStatus
from seatrial.catalog.systems.keda import ScaledObject
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.systems.lws import LeaderWorkerSet
from seatrial.catalog.waits.amounts import many
from seatrial.catalog.waits.groups import OWNERS, Group
from seatrial.model.fact import All
from seatrial.model.wait import Action, Certainty, Found, Wait, source

_LEADER_READY = "LeaderReady"
_INDEX = "leaderworkerset.sigs.k8s.io/worker-index"
_COMPLETE = "Complete"


@source("starts.earlier-part-is-not-ready")
def earlier_part_is_not_ready(sets: All[JobSet]) -> Iterator[Found]:
    """Jobs of a JobSet are not made, since those before them are not ready.

    Why: `startupPolicy: InOrder` and `dependsOn` make one part wait for another; while that one does not start, nobody makes the rest.
    Prevent: let only what must be there first come first, and watch `status.replicatedJobsStatus`.
    """
    for one in sets:
        if one.spec.suspend or one.status.terminal_state or one.metadata.deletion_timestamp is not None:
            continue
        said = {part.name: part for part in one.status.replicated_jobs_status}
        for part, before, wanted in _orders(one):
            there = said.get(before.name, ReplicatedJobStatus())
            done = there.succeeded if wanted == _COMPLETE else there.ready + there.succeeded
            if done < before.replicas:
                yield _behind(one, part, before, wanted, done)
                break


def _orders(one: JobSet) -> Iterator[tuple[ReplicatedJob, ReplicatedJob, str]]:
    """Each part, what has to be before it, and how far that has to be."""
    parts = one.spec.replicated_jobs
    if one.spec.is_in_order:
        yield from ((part, before, "Ready") for before, part in pairwise(parts))
        return
    named = {part.name: part for part in parts}
    for part in parts:
        for on in part.depends_on:
            if on.name in named:
                yield part, named[on.name], on.status


def _behind(one: JobSet, part: ReplicatedJob, before: ReplicatedJob, wanted: str, done: int) -> Wait:
    return Wait(
        waiter=one.subject,
        holder=f"replicated job {before.name} of {one.subject}",
        what=f"an earlier part that is {wanted}",
        because=f"the jobs of {part.name} wait until {before.name} is {wanted}: {done} of {many(before.replicas, 'job')} are",
        missing=before.replicas - done,
        certainty=Certainty.LIKELY,  # what that one itself waits for is told before it
        actions=(Action(f"see what the pods of {before.name} wait for, and the log of those that run"),),
    )


@source("starts.leader-is-not-ready")
def leader_is_not_ready(sets: All[LeaderWorkerSet], groups: All[Group]) -> Iterator[Found]:
    """Workers of a LeaderWorkerSet are not made, since their leader is not ready.

    Why: with `startupPolicy: LeaderReady` workers come after it; a leader that waits for its workers before it says that it is ready waits for ever.
    Prevent: use `LeaderCreated` where the leader needs its workers to become ready, as most model servers do.
    """
    by_subject = {group.subject: group for group in groups} if sets else {}
    for one in sets:
        group, size = by_subject.get(one.subject), one.spec.leader_worker_template.size
        if one.spec.startup_policy != _LEADER_READY or group is None or size < 2:
            continue
        late = [pod for pod in group.placed if pod.metadata.labels.get(_INDEX) == "0" and not _is_ready(pod)]
        if late:
            yield Wait(
                waiter=one.subject,
                holder=f"leader of {one.subject}",
                what="a leader that is ready",
                because=f"{late[0].subject} runs and is not ready, and its {many(size - 1, 'worker')} are made when it is",
                missing=(size - 1) * len(late),
                certainty=Certainty.LIKELY,
                actions=(
                    Action(
                        f"read its log; if it waits for its workers, set startupPolicy of {one.subject} to LeaderCreated"
                    ),
                ),
            )


def _is_ready(pod: Pod) -> bool:
    ready = pod.status.condition("Ready")
    return ready is not None and ready.status == "True"


@source("starts.trigger-does-not-work")
def trigger_does_not_work(scaled: All[ScaledObject]) -> Iterator[Found]:
    """KEDA keeps replicas as they are, and at zero where there are none: its trigger does not work, or it is paused.

    Why: a trigger that cannot be asked never says that there is work; `Ready` is False then. A paused one is not asked at all.
    Prevent: a `fallback` on each ScaledObject, an alert on `keda_scaler_errors`, and no pause without an end.
    """
    for one in scaled:
        paused, ready = one.status.condition("Paused"), one.status.condition("Ready")
        stopped = paused is not None and paused.status == "True"
        told = paused if stopped else ready
        if told is None or (not stopped and told.status != "False"):
            continue
        action = (
            f"take the annotations autoscaling.keda.sh/paused* off {one.subject}"
            if stopped
            else f"see what the operator of KEDA says of {', '.join(sorted({each.type for each in one.spec.triggers})) or 'its triggers'}"
        )
        target = (
            f"{_resource(one.spec.scale_target_ref.kind)}/{one.metadata.namespace}/{one.spec.scale_target_ref.name}"
        )
        yield Wait(
            waiter=target,
            holder=one.subject,
            what="an answer of its trigger",
            because=f"{one.subject} does not scale {target}: {told.reason}: {told.message}",
            certainty=Certainty.CERTAIN,
            stops=False,
            actions=(Action(action),),
        )


def _resource(kind: str) -> str:
    return OWNERS.get(kind or "Deployment", f"{kind.lower()}s")
