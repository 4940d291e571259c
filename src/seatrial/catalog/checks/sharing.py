"""Sharing: accelerators in fractions that the scheduler counts, and that really are parts of one device."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from seatrial.catalog.checks.probe import MAIN, look, numbers, opened, pod, refusal
from seatrial.catalog.checks.stage import is_ready
from seatrial.catalog.roles import SharedAccelerators
from seatrial.catalog.systems.accelerators import by_resource
from seatrial.catalog.systems.kubernetes.core import Node, host_of, runs_containers
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.kit.quantity import whole
from seatrial.model.check import check
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import All, Obj
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed, unknown
from seatrial.model.workbench import Workbench

MOST = 32  # units that a proof takes at once: on a node with more it would crowd out the tenants


class _Place(msgspec.Struct, frozen=True):
    """A node, one of its resources that stand for a fraction, and how many units of it are free."""

    node: str
    host: str
    resource: str
    free: int
    taken: int


@check(
    "sharing.fractions-share-one-device-and-are-scheduled",
    severity=Severity.MEDIUM,
    creates=("pods",),
    exclusive=("accelerators",),
    uses=("exec",),
)
async def fractions_share_one_device_and_are_scheduled(
    source: SharedAccelerators, nodes: All[Node], pods: All[Pod], bench: Workbench
) -> Verdict:
    """Pods that ask for a fraction each run together on one device, and no more of them than it has fractions.

    Why: fractions that the scheduler counts and no device has leave pods that start and fail, and whole devices sold as
    fractions stand idle and are paid for.
    Fix: let the vendor's device plugin or driver divide the device: MIG or time-slicing, compute partitions, or HAMi.
    """
    if source.stand_in:
        return unknown(
            "there are accelerators, and nothing that is recognised offers fractions of them; whether this hardware has "
            "any is not known here: turn its vendor's way of sharing on to have it judged"
        )
    if not source.devices:
        return unknown(
            f"each fraction of kind {source.kind} has a device node of its own, and which of them are on one device cannot "
            "be seen from inside a container"
        )
    place = await _place(source, nodes, pods, bench)
    if place is None:
        return not_applicable(
            "no node that takes pods has two free fractions of one resource, or few enough to take all"
        )
    trial = _Trial(source, place, bench)
    problem = await trial.fills() or await trial.shares() or await trial.one_too_many() or await trial.stays_well()
    return failed(problem) if problem else passed(trial.story)


async def _place(source: SharedAccelerators, nodes: All[Node], pods: All[Pod], bench: Workbench) -> _Place | None:
    """Where the fewest fractions are free, and two at least: all of them are taken for a moment."""
    places = []
    usable = {node.name for node in nodes if is_ready(node) and runs_containers(node)}
    for node in await bench.list("nodes"):
        name = node["metadata"]["name"]
        if name not in usable:
            continue
        host = host_of(node, name)
        for resource, amount in source.fractions(node).items():
            taken = sum(_units(one, resource) for one in pods if one.spec.node_name == name and _holds(one))
            free = whole(amount) - taken
            if 2 <= free <= MOST:
                places.append(_Place(name, host, resource, free, taken))
    return min(places, key=lambda place: place.free, default=None)


def _holds(one: Pod) -> bool:
    return one.status.phase not in ("Succeeded", "Failed")


def _units(one: Pod, resource: str) -> int:
    asked = (
        each.resources.limits.get(resource, each.resources.requests.get(resource, 0)) for each in one.spec.containers
    )
    return sum(whole(amount) for amount in asked)


class _Trial:
    """As many pods as one node has free fractions, and one more."""

    def __init__(self, source: SharedAccelerators, place: _Place, bench: Workbench) -> None:
        self.source, self.place, self.bench = source, place, bench
        self.names = tuple(f"part-{number}" for number in range(place.free))
        self.story = ""

    async def ask(self, name: str) -> None:
        (asking,) = by_resource(self.place.resource)(pod(self.bench, name, node=self.place.host), MAIN, 1)
        asking["spec"]["tolerations"] = [{"operator": "Exists"}]
        asking["spec"]["containers"][0]["resources"]["limits"] |= self.source.limits
        await self.bench.create(asking)

    async def fills(self) -> str:
        for name in self.names:
            await self.ask(name)
        seen = await self.bench.until(
            "pods",
            lambda pods: _count(pods, "Running") == len(self.names) or bool(_broken(pods)),
            within=self.bench.patience,
            what=f"{len(self.names)} pods with one unit of {self.place.resource} each run",
        )
        running = _count(seen.objects, "Running")
        if broken := _broken(seen.objects):
            return f"{self.place.resource}: {self.place.free} units are free, and of {len(self.names)} pods: {broken}"
        if not seen.met:
            return f"{self.place.resource}: {self.place.free} units are free, and {running} pods with one unit run"
        elsewhere = {one["spec"]["nodeName"] for one in seen.objects} - {self.place.node}
        return f"pods run on {', '.join(sorted(elsewhere))} and not on {self.place.node}" if elsewhere else ""

    async def shares(self) -> str:
        """The positive control: at least two hold the same device. Names and variables would not do, so each opens it."""
        holders: dict[str, list[str]] = {}
        for name in self.names:
            devices = opened(await look(self.bench, self.source, name))
            if not devices:
                return f"pod {name} was given one unit of {self.place.resource}, and opens no device"
            if len(devices) != 1:
                return f"pod {name} was given one unit of {self.place.resource}, and opens {len(devices)} devices"
            holders.setdefault(numbers(devices)[0], []).append(name)
        self.bench.control("who holds which device, by its number", holders=holders)
        most = max(map(len, holders.values()))
        if most < 2:
            return (
                f"{len(self.names)} pods with one unit of {self.place.resource} each hold {len(holders)} different devices, "
                "so no device is shared"
            )
        self.story = (
            f"{len(self.names)} pods with one unit of {self.place.resource} each run on {self.place.node}, "
            f"on {len(holders)} device(s), up to {most} on the same"
        )
        return ""

    async def one_too_many(self) -> str:
        """The negative control: fractions are counted, so the next pod has to wait."""
        await self.ask("one-too-many")
        seen = await self.bench.until(
            "pods", lambda pods: bool(refusal(pods)), within=self.bench.patience, what="the scheduler refuses one more"
        )
        said = refusal(seen.objects)
        late = next(one for one in seen.objects if one["metadata"]["name"] == "one-too-many")
        self.bench.control("one pod more than there are units", phase=late["status"].get("phase"), scheduler=said)
        if late["spec"].get("nodeName") or late["status"].get("phase") != "Pending":
            return f"one pod more than there are units of {self.place.resource} is {late['status'].get('phase')}"
        if f"Insufficient {self.place.resource}" not in said:
            raise CannotJudge(f"one pod more waits, but not for {self.place.resource}: {said or 'nobody says why'}")
        self.story += "; one pod more has to wait"
        return ""

    async def stays_well(self) -> str:
        """Under all of them the node still offers what it did, and no device was reported ill."""
        node = await self.bench.read("nodes", self.place.node)
        units = whole(self.source.fractions(node or {"metadata": {}}).get(self.place.resource, "0"))
        ill = [name for one in await self.bench.list("pods") for name in _ill(one)]
        self.bench.control("health under load", units=units, ill=ill)
        if units != self.place.free + self.place.taken:
            return f"the node offers {units} units now, and had {self.place.free + self.place.taken}"
        return f"reported ill: {', '.join(ill)}" if ill else ""


def _count(pods: Sequence[Obj], phase: str) -> int:
    return sum(1 for one in pods if one.get("status", {}).get("phase") == phase)


def _broken(pods: Sequence[Obj]) -> str:
    """What a kubelet says of pods that the scheduler had a place for, and it had not."""
    failed_ones = [one["status"] for one in pods if one.get("status", {}).get("phase") == "Failed"]
    said = next((one.get("message") or one.get("reason", "") for one in failed_ones), "")
    return f"{len(failed_ones)} failed: {said}" if failed_ones else ""


def _ill(one: Obj) -> list[str]:
    """Since 1.36 the kubelet reports the health of what it allocated."""
    statuses: list[Obj] = one.get("status", {}).get("containerStatuses", ())
    return [
        f"{one['metadata']['name']} ({resource.get('name')})"
        for status in statuses
        for resource in status.get("allocatedResourcesStatus", ())
        for each in resource.get("resources", ())
        if each.get("health") == "Unhealthy"
    ]
