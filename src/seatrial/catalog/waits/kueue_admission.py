"""Kueue beyond quota: checks that somebody else has to pass, and workloads that no queue or flavor takes, in Kueue's own words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from seatrial.catalog.systems.kubernetes.core import Namespace
from seatrial.catalog.systems.kueue_objects import AdmissionCheck, ClusterQueue, LocalQueue, QueuedWorkload
from seatrial.catalog.waits.kueue import live, message, party, promised, says
from seatrial.model.fact import All
from seatrial.model.wait import Action, Certainty, Found, Wait, source

_OPEN = ("Pending", "Retry", "")
# Controllers that are known, and where one sees what they do.
_CONTROLLERS = {
    "kueue.x-k8s.io/provisioning-request": "see the ProvisioningRequest that Kueue made for it, and what the autoscaler says of that",
    "kueue.x-k8s.io/multikueue": "see whether the clusters of its MultiKueueConfig are connected and have quota",
}
_TOPOLOGY = re.compile(r'topology "(?P<name>[^"]{1,253})" (?:allows to fit only|doesn\'t allow to fit)')
_FLAVOR = re.compile(r"untolerated taint .{1,300} in flavor|flavor [^ ]{1,253} doesn't match node affinity")
_QUOTA = ("insufficient", "borrowing")


def _wait(one: QueuedWorkload, holder: str, what: str, because: str, action: Action) -> Wait:
    return Wait(
        waiter=party(one), holder=holder, what=what, because=because, certainty=Certainty.CERTAIN, actions=(action,)
    )


@source("kueue-admission.check-is-pending")
def check_is_pending(workloads: All[QueuedWorkload], checks: All[AdmissionCheck]) -> Iterator[Found]:
    """A workload has quota, and an AdmissionCheck of its queue has not said yes.

    Why: Kueue starts it when all checks are `Ready`: nodes are provisioned, or another cluster has taken it. Meanwhile it keeps its quota.
    Prevent: alert on workloads that have quota and are not admitted, and watch the controllers of AdmissionChecks.
    """
    for one in live(workloads):
        if one.status.admission is None or says(one, "Admitted"):
            continue
        pending = [state for state in one.status.admission_checks if state.state in _OPEN]
        if pending:
            yield from promised(one)
        for state in pending:
            check = checks.by_name.get(state.name)
            controller = check.spec.controller_name if check is not None else ""
            whose = f" of {controller}" if controller else ""
            told = state.message or "it says no more"
            action = _CONTROLLERS.get(controller, f"see why {controller or 'its controller'} does not answer")
            holder = f"{AdmissionCheck.of}/{state.name}"
            because = f"{one.subject} has quota, and {holder}{whose} is {state.state or 'Pending'}: {told}"
            yield _wait(one, holder, "an admission check", because, Action(action))


@source("kueue-admission.workload-is-deactivated")
def workload_is_deactivated(workloads: All[QueuedWorkload]) -> Iterator[Found]:
    """Kueue has given a workload up, or somebody has switched it off.

    Why: `spec.active` is false: it was requeued too often, a check rejected it, its time ran out, or a person set it. Its job stays suspended for ever.
    Prevent: alert on workloads with `spec.active: false`, and choose `requeuingStrategy.backoffLimitCount` with care.
    """
    for one in workloads:
        if one.spec.active or says(one, "Finished"):
            continue
        evicted = next((c for c in one.status.conditions if c.type == "Evicted" and c.status == "True"), None)
        why = f"{evicted.reason}: {evicted.message}" if evicted is not None else "Kueue says nothing of it"
        yield from promised(one)
        because = f"spec.active of {one.subject} is false; {why}"
        action = Action(f"mend what made it fail, and set spec.active of {one.subject} to true")
        yield _wait(one, f"spec.active of {one.subject}", "leave to be queued", because, action)


@source("kueue-admission.namespace-is-not-let-in")
def namespace_is_not_let_in(
    workloads: All[QueuedWorkload], queues: All[LocalQueue], cluster_queues: All[ClusterQueue], spaces: All[Namespace]
) -> Iterator[Found]:
    """The ClusterQueue behind a workload's queue takes nothing from its namespace.

    Why: `spec.namespaceSelector` does not select the namespace; without a selector it selects none.
    Prevent: label namespaces when they are made, and check with `seatrial check` which queues reach which namespaces.
    """
    labels = {one.name: one.metadata.labels for one in spaces}
    here = {(one.metadata.namespace, one.name): one.spec.cluster_queue for one in queues}
    for one in live(workloads):
        home = one.metadata.namespace
        queue = cluster_queues.by_name.get(here.get((home, one.spec.queue_name), ""))
        if one.status.admission is not None or queue is None or home not in labels:
            continue
        selector = queue.spec.namespace_selector
        if selector is None or not selector.matches(labels[home]):
            rule = "it selects no namespace" if selector is None else "its selector does not match"
            because = f"{queue.subject} takes nothing from namespaces/{home}: {rule}"
            action = Action(f"label namespaces/{home} as {queue.subject} wants, or widen its namespaceSelector")
            yield _wait(one, f"namespaceSelector of {queue.subject}", "a queue that takes it", because, action)


@source("kueue-admission.no-flavor-matches")
def no_flavor_matches(workloads: All[QueuedWorkload]) -> Iterator[Found]:
    """No flavor of the queue takes the pods: they do not tolerate its taints, or select other nodes.

    Why: a flavor's `nodeTaints` and `nodeLabels` are held against the pods as if they were a node's. However much quota there is, they never fit.
    Prevent: put tolerations of a pool into its ResourceFlavor (`spec.tolerations`), and let jobs select flavors by the labels that these have.
    """
    for one in live(workloads):
        told = message(one)
        if one.status.admission is None and _FLAVOR.search(told) and not any(word in told for word in _QUOTA):
            action = Action(
                "tolerate the taints of a flavor in the pods, or in the flavor; or correct their node selector"
            )
            yield _wait(one, f"flavors for {one.subject}", "a flavor that takes it", told, action)


@source("kueue-admission.topology-has-no-room")
def topology_has_no_room(workloads: All[QueuedWorkload]) -> Iterator[Found]:
    """There is quota, and no place in the topology has room for all of the pods together.

    Why: they must be in one rack or block, and what is free is in several; or nodes lack the labels of its levels.
    Prevent: ask for `podset-preferred-topology` where one place is a wish, and keep small work away from racks that large work needs whole.
    """
    for one in live(workloads):
        told = message(one)
        found = _TOPOLOGY.search(told) if one.status.admission is None else None
        if found is not None:
            holder = f"kueue.x-k8s.io/topologies/{found['name']}"
            action = Action("wait until a whole place is free, ask for a lower level, or let the topology be preferred")
            yield _wait(one, holder, "one place for all", told, action)
