"""Claims that are to be made from templates, and that the API server refuses. Only an event on the pod tells of that."""

from __future__ import annotations

from collections.abc import Iterator

from seatrial.catalog.systems.kubernetes.events import Event
from seatrial.catalog.systems.kubernetes.governance import ResourceQuota
from seatrial.catalog.waits.groups import Group
from seatrial.catalog.waits.refusals import refuser
from seatrial.catalog.waits.said import last_said
from seatrial.catalog.waits.wishes import claims_of
from seatrial.model.fact import All
from seatrial.model.wait import Action, Certainty, Found, Wait, source

_FAILED = "FailedResourceClaimCreation"


@source("claim-making.is-refused")
def is_refused(groups: All[Group], events: All[Event], quotas: All[ResourceQuota]) -> Iterator[Found]:
    """A pod needs a ResourceClaim from a template, and none can be made.

    Why: the template does not exist, a quota is used up, a policy refuses it, or it asks for administrative access in a namespace that has no leave for that.
    Prevent: deploy templates before pods, and try the claim by itself first: `kubectl create --dry-run=server`.
    """
    said = last_said(events, _FAILED)
    known = {one.subject for one in quotas}
    for group in groups if said else ():
        for pod in group.unplaced:
            told = said.get((pod.metadata.namespace, pod.name))
            if told is not None and any(not name for name, _ in claims_of(pod)):
                wait = _wait(group, pod.subject, told)
                if wait.holder not in known:  # of those ``claims`` tells how much is lacking
                    yield wait
                break


def _wait(group: Group, subject: str, event: Event) -> Wait:
    namespace = event.involved_object.namespace
    holder, what, action = refuser(event.message, namespace) or (
        f"a claim for {group.subject}",
        "a claim",
        "see what the event says, and mend the template",
    )
    return Wait(
        waiter=group.subject,
        holder=holder,
        what=what,
        because=f"{subject}: {event.message}",
        certainty=Certainty.CERTAIN,
        actions=(Action(action),),
    )
