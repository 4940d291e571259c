"""What was deleted and does not go: pods past their grace period, objects with finalizers, namespaces that are half gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from seatrial.catalog.systems.kubernetes.controllers import Job
from seatrial.catalog.systems.kubernetes.core import Namespace, Node
from seatrial.catalog.systems.kubernetes.dra import PodGroup, ResourceClaim
from seatrial.catalog.systems.kubernetes.pods import Condition, Pod
from seatrial.catalog.systems.kubernetes.storage import PersistentVolume, PersistentVolumeClaim
from seatrial.catalog.systems.kueue_objects import QueuedWorkload
from seatrial.catalog.waits.groups import Group
from seatrial.catalog.waits.wishes import claims_of
from seatrial.model.fact import All, Fact, Meta, Snapshot, View
from seatrial.model.wait import Action, Certainty, Found, Wait, source

_GRACE = 60.0  # seconds past the moment at which it should have gone (proposal)
_SERVED, _CONTENT = "NamespaceDeletionDiscoveryFailure", "NamespaceDeletionContentFailure"
_LEFT = (_SERVED, _CONTENT, "NamespaceDeletionGroupVersionParsingFailure", "NamespaceFinalizersRemaining", "NamespaceContentRemaining")  # fmt: skip
# Finalizers that are known, and who takes them off when.
_OWNERS = {
    "kubernetes.io/pvc-protection": "Kubernetes, when no pod mounts it",
    "kubernetes.io/pv-protection": "Kubernetes, when no claim is bound to it",
    "resource.kubernetes.io/delete-protection": "Kubernetes, when no pod uses the claim",
    "batch.kubernetes.io/job-tracking": "the Job controller, when it has counted the pod",
    "foregroundDeletion": "the garbage collector, when all that it owns has gone",
    "orphan": "the garbage collector",
    "kueue.x-k8s.io/managed": "Kueue, when the group of the pod has ended or its Workload has gone",
    "kueue.x-k8s.io/resource-in-use": "Kueue, when nothing uses it",
}

_UNTIL_ITS_END = ("batch.kubernetes.io/job-tracking", "kueue.x-k8s.io/managed")  # while the pod runs they are no reason


class Leaving(View, frozen=True):
    """Something that was deleted, and should have gone a while ago."""

    of = "leaving"
    drawn_from = (Pod, Namespace, PersistentVolumeClaim, PersistentVolume, ResourceClaim, Job, PodGroup, QueuedWorkload)

    what: Fact = Fact()
    late: int = 0  # seconds

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        for kind in cls.drawn_from:
            for one in snapshot.all(kind):
                since = one.metadata.deletion_timestamp
                if since is not None and (late := (snapshot.taken_at - since).total_seconds()) > _GRACE:
                    yield cls(metadata=Meta(name=one.subject), what=one, late=int(late))


def _finalizers(one: Fact) -> str:
    told = (f"{name} (taken off by {_OWNERS[name]})" if name in _OWNERS else name for name in one.metadata.finalizers)
    return ", ".join(told)


@source("endings.namespace-does-not-go")
def namespace_does_not_go(every: All[Leaving], spaces: All[Namespace]) -> Iterator[Found]:
    """A namespace was deleted, and is still there.

    Why: something in it has a finalizer whose owner does not run, or an API that may have objects in it does not answer.
    Prevent: remove controllers after their objects, never before; and delete an APIService together with its server.
    """
    late = {one.what.subject: one.late for one in every}
    for space in spaces:
        if space.subject not in late:
            continue
        held = {told.type: told for told in space.status.conditions if told.type in _LEFT and told.status == "True"}
        worst = next((held[type] for type in _LEFT if type in held), Condition(message="the cluster does not say why"))
        yield Wait(
            waiter=space.subject,
            holder=_keeper(space, worst),
            what="the end of what is in it",
            because=f"{space.subject} should have gone {_ago(late[space.subject])} ago: {worst.message}",
            certainty=Certainty.CERTAIN if held else Certainty.LIKELY,
            actions=(Action(_remedy(worst)),),
        )


def _keeper(space: Namespace, told: Condition) -> str:
    return (
        f"an API that does not answer, for {space.subject}"
        if told.type == _SERVED
        else f"what is left in {space.subject}"
    )


def _remedy(told: Condition) -> str:
    if told.type == _SERVED:
        return "bring the server of that API back, or delete its APIService: kubectl get apiservices"
    return "see that the owners of these finalizers run; take one off by hand only if its owner is gone for good"


@source("endings.pod-does-not-go")
def pod_does_not_go(every: All[Leaving], groups: All[Group], nodes: All[Node]) -> Iterator[Found]:
    """A pod was deleted, its grace period is over, and it is still there.

    Why: its node does not answer, a container cannot be killed, or somebody's finalizer is on it. It keeps its devices, and its name.
    Prevent: alert on pods that stay `Terminating`, and taint nodes that are out of service (`node.kubernetes.io/out-of-service`).
    """
    late = {id(one.what): one for one in every if isinstance(one.what, Pod)}
    if not late:
        return
    ready = {
        node.name: any(one.type == "Ready" and one.status == "True" for one in node.status.conditions) for node in nodes
    }
    for group in groups:
        for pod in group.pods:
            if id(pod) in late:
                yield _staying(group, pod, late[id(pod)].late, ready)


def _staying(group: Group, pod: Pod, late: int, ready: dict[str, bool]) -> Wait:
    node = pod.spec.node_name
    runs = any(one.state.running is not None for one in pod.status.container_statuses)
    if node and not ready.get(node, False):
        holder, why = f"nodes/{node}", f"nodes/{node} does not answer"
        action = f"bring nodes/{node} back, or taint it node.kubernetes.io/out-of-service when it is off for sure"
    elif finalizers := [one for one in pod.metadata.finalizers if not (runs and one in _UNTIL_ITS_END)]:
        holder, why = f"finalizer {finalizers[0]}", f"it has the finalizer {_finalizers(pod)}"
        action = "see that its owner runs; take the finalizer off by hand only if its owner is gone for good"
    else:
        holder = f"the end of {pod.subject}"
        why = f"its containers have not ended on {f'nodes/{node}' if node else 'any node'}"
        action = f"see what the kubelet of nodes/{node} says: a mount or a device that hangs keeps a process alive"
    return Wait(
        waiter=group.subject,
        holder=holder,
        what="the end of its pod",
        because=f"{pod.subject} should have gone {_ago(late)} ago: {why}",
        certainty=Certainty.CERTAIN,
        stops=group.subject.startswith("apps/statefulsets/"),  # who makes pods under the same name cannot go on
        actions=(Action(action),),
    )


@source("endings.object-does-not-go")
def object_does_not_go(every: All[Leaving], groups: All[Group]) -> Iterator[Found]:
    """A volume, a claim, a job or a workload was deleted, and is still there.

    Why: a finalizer is on it: somebody uses it, or whoever would take the finalizer off does not run.
    Prevent: end what uses claims before them, and remove controllers after their objects.
    """
    users: dict[str, str] = {}
    for group in groups if any(not isinstance(one.what, Namespace | Pod) for one in every) else ():
        for pod in group.pods:
            users |= dict.fromkeys(_used(pod), group.subject)
    for one in every:
        if isinstance(one.what, Namespace | Pod) or not one.what.metadata.finalizers:
            continue
        user = users.get(one.what.subject, "")
        by = f"; {user} uses it" if user else ""
        yield Wait(
            waiter=one.what.subject,
            holder=user or f"finalizer {one.what.metadata.finalizers[0]}",
            what="leave to go",
            because=f"{one.what.subject} should have gone {_ago(one.late)} ago: it has the finalizer {_finalizers(one.what)}{by}",
            certainty=Certainty.CERTAIN,
            stops=False,
            actions=(Action(f"wait for {user}, or end it" if user else "see that the owner of the finalizer runs"),),
        )


def _used(pod: Pod) -> Iterator[str]:
    space = pod.metadata.namespace
    for volume in pod.spec.volumes:
        if volume.persistent_volume_claim is not None:
            yield f"{PersistentVolumeClaim.of}/{space}/{volume.persistent_volume_claim.claim_name}"
    for name, _ in claims_of(pod):
        if name:
            yield f"{ResourceClaim.of}/{space}/{name}"


def _ago(seconds: int) -> str:
    if seconds < 7200:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h" if seconds < 172800 else f"{seconds // 86400} days"
