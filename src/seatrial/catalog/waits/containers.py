"""Containers that cannot be made or do not stay, and devices under them that are not well."""

from __future__ import annotations

import re
from collections.abc import Iterator

from seatrial.catalog.systems.kubernetes.pods import ContainerStatus, Pod
from seatrial.catalog.waits.groups import Group, trouble
from seatrial.model.fact import All
from seatrial.model.wait import Action, Certainty, Found, Wait, source

_CONFIG = ("CreateContainerConfigError", "CreateContainerError")
_MISSING = re.compile(r'(?P<kind>secret|configmap) "(?P<name>[^"]{1,253})" not found')
_CRASHES = ("CrashLoopBackOff", "RunContainerError", "StartError", "PostStartHookError")
_UNWELL = ("Unhealthy", "Unknown")
_OFTEN, _LATELY = 3, 3600  # restarts, and seconds since the last one (proposal)


@source("containers.setting-is-missing")
def setting_is_missing(groups: All[Group]) -> Iterator[Found]:
    """A Secret or a ConfigMap that a container names is not there.

    Why: the kubelet does not make the container before it is.
    Prevent: deploy settings with or before the workload, or mark them optional.
    """
    for group in groups:
        for pod in group.waiting:
            for container, reason, message in trouble(pod):
                found = _MISSING.search(message) if reason in _CONFIG else None
                if found is None:
                    continue
                subject = f"{found['kind']}s/{pod.metadata.namespace}/{found['name'].rpartition('/')[2]}"
                yield Wait(
                    waiter=group.subject,
                    holder=subject,
                    what=f"a {found['kind']}",
                    because=f"container {container} of {pod.subject} names {subject}, which does not exist",
                    certainty=Certainty.CERTAIN,
                    actions=(Action(f"create {subject}, or correct its name"),),
                )


@source("containers.do-not-stay")
def do_not_stay(groups: All[Group]) -> Iterator[Found]:
    """A container ends again and again, or cannot be started.

    Why: what it runs fails; the kubelet waits longer before each new try.
    Prevent: try the image with the same settings on one pod before a rollout.
    """
    for group in groups:
        for pod in group.waiting:
            for container, reason, message in trouble(pod):
                if reason in _CRASHES or (reason in _CONFIG and not _MISSING.search(message)):
                    yield Wait(
                        waiter=group.subject,
                        holder=f"container {container} of {group.subject}",
                        what="a container that stays",
                        because=f"{pod.subject}: {reason}{_ended(pod, container)}: {message}",
                        certainty=Certainty.CERTAIN,
                        actions=(
                            Action(f"read the log of its last run: kubectl logs --previous, container {container}"),
                        ),
                    )
                    break


@source("containers.restart-often")
def restart_often(groups: All[Group]) -> Iterator[Found]:
    """A container runs, and was started again several times in the last hour.

    Why: it ends with an error or is killed for its memory now and then; each time its work since the last checkpoint is lost.
    Prevent: alert on restarts, leave room between what it uses and its memory limit, and write checkpoints.
    """
    for group in groups:
        for pod in group.placed:
            for one in _statuses(pod):
                last = one.last_state.terminated
                if one.restart_count < _OFTEN or last is None or last.finished_at is None or one.state.running is None:
                    continue
                if (group.seen_at - last.finished_at).total_seconds() < _LATELY:
                    why = f"{last.reason}, exit code {last.exit_code}" if last.reason else f"exit code {last.exit_code}"
                    yield Wait(
                        waiter=group.subject,
                        holder=f"container {one.name} of {group.subject}",
                        what="a container that stays",
                        because=f"container {one.name} of {pod.subject} was started {one.restart_count} times again, the last time after {why}",
                        missing=one.restart_count,
                        certainty=Certainty.CERTAIN,
                        stops=False,
                        actions=(_log(one.name, last.reason),),
                    )


def _log(container: str, reason: str) -> Action:
    if reason == "OOMKilled":
        return Action(f"raise the memory limit of container {container}, or let it use less")
    return Action(f"read the log of its last run: kubectl logs --previous, container {container}")


def _statuses(pod: Pod) -> tuple[ContainerStatus, ...]:
    return (*pod.status.init_container_statuses, *pod.status.container_statuses)


def _ended(pod: Pod, container: str) -> str:
    for one in _statuses(pod):
        if one.name == container and one.last_state.terminated is not None:
            return f" after exit code {one.last_state.terminated.exit_code} ({one.restart_count} restarts)"
    return ""


@source("containers.device-is-not-well")
def device_is_not_well(groups: All[Group]) -> Iterator[Found]:
    """A device that a container was given is not healthy.

    Why: its driver says so; what runs on it may be wrong, slow or hang.
    Prevent: drain nodes whose devices fail, and let device taints keep new pods away.
    """
    for group in groups:
        for pod in group.pods:
            for status in _statuses(pod):
                for allocated in status.allocated_resources_status:
                    for device in allocated.resources:
                        if device.health in _UNWELL:
                            yield Wait(
                                waiter=group.subject,
                                holder=f"device {device.resource_id} on nodes/{pod.spec.node_name}",
                                what=allocated.name,
                                because=f"{pod.subject}: {allocated.name} {device.resource_id} is {device.health}",
                                certainty=Certainty.CERTAIN,
                                stops=False,
                                actions=(Action(f"drain nodes/{pod.spec.node_name}, and reset or replace the device"),),
                            )


@source("containers.init-does-not-end")
def init_does_not_end(groups: All[Group]) -> Iterator[Found]:
    """An init container runs, and the pod waits for its end.

    Why: containers start when all init containers have ended.
    Prevent: give what init containers wait for a limit of time, and say in their log what it is.
    """
    for group in groups:
        for pod in group.waiting:
            if not pod.spec.node_name:
                continue
            sidecars = {one.name for one in pod.spec.init_containers if one.restart_policy == "Always"}
            for one in pod.status.init_container_statuses:
                if one.name not in sidecars and one.state.running is not None:
                    yield Wait(
                        waiter=group.subject,
                        holder=f"init container {one.name} of {group.subject}",
                        what="the end of an init container",
                        because=f"init container {one.name} of {pod.subject} has not ended",
                        certainty=Certainty.CERTAIN,
                        actions=(Action(f"read its log: kubectl logs -c {one.name}"),),
                    )
