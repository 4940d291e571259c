"""Isolation: a container opens the accelerators that it was given, and no other."""

from __future__ import annotations

from seatrial.catalog.checks.probe import MAIN, SIBLING, Device, asks, look, numbers, opened, pod, runs, unrecognised
from seatrial.catalog.roles import AcceleratorSource
from seatrial.catalog.systems.kubernetes.core import host_of
from seatrial.kit.together import together
from seatrial.model.check import check
from seatrial.model.errors import CannotJudge
from seatrial.model.verdict import Severity, Verdict, failed, passed, unknown
from seatrial.model.workbench import Workbench

# What tenants set in the hope that a container runtime hands out devices that nobody granted.
TRICKS = ("NVIDIA_VISIBLE_DEVICES", "AMD_VISIBLE_DEVICES", "SEATRIAL_VISIBLE_DEVICES")


@check(
    "isolation.containers-open-only-their-own-accelerators",
    severity=Severity.CRITICAL,
    creates=("pods",),
    exclusive=("accelerators",),
    uses=("exec",),
)
async def containers_open_only_their_own_accelerators(source: AcceleratorSource, bench: Workbench) -> Verdict:
    """A container opens exactly the accelerators that its own request was granted.

    Why: whoever opens a neighbour's device reads its memory and its model, and reaches the driver of the whole node.
    Fix: let a device plugin or a DRA driver mediate all access; no privileged pods, no hostPath to /dev, and no runtime
    that heeds NVIDIA_VISIBLE_DEVICES of an unprivileged container.
    """
    if not source.devices:
        return unrecognised(source)
    scene = _Scene(source, bench)
    if not await scene.set():
        return failed("; ".join(scene.problems))
    await scene.outsiders()
    if scene.problems:
        return failed("; ".join(scene.problems))
    return unknown(scene.alone) if scene.alone else passed(scene.story)


class _Scene:
    """Two owners on one node, each with a device of its own, and everybody who may have none."""

    def __init__(self, source: AcceleratorSource, bench: Workbench) -> None:
        self.source, self.bench = source, bench
        self.problems: list[str] = []
        self.story = ""
        self.alone = ""
        self.node = ""
        self.mine: tuple[Device, ...] = ()
        self.theirs: tuple[Device, ...] = ()

    async def set(self) -> bool:
        """The positive control: who asks for one device can open one. Without it the rest would prove nothing."""
        first = await asks(self.bench, self.source, pod(self.bench, "owner", containers=(MAIN, SIBLING)))
        if first is None:
            raise CannotJudge("a pod that asks for one accelerator does not run, so nobody can look at devices")
        self.node = host_of(first, first["spec"]["nodeName"])
        self.mine = opened(await look(self.bench, self.source, "owner"))
        self.bench.control("a container that asked for one accelerator", opened=_names(self.mine))
        if len(self.mine) != 1:
            self.problems.append(
                f"a container that asked for one accelerator opens {len(self.mine)}: {_names(self.mine)}"
            )
        second = await asks(self.bench, self.source, pod(self.bench, "neighbour", node=self.node))
        if second is None:
            self.alone = "no second device was free on this node, so whether two pods open each other's was not seen"
            self.bench.note(self.alone)
        else:
            self.theirs = opened(await look(self.bench, self.source, "neighbour", forge=numbers(self.mine)))
            self._compare()
        return bool(self.mine)

    def _compare(self) -> None:
        shared = set(numbers(self.mine)) & set(numbers(self.theirs))
        if shared:
            self.problems.append(f"two pods that asked for one accelerator each both open {', '.join(sorted(shared))}")
        elif len(self.theirs) != 1:
            self.problems.append(f"the second pod opens {len(self.theirs)} accelerators: {_names(self.theirs)}")

    async def outsiders(self) -> None:
        """The negative controls: a sibling container, a pod without a request, and two who try to get in."""
        everyones = numbers((*self.mine, *self.theirs))
        sibling = await look(self.bench, self.source, "owner", SIBLING, forge=everyones)
        self._shut("the sibling container without a request", sibling)
        mine = await look(
            self.bench, self.source, "owner", forge=tuple(n for n in everyones if n not in numbers(self.mine))
        )
        self._shut("the owner of one device, at another's", tuple(d for d in mine if d.how == "mknod"))
        await together(
            self._outsider("no-request", "a pod without a request on the same node", everyones),
            self._outsider("asks-by-environment", f"a pod that sets {TRICKS[0]}=all", everyones, env=True),
            self._host_path(everyones),
        )
        self.story = (
            f"each of two pods opens one accelerator of its own; {len(everyones)} device(s) stay shut to a sibling container, a pod "
            "without a request, one that asks by environment variable, and one that mounts the host's /dev"
        )

    async def _outsider(self, name: str, who: str, everyones: tuple[str, ...], *, env: bool = False) -> None:
        plain = pod(self.bench, name, node=self.node)
        if env:
            plain["spec"]["containers"][0]["env"] = [{"name": trick, "value": "all"} for trick in TRICKS]
        if await runs(self.bench, plain) is None:
            raise CannotJudge(f"{who} does not run, so it cannot be seen what it may open")
        self._shut(who, await look(self.bench, self.source, name, forge=everyones))

    async def _host_path(self, everyones: tuple[str, ...]) -> None:
        """Admission may refuse the mount; if it does not, the devices must still be shut."""
        plain = pod(self.bench, "mounts-dev", node=self.node, volumes=[{"name": "dev", "hostPath": {"path": "/dev"}}])
        plain["spec"]["containers"][0]["volumeMounts"] = [{"name": "dev", "mountPath": "/host-dev"}]
        if not await self.bench.admits(plain):
            self.bench.control("a pod that mounts the host's /dev", admitted=False)
            return
        if await runs(self.bench, plain) is None:
            raise CannotJudge("a pod that mounts the host's /dev was admitted and does not run")
        self._shut(
            "a pod that mounts the host's /dev", await look(self.bench, self.source, "mounts-dev", forge=everyones)
        )

    def _shut(self, who: str, seen: tuple[Device, ...]) -> None:
        got = opened(seen)
        self.bench.control(
            who, opened=_names(got), refused={device.path: device.error for device in seen if not device.opened}
        )
        if got:
            self.problems.append(f"{who} opens {_names(got)}")


def _names(devices: tuple[Device, ...]) -> list[str]:
    return [f"{device.path} ({device.number})" for device in devices]
