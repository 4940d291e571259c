"""Virtual accelerators: handed out one by one, each a part of a physical device, and taken back like any other."""

from __future__ import annotations

import msgspec

from seatrial.catalog.checks.probe import MAIN, Device, look, numbers, opened, pod, refusal, runs, unrecognised
from seatrial.catalog.roles import VirtualAccelerators
from seatrial.catalog.systems.kubernetes.core import host_of
from seatrial.kit.quantity import whole
from seatrial.model.check import check
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import Obj
from seatrial.model.verdict import Severity, Verdict, failed, not_applicable, passed
from seatrial.model.workbench import Workbench

MOST = 16  # that a proof takes at once
_SLICES, _CLAIMS = "resource.k8s.io/resourceslices", "resource.k8s.io/resourceclaims"


class _Supply(msgspec.Struct, frozen=True):
    """A node, how many virtual accelerators it hands out, and of those in slices the physical device and the identity."""

    host: str
    units: int
    parents: dict[str, str] = {}
    uuids: dict[str, str] = {}


@check(
    "virtual.virtual-accelerators-are-managed-like-physical-ones",
    severity=Severity.MEDIUM,
    creates=("pods",),
    exclusive=("accelerators",),
    uses=("exec",),
)
async def virtual_accelerators_are_managed_like_physical_ones(source: VirtualAccelerators, bench: Workbench) -> Verdict:
    """A pod that asks for a virtual accelerator opens exactly the one it was given, and gives it back when it goes.

    Why: a vGPU that is not accounted for is sold twice, or its pod holds the whole card of all the others.
    Fix: let a device plugin or a DRA driver hand out virtual devices, one by one, and never the physical device itself.
    """
    if not source.devices:
        return unrecognised(source)
    supply = await _supply(source, bench)
    if supply is None:
        return not_applicable("no node has virtual accelerators, or they are more than a proof may take")
    trial = _Trial(source, supply, bench)
    problem = await trial.takes_all() or await trial.nobody_else() or await trial.gives_back()
    return failed(problem) if problem else passed(trial.story)


async def _supply(source: VirtualAccelerators, bench: Workbench) -> _Supply | None:
    nodes = {node["metadata"]["name"]: node for node in await bench.list("nodes")}
    found = []
    for name, node in nodes.items():
        labels = node["metadata"].get("labels") or {}
        if source.label and labels.get(source.label) == "true":
            units = whole(node["status"].get("allocatable", {}).get(source.resource, "0"))
            found.append(_Supply(host_of(node, name), units))
    if source.driver and bench.apis.versions(_SLICES):
        for one in await bench.list(_SLICES, everywhere=True):
            spec = one["spec"]
            if spec.get("driver") == source.driver and spec.get("nodeName") in nodes:
                host = host_of(nodes[spec["nodeName"]], spec["nodeName"])
                found.append(_published(host, spec.get("devices") or (), source.parent))
    usable = [one for one in found if 1 <= one.units <= MOST]
    return min(usable, key=lambda one: one.units, default=None)


def _published(host: str, devices: tuple[Obj, ...], parent: str) -> _Supply:
    def said(device: Obj, name: str) -> str:
        return str((device.get("attributes") or {}).get(name, {}).get("string", ""))

    virtual = [device for device in devices if said(device, parent)]
    return _Supply(
        host,
        len(virtual),
        {device["name"]: said(device, parent) for device in virtual},
        {device["name"]: said(device, "uuid") for device in virtual},
    )


class _Trial:
    """Everybody who can be served, one who cannot, and then one who goes."""

    def __init__(self, source: VirtualAccelerators, supply: _Supply, bench: Workbench) -> None:
        self.source, self.supply, self.bench = source, supply, bench
        self.names = tuple(f"guest-{number}" for number in range(supply.units))
        self.held: dict[str, Device] = {}
        self.story = ""

    async def ask(self, name: str) -> Obj:
        """The pod that asks; what it needs beside it is there already."""
        asking, *beside = self.source.request(pod(self.bench, name, node=self.supply.host), MAIN, 1)
        for obj in beside:
            await self.bench.create(obj)
        return asking

    async def takes_all(self) -> str:
        """The positive control: each gets one, and none the same."""
        for name in self.names:
            if await runs(self.bench, await self.ask(name)) is None:
                return (
                    f"{len(self.held)} of {len(self.names)} pods with a virtual accelerator each run; {name} does not"
                )
            devices = opened(await look(self.bench, self.source, name))
            if len(devices) != 1:
                return f"pod {name} asked for one virtual accelerator, and opens {len(devices)}"
            if problem := await self._wrong(name, devices[0]):
                return problem
            twin = next((one for one, other in self.held.items() if other.number == devices[0].number), "")
            if twin:
                return f"pods {twin} and {name} asked for a virtual accelerator each, and both open device {devices[0].number}"
            self.held[name] = devices[0]
        self.bench.control(
            "who opens what",
            opened={name: f"{device.path} ({device.number})" for name, device in self.held.items()},
            parents=self.supply.parents,
        )
        return ""

    async def _wrong(self, name: str, device: Device) -> str:
        """Where a driver says which device it allocated, that one and no other, and no physical one, has to be there."""
        if not self.supply.parents:
            return ""
        claim = await self.bench.read(_CLAIMS, f"{name}-{MAIN}")
        results = (claim or {}).get("status", {}).get("allocation", {}).get("devices", {}).get("results", ())
        allocated = next((result["device"] for result in results), "")
        if device.path.rpartition("/")[2] != allocated:
            return f"pod {name} was allocated {allocated or 'nothing'}, and opens {device.path}"
        says = _uuid(device.identity)
        if says and says in self.supply.parents.values():
            return f"pod {name} was allocated {allocated}, and opens the physical device {says} of which it is a part"
        if says and says != self.supply.uuids.get(allocated):
            return f"pod {name} was allocated {allocated}, and what it opens says that it is {says}"
        return ""

    async def nobody_else(self) -> str:
        """The negative controls: one without a request, and one more than there are."""
        if await runs(self.bench, pod(self.bench, "outsider", node=self.supply.host)) is None:
            raise CannotJudge("a pod without a request does not run, so it cannot be seen that it has no device")
        taken = numbers(tuple(self.held.values()))
        got = opened(await look(self.bench, self.source, "outsider", forge=taken))
        self.bench.control("a pod without a request", opened=[device.path for device in got])
        if got:
            return f"a pod without a request opens {', '.join(device.path for device in got)}"
        await self.bench.create(await self.ask("late"))
        seen = await self.bench.until(
            "pods", lambda pods: bool(refusal(pods)), within=self.bench.patience, what="the scheduler refuses one more"
        )
        late = next(one for one in seen.objects if one["metadata"]["name"] == "late")
        said = refusal(seen.objects)
        self.bench.control("one pod more than there are", phase=late["status"].get("phase"), scheduler=said)
        if late["spec"].get("nodeName"):
            return f"one pod more than there are virtual accelerators is {late['status'].get('phase')}"
        if not said:
            raise CannotJudge("one pod more waits, and nobody says for what")
        return ""

    async def gives_back(self) -> str:
        """Whoever goes makes room for the next, as with physical devices."""
        first = self.names[0]
        await self.bench.remove("pods", first)
        if self.supply.parents:
            await self.bench.remove(_CLAIMS, f"{first}-{MAIN}")
        seen = await self.bench.until(
            "pods",
            lambda pods: any(one["metadata"]["name"] == "late" and _runs(one) for one in pods),
            within=self.bench.patience,
            what="the pod that waited runs",
        )
        if not seen.met:
            return f"pod {first} went, and the one that waited for its virtual accelerator still does"
        devices = opened(await look(self.bench, self.source, "late"))
        self.bench.control("the pod that waited", opened=[device.path for device in devices], seconds=seen.seconds)
        if numbers(devices) != numbers((self.held[first],)):
            return f"pod {first} gave {self.held[first].path} back, and the next opens {[one.path for one in devices]}"
        parents = set(self.supply.parents.values())
        of = f" of {len(parents)} physical device(s)" if parents else ""
        self.story = (
            f"{len(self.names)} pods each open exactly the virtual accelerator{of} that they were given; one without a request "
            f"opens none, one more had to wait, and got the one that was given back after {seen.seconds:.1f} s"
        )
        return ""


class _Identity(msgspec.Struct, frozen=True):
    uuid: str = ""


def _uuid(identity: str) -> str:
    """What a device says that it is, if it says so."""
    try:
        return msgspec.json.decode(identity, type=_Identity).uuid
    except msgspec.DecodeError:
        return ""


def _runs(one: Obj) -> bool:
    statuses = one.get("status", {}).get("containerStatuses", ())
    return bool(statuses) and all("running" in status.get("state", {}) for status in statuses)
