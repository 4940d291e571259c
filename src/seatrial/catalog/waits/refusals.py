"""Pods that are not made, because the API server refuses them: quotas, webhooks, policies and missing accounts.

Nothing but the controller's events tells of that: there is no pod that could. Events are old news, so only those count whose
controller still has fewer pods than it wants.
"""

from __future__ import annotations

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
from seatrial.catalog.waits.said import in_order
from seatrial.model.fact import All, Fact, Snapshot, View
from seatrial.model.wait import Action, Certainty, Found, Party, Wait, source

_EVENTS = ("FailedCreate", "FailedCreatePodTemplate")
_FAILS = "ReplicaFailure"  # what a ReplicaSet says of itself for as long as it is so
# What refused: how its message reads, how it is named here, what is wanted of it, and what one does about it.
_REFUSERS = (
    (
        re.compile(r"(?P<name>admin access) to devices requires the `(?P<more>[^`]{1,200})` label"),
        "leave for {name} in namespaces/{namespace}",
        "leave",
        "label namespaces/{namespace} resource.kubernetes.io/admin-access=true if it may see devices of others; else take adminAccess out",
    ),
    (
        re.compile(r'resource claim template "(?P<name>[^"]{1,253})": .{1,300} not found(?P<more>)'),
        "resource.k8s.io/resourceclaimtemplates/{namespace}/{name}",
        "a template",
        "create {holder}, or correct its name",
    ),
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
        re.compile(
            r"unable to create new content in namespace (?P<name>[^ ]{1,63}) because it is being terminated(?P<more>)"
        ),
        "namespaces/{name}",
        "a namespace that stays",
        "see what keeps {holder} from ending, and make it anew",
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
    says: str = ""  # what it says itself of pods that it cannot make
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
                    says=_said(one),
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
    for event in reversed(in_order(events, _EVENTS)):
        involved = event.involved_object
        key = involved.kind, involved.namespace, involved.name
        if key in short and (refused := _refused(short[key], event.message)):
            del short[key]  # its newest word counts
            yield from refused
    for one in short.values():  # an event is forgotten after an hour, a condition is not
        yield from _refused(one, one.says)


def _said(one: Templated) -> str:
    conditions = one.status.conditions if isinstance(one, ReplicaSet) else ()
    return next((told.message for told in conditions if told.type == _FAILS and told.status == "True"), "")


def refuser(message: str, namespace: str) -> tuple[str, str, str] | None:
    """Who refused it, what is wanted of that, and what one does about it."""
    for pattern, holder, what, action in _REFUSERS:
        found = pattern.search(message)
        if found is not None:
            named = holder.format(namespace=namespace, name=found["name"])
            return named, what, action.format(holder=named, namespace=namespace)
    return None


def _refused(one: Shorthanded, message: str) -> tuple[Found, ...]:
    """The pods that are missing, and who refused them; nothing where nobody is known to."""
    kind, namespace, name = one.involved
    known = refuser(message, namespace)
    if known is None:
        return ()
    holder, what, action = known
    wait = Wait(
        waiter=one.made_by,
        holder=holder,
        what=what,
        because=f"{kind} {namespace}/{name}: {message}",
        missing=one.missing,
        certainty=Certainty.CERTAIN,
        actions=(Action(action),),
    )
    return Party(subject=one.made_by, waiting=one.missing, accelerators=one.accelerators), wait
