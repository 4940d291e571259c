"""Fast networks: what a pod claims beside its ordinary interface arrives, tells what it is, and carries data."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

import msgspec

from seatrial.catalog.checks.probe import MAIN, pod, reported, runs
from seatrial.catalog.roles import FastNetwork
from seatrial.catalog.systems.accelerators import by_claim
from seatrial.catalog.systems.kubernetes.core import container
from seatrial.catalog.systems.kubernetes.dra import DeviceClass
from seatrial.model.check import check
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import All, Obj
from seatrial.model.verdict import Severity, Verdict, failed, passed, unknown
from seatrial.model.workbench import Workbench

_SLICES, _CLAIMS = "resource.k8s.io/resourceslices", "resource.k8s.io/resourceclaims"
_PORT, _BYTES = 9000, 16 << 20
_SLACK = 1 << 20  # what may go over another interface meanwhile: an exec, a probe
_PAIR = ("receiver", "sender")


class Interface(msgspec.Struct, frozen=True):
    name: str
    up: bool
    addresses: tuple[str, ...]
    received: int
    sent: int

    @property
    def address(self) -> str:
        """Its first that is not link-local, without the prefix."""
        plain = (ipaddress.ip_interface(one).ip for one in self.addresses)
        return next((str(one) for one in plain if not one.is_link_local), "")


class _Report(msgspec.Struct, frozen=True):
    interfaces: tuple[Interface, ...]


@check(
    "network.claimed-interfaces-arrive-and-carry-data",
    severity=Severity.MEDIUM,
    creates=("pods",),
    exclusive=("interfaces",),
    uses=("exec",),
)
async def claimed_interfaces_arrive_and_carry_data(
    network: FastNetwork, classes: All[DeviceClass], bench: Workbench
) -> Verdict:
    """Two pods that claim a fast interface each have it, and send data to each other over it and over no other.

    Why: a training job whose fast interfaces do not arrive runs all the same, over the ordinary network and many times slower.
    Fix: install a driver that hands interfaces out, such as DRANET, publish its DeviceClass, and look at the events of the pod.
    """
    if not network.driver:
        return unknown(
            "networks are attached here by definitions of the cluster's own, so how to ask for one is not known"
        )
    name = next((one for one in network.classes if any(entry.name == one for entry in classes)), "")
    trial = _Trial(network, name, bench)
    problem = await trial.discovers() or await trial.arrives() or await trial.carries() or await trial.unclaimed()
    return failed(problem) if problem else passed(trial.story)


class _Trial:
    """Two pods with an interface each, and on the same node one without."""

    def __init__(self, network: FastNetwork, device_class: str, bench: Workbench) -> None:
        self.network, self.device_class, self.bench = network, device_class, bench
        self.capable: set[str] = set()  # nodes that publish such interfaces
        self.fast: dict[str, Interface] = {}
        self.node = ""
        self.story = ""

    async def discovers(self) -> str:
        """What can be asked for says how fast it is and where it sits, or nobody could choose."""
        told: dict[str, Mapping[str, object]] = {}
        for one in await self.bench.list(_SLICES, everywhere=True):
            if one["spec"].get("driver") == self.network.driver:
                self.capable |= {one["spec"].get("nodeName", "")} - {""}
                told |= {device["name"]: self._told(device) for device in one["spec"].get("devices") or ()}
        self.bench.note("what the interfaces tell", interfaces=told)
        if not told:
            return f"the driver {self.network.driver} publishes no interface"
        silent = sorted({what for one in told.values() for what, value in one.items() if value is None})
        if silent:
            return f"of {len(told)} interfaces not all tell their {', '.join(silent)}"
        self.story = f"{len(told)} interfaces tell their {', '.join(self.network.tells)}"
        return ""

    def _told(self, device: Obj) -> Mapping[str, object]:
        attributes, capacity = device.get("attributes") or {}, device.get("capacity") or {}
        told: dict[str, object] = {}
        for what, name in self.network.tells.items():
            own = name.removeprefix(f"{self.network.driver}/")
            value = attributes.get(name) or attributes.get(own) or capacity.get(name) or capacity.get(own) or {}
            told[what] = next(iter(value.values()), None)
        return told

    async def arrives(self) -> str:
        for name in _PAIR:
            plain = pod(self.bench, name)
            plain["spec"]["containers"] = [container(MAIN, self.bench.image, ("receive", "--at", f":{_PORT}"))]
            asking, claim = by_claim(self.device_class)(plain, MAIN, 1)
            await self.bench.create(claim)
            there = await runs(self.bench, asking)
            if there is None:
                return f"the pod {name}, which claims one interface of {self.device_class}, does not run"
            node = there["spec"]["nodeName"]
            if self.capable and node not in self.capable:
                return f"the pod {name} runs on {node}, which has no such interface"
            self.node = node
            extra = [one for one in await self._interfaces(name) if one.address != there["status"].get("podIP")]
            self.bench.control(f"the {name}, with a claim", interfaces=[f"{one.name} {one.addresses}" for one in extra])
            if len(extra) != 1:
                return f"the pod {name} claims one interface, and has {len(extra)} beside its ordinary one"
            if not extra[0].up or not extra[0].address:
                return f"the interface {extra[0].name} of the pod {name} is down, or has no address"
            self.fast[name] = extra[0]
        return ""

    async def _interfaces(self, name: str) -> tuple[Interface, ...]:
        ran = await self.bench.run(name, ["/workload", "interfaces"], container=MAIN)
        return reported(ran, _Report, f"pod {name} did not report its interfaces").interfaces

    async def carries(self) -> str:
        """By the kernel's own count: every byte over the fast interface, and next to none over the ordinary one."""
        before = {one.name: one for one in await self._interfaces("sender")}
        to = _reach(self.fast["receiver"].address)
        argv = ["/workload", "send", "--to", to, "--bytes", str(_BYTES), "--within", "15s"]
        ran = await self.bench.run("sender", argv, container=MAIN, within=30)
        after = await self._interfaces("sender")
        sent = {one.name: one.sent - before[one.name].sent for one in after if one.name in before}
        self.bench.control(
            "data from one pod to the other", sent=sent, bytes=_BYTES, code=ran.code, said=ran.stdout[:300]
        )
        name = self.fast["sender"].name
        if ran.code != 0:
            return f"the interfaces arrived and carry nothing: {_error(ran.stdout) or ran.stderr[:200]}"
        if sent.get(name, 0) < _BYTES:
            return f"{_BYTES} bytes arrived, and {sent.get(name, 0)} of them went over {name}"
        other = sum(count for one, count in sent.items() if one != name)
        if other > _SLACK:
            return f"while {_BYTES} bytes went over {name}, {other} went over other interfaces"
        self.story += (
            f"; {_BYTES >> 20} MiB went from one pod to the other over {name}, {sent[name]} bytes by the kernel's count"
        )
        return ""

    async def unclaimed(self) -> str:
        """The negative control: whoever claims none has none, and reaches nobody there."""
        if await runs(self.bench, pod(self.bench, "outsider", nodeName=self.node)) is None:
            raise CannotJudge("a pod without a claim does not run, so it cannot be seen that it has no such interface")
        there = await self._interfaces("outsider")
        to = _reach(self.fast["receiver"].address)
        argv = ["/workload", "send", "--to", to, "--bytes", "1", "--within", "3s"]
        ran = await self.bench.run("outsider", argv, container=MAIN, within=30)
        self.bench.control("a pod without a claim", interfaces=[one.name for one in there], reached=ran.code == 0)
        if len(there) != 1:
            return f"a pod without a claim has the interfaces {', '.join(one.name for one in there)}"
        if ran.code == 0:
            return f"a pod without a claim reaches {to}"
        self.story += "; a pod without a claim has one interface, and reaches nobody there"
        return ""


def _reach(address: str) -> str:
    return f"[{address}]:{_PORT}" if ":" in address else f"{address}:{_PORT}"


def _error(stdout: str) -> str:
    try:
        return str(msgspec.json.decode(stdout).get("error", ""))
    except (msgspec.DecodeError, AttributeError):
        return ""
