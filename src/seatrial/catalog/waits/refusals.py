"""Pods that are not made, because the API server refuses them: quotas, webhooks, policies and missing accounts.

Nothing but the controller's events tells of that: there is no pod that could. Events are old news, so only those count whose
controller still has fewer pods than it wants.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from seatrial.catalog.systems.kubernetes.controllers import (
    DaemonSet,
    Deployment,
    Job,
    ReplicaSet,
    StatefulSet,
    Templated,
)
from seatrial.catalog.systems.kubernetes.events import Event
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.systems.kubernetes.requests import accelerators
from seatrial.model.fact import All, Fact, Snapshot, View
from seatrial.model.wait import Action, Certainty, Found, Party, Wait, source

_EVENTS = ("FailedCreate", "FailedCreatePodTemplate")
# What refused: how its message reads, how it is named here, what is wanted of it, and what one does about it.
_REFUSERS = (
    (
        re.compile(r"exceeded quota: (?P<name>[^,\s]{1,253}), requested: (?P<more>[^:]{1,300})"),
        "resourcequotas/{namespace}/{name}",
        "quota",
        "raise {holder}, or end what uses it up",
    ),
    (
        re.compile(r"failed quota: (?P<name>[^:\s]{1,253}): (?P<more>.{1,300})"),
        "resourcequotas/{namespace}/{name}",
        "quota",
        "write into the pod what {holder} wants every pod to say",
    ),
    (
        re.compile(r'failed calling webhook "(?P<name>[^"]{1,253})":(?P<more>.{0,300})'),
        "webhook {name}",
        "an answer",
        "bring the server of {holder} back, or take its configuration away",
    ),
    (
        re.compile(r'admission webhook "(?P<name>[^"]{1,253})" denied the request:?(?P<more>.{0,300})'),
        "webhook {name}",
        "leave",
        "change the pod as {holder} says",
    ),
    (
        re.compile(r"ValidatingAdmissionPolicy '(?P<name>[^']{1,253})'(?P<more>.{0,300})"),
        "admissionregistration.k8s.io/validatingadmissionpolicies/{name}",
        "leave",
        "change the pod as {holder} says",
    ),
    (
        re.compile(r'violates PodSecurity "(?P<name>[^"]{1,100})":?(?P<more>.{0,300})'),
        "Pod Security {name} of namespaces/{namespace}",
        "leave",
        "change the pod as {holder} says, or label the namespace otherwise",
    ),
    (
        re.compile(r'serviceaccount "(?P<name>[^"]{1,253})" not found(?P<more>)'),
        "serviceaccounts/{namespace}/{name}",
        "a ServiceAccount",
        "create {holder}, or correct its name",
    ),
    (
        re.compile(
            r"(?P<name>(?:minimum|maximum) [a-z-]{1,60}) (?:usage|limit)?(?P<more>.{0,300} per (?:Container|Pod).{0,100})"
        ),
        "limitranges of namespaces/{namespace}",
        "leave",
        "ask for what the LimitRange allows",
    ),
)


class Shorthanded(View, frozen=True):
    """A controller that has fewer pods than it wants."""

    of = "shorthanded"
    drawn_from = (Pod, ReplicaSet, Job, StatefulSet, DaemonSet, Deployment)

    made_by: str = ""  # the subject of its controller
    involved: tuple[str, str, str] = ("", "", "")  # what events call it: kind, namespace and name
    missing: int = 0
    accelerators: int = 0  # of the pods that are missing

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        owned = Counter(owner.uid for pod in snapshot.all(Pod) if (owner := pod.metadata.controller))
        above = {one.metadata.uid: one.subject for one in snapshot.all(Deployment) if one.metadata.uid}
        makers: tuple[type[Templated], ...] = (ReplicaSet, Job, StatefulSet, DaemonSet)
        for kind in makers:
            for one in snapshot.all(kind):
                template, wanted = next(iter(one.makes))
                missing = wanted - owned[one.metadata.uid]
                if isinstance(one, DaemonSet):
                    missing = 1  # how many it wants depends on the nodes
                if missing <= 0 or (isinstance(one, Job) and one.spec.suspend):
                    continue
                owner = one.metadata.controller
                yield cls(
                    metadata=one.metadata,
                    made_by=above.get(owner.uid, one.subject) if owner is not None else one.subject,
                    involved=(kind.__name__, one.metadata.namespace, one.name),
                    missing=missing,
                    accelerators=missing * sum(accelerators(template.spec).values()),
                )


@source("refusals.pods-are-not-let-in")
def pods_are_not_let_in(events: All[Event], controllers: All[Shorthanded]) -> Iterator[Found]:
    """A controller wants to make pods, and the API server refuses them.

    Why: a quota is used up, a webhook or a policy says no or does not answer, or the ServiceAccount is missing.
    Prevent: queue work before it makes pods, and try every policy by a dry run on the workloads that there are.
    """
    short = {one.involved: one for one in controllers}
    for event in sorted(events, key=when, reverse=True):
        involved = event.involved_object
        key = involved.kind, involved.namespace, involved.name
        one = short.get(key) if event.reason in _EVENTS else None
        wait = _wait(event, one) if one is not None else None
        if one is not None and wait is not None:
            del short[key]  # its newest word counts
            yield Party(subject=one.made_by, waiting=one.missing, accelerators=one.accelerators)
            yield wait


def when(event: Event) -> dt.datetime:
    """It was said last."""
    told = event.last_timestamp or event.event_time or event.metadata.creation_timestamp
    return told or dt.datetime.min.replace(tzinfo=dt.UTC)


def _wait(event: Event, one: Shorthanded) -> Wait | None:
    namespace = event.involved_object.namespace
    for pattern, holder, what, action in _REFUSERS:
        found = pattern.search(event.message)
        if found is not None:
            named = holder.format(namespace=namespace, name=found["name"])
            return Wait(
                waiter=one.made_by,
                holder=named,
                what=what,
                because=f"{event.involved_object.kind} {namespace}/{event.involved_object.name}: {event.message}",
                missing=one.missing,
                certainty=Certainty.CERTAIN,
                actions=(Action(action.format(holder=named)),),
            )
    return None
