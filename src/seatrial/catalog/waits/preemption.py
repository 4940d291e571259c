"""Priority: who could have a place if others were removed for it, and who waits until they have gone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from seatrial.catalog.systems.kubernetes.disruption import PodDisruptionBudget
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.waits.amounts import many
from seatrial.catalog.waits.floor import Floor, Look
from seatrial.catalog.waits.groups import Group
from seatrial.catalog.waits.kinds import waiting, who
from seatrial.catalog.waits.room import demands
from seatrial.model.fact import All
from seatrial.model.wait import Action, Certainty, Found, Wait, source

NEVER = "Never"


class Victims(msgspec.Struct, frozen=True):
    """Pods of lower priority without which there would be room, on the node where that takes the fewest."""

    nodes: int  # on which there would be
    node: str
    pods: tuple[Pod, ...]


def victims(floor: Floor, pod: Pod, look: Look) -> Victims | None:
    """The same for pods that are alike."""
    key = "victims", id(look), pod.spec.priority or 0
    if key not in floor.memo:
        floor.memo[key] = _victims(floor, pod, look)
    found: Victims | None = floor.memo[key]
    return found


def _victims(floor: Floor, pod: Pod, look: Look) -> Victims | None:
    priority, wants = pod.spec.priority or 0, demands(pod.spec)
    lower = _below(floor, priority)
    able = []
    for node in sorted(look.open & lower.keys()):
        amounts, free = lower[node], floor.free[node]
        if all(free.get(name, 0) + amounts.get(name, 0) >= amount for name, amount in wants.items()):
            able.append(node)
    if look.fits or not able:
        return None
    sets = ((node, _fewest(floor, node, priority, wants)) for node in able[:100])
    node, pods = min(sets, key=lambda one: (len(one[1]), one[0]))
    return Victims(len(able), node, pods)


def _below(floor: Floor, priority: int) -> Mapping[str, Mapping[str, int]]:
    """What pods of lower priority have on each node."""
    key = "below", priority
    if key not in floor.memo:
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for pod in floor.placed:
            if (pod.spec.priority or 0) < priority:
                found[pod.spec.node_name].update(demands(pod.spec))
        floor.memo[key] = found
    known: Mapping[str, Mapping[str, int]] = floor.memo[key]
    return known


def _tenants(floor: Floor) -> Mapping[str, list[Pod]]:
    if "tenants" not in floor.memo:
        tenants: dict[str, list[Pod]] = defaultdict(list)
        for pod in floor.placed:
            tenants[pod.spec.node_name].append(pod)
        floor.memo["tenants"] = tenants
    found: Mapping[str, list[Pod]] = floor.memo["tenants"]
    return found


def _fewest(floor: Floor, node: str, priority: int, wants: Mapping[str, int]) -> tuple[Pod, ...]:
    """All of lower priority go, and as many as have room come back, the most important first: as the scheduler chooses."""
    lower = [pod for pod in _tenants(floor)[node] if (pod.spec.priority or 0) < priority]
    free = Counter(floor.free[node])
    for pod in lower:
        free.update(demands(pod.spec))
    gone = []
    for pod in sorted(lower, key=lambda one: (-(one.spec.priority or 0), one.subject)):
        amounts = demands(pod.spec)
        if all(free[name] - amounts.get(name, 0) >= amount for name, amount in wants.items()):
            free.subtract(amounts)
        else:
            gone.append(pod)
    return tuple(gone)


def broken(pods: Iterable[Pod], budgets: Iterable[PodDisruptionBudget]) -> tuple[str, ...]:
    """Budgets that allow fewer disruptions than that."""
    known, found = tuple(budgets), Counter[str]()
    for pod in pods:
        found.update(one.subject for one in known if one.covers(pod.metadata.namespace, pod.metadata.labels))
    allowed = {one.subject: one.status.disruptions_allowed for one in known}
    return tuple(sorted(name for name, count in found.items() if count > allowed[name]))


@source("preemption.may-not-preempt")
def may_not_preempt(groups: All[Group], floors: All[Floor]) -> Iterator[Found]:
    """Pods of lower priority have its place, and it may not have them removed.

    Why: its PriorityClass has `preemptionPolicy: Never`, so that it waits until they end.
    Prevent: let what is urgent preempt, and keep `Never` for work that can wait.
    """
    for floor, group, kind in waiting(floors, groups):
        spec = kind.pod.spec
        found = victims(floor, kind.pod, kind.look) if spec.preemption_policy == NEVER else None
        if found is not None:
            name = f"scheduling.k8s.io/priorityclasses/{spec.priority_class_name}"
            yield Wait(
                waiter=group.subject,
                holder=f"preemptionPolicy {NEVER} of {name}",
                what="leave to preempt",
                because=f"on {many(found.nodes, 'node')} there would be room without pods of lower priority than {spec.priority or 0}, and {name} may not preempt; on nodes/{found.node} it takes {many(len(found.pods), 'pod')}",
                missing=kind.count,
                actions=(Action(f"wait for {_names(floor, groups, found.pods)}, or let {name} preempt"),),
            )


@source("preemption.waits-for-those-who-leave")
def waits_for_those_who_leave(groups: All[Group], floors: All[Floor]) -> Iterator[Found]:
    """The scheduler has chosen its node and removed pods for it, and these have not gone.

    Why: they may take as long as their grace period; and for ever where a finalizer or a silent kubelet keeps them.
    Prevent: short grace periods with checkpoints, and an alert on pods that stay `Terminating`.
    """
    for floor, group, kind in waiting(floors, groups):
        node = kind.pod.status.nominated_node_name
        leaving = [pod for pod in _tenants(floor).get(node, ()) if pod.metadata.deletion_timestamp] if node else []
        if leaving:
            parties = sorted({who(floor, groups).get(id(pod), pod.subject) for pod in leaving})
            told = ", ".join(pod.subject for pod in leaving[:5])
            yield Wait(
                waiter=group.subject,
                holder=parties[0] if len(parties) == 1 else f"pods that leave nodes/{node}",
                what="the end of pods that leave",
                because=f"{kind.pod.subject} is to have nodes/{node}, from which {told} have not gone yet",
                missing=kind.count,
                certainty=Certainty.CERTAIN,
                actions=(
                    Action(f"see what keeps {leaving[0].subject}: its grace period, a finalizer, or its kubelet"),
                ),
            )


def _names(floor: Floor, groups: All[Group], pods: Iterable[Pod]) -> str:
    names = sorted({who(floor, groups).get(id(pod), pod.subject) for pod in pods})
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
