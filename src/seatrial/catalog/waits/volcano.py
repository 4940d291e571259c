"""Volcano: groups of pods whose queue takes none, or that are not let in since the queue has no room for all of them."""

from __future__ import annotations

from collections.abc import Iterator

from seatrial.catalog.systems.kubernetes.core import is_accelerator
from seatrial.catalog.systems.kubernetes.requests import UNIT, thousandths
from seatrial.catalog.systems.volcano_objects import VolcanoPodGroup, VolcanoQueue
from seatrial.catalog.waits.amounts import told
from seatrial.catalog.waits.groups import Group
from seatrial.model.fact import All
from seatrial.model.wait import Action, Certainty, Found, Party, Wait, source

_DEFAULT = "default"  # the queue of those that name none
_WAITING = ("", "Pending", "Inqueue")
_SHUT = ("Closed", "Closing")


def _pending(pod_groups: All[VolcanoPodGroup], groups: All[Group]) -> Iterator[tuple[VolcanoPodGroup, Party | None]]:
    """Those that have not started; with their pods where nobody has made these yet."""
    known = {group.subject for group in groups} if pod_groups else set()
    for one in pod_groups:
        if one.status.phase in _WAITING:
            wants = one.spec.min_resources or {}
            devices = sum(thousandths(much) for name, much in wants.items() if is_accelerator(name)) // UNIT
            made = one.subject in known
            yield one, None if made else Party(subject=one.subject, waiting=one.spec.min_member, accelerators=devices)


@source("volcano.queue-takes-nothing")
def queue_takes_nothing(
    pod_groups: All[VolcanoPodGroup], queues: All[VolcanoQueue], groups: All[Group]
) -> Iterator[Found]:
    """The queue of a PodGroup does not exist, or is closed.

    Why: Volcano looks only at groups whose queue is open. It makes no pods of its own jobs before that.
    Prevent: open queues again after maintenance, and check names of queues when jobs are submitted.
    """
    for one, party in _pending(pod_groups, groups):
        name = one.spec.queue or _DEFAULT
        queue, subject = queues.by_name.get(name), f"{VolcanoQueue.of}/{name}"
        shut = queue is not None and queue.status.state in _SHUT
        if queue is None or shut:
            why = f"is {queue.status.state}" if queue is not None else "does not exist"
            action = f"open {subject}: vcctl queue operate -a open -n {name}" if shut else f"create {subject}"
            if party is not None:
                yield party
            yield Wait(
                waiter=one.subject,
                holder=subject,
                what="a queue that is open",
                because=f"{one.subject} is in {subject}, which {why}",
                certainty=Certainty.CERTAIN,
                actions=(Action(action),),
            )


@source("volcano.queue-has-no-room")
def queue_has_no_room(
    pod_groups: All[VolcanoPodGroup], queues: All[VolcanoQueue], groups: All[Group]
) -> Iterator[Found]:
    """A PodGroup wants more than what its queue may still have.

    Why: `capability` of a queue is the most that its groups have together; one that would go over it stays `Pending`, and has no pods.
    Prevent: let `capability` be what the nodes of a team have, and alert on groups that are `Pending` for long.
    """
    for one, party in _pending(pod_groups, groups):
        queue = queues.by_name.get(one.spec.queue or _DEFAULT)
        if queue is None or queue.status.state in _SHUT or one.status.phase == "Inqueue":
            continue
        for name, text in sorted((one.spec.min_resources or {}).items()):
            if name not in queue.spec.capability:
                continue
            want, most = thousandths(text), thousandths(queue.spec.capability[name])
            used = thousandths(queue.status.allocated.get(name, 0))
            if used + want > most:
                never = "; so much it never gets" if want > most else ""
                if party is not None:
                    yield party
                yield Wait(
                    waiter=one.subject,
                    holder=f"capability of {queue.subject}",
                    what=f"{name} of its queue",
                    because=f"{one.subject} wants {told(name, want)} {name}; {queue.subject} may have {told(name, most)} and has {told(name, used)}{never}",
                    actions=(Action(f"wait for others in {queue.subject}, or raise its capability"),),
                )
                break
