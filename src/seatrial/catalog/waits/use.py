"""Devices that are held and do little: idle for long, or too hot to run at full speed. The monitoring system tells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from seatrial.catalog.systems.device_metrics import (
    HOTTEST,
    IDLE,
    IDLE_FOR,
    DeviceTemperature,
    DeviceUseOfLate,
    device_of,
    pods_of,
)
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.waits.amounts import many
from seatrial.catalog.waits.groups import Group
from seatrial.model.fact import All, Fact, Meta, Series, Snapshot, View
from seatrial.model.wait import Action, Certainty, Found, Wait, source


class HeldDevice(View, frozen=True):
    """What a metric says of one device that a running pod holds."""

    of = "held-devices"
    drawn_from = (Pod, DeviceUseOfLate, DeviceTemperature)

    pod: Pod = Pod()
    device: str = ""
    use: float | None = None  # the most of late
    temperature: float | None = None
    hottest: float = 0.0  # where devices of its kind begin to slow down

    @classmethod
    def draw(cls, snapshot: Snapshot) -> Iterable[Fact]:
        if not snapshot.all(DeviceUseOfLate) and not snapshot.all(DeviceTemperature):
            return
        pods = {(one.metadata.namespace, one.name): one for one in snapshot.all(Pod) if one.status.phase == "Running"}
        for used in snapshot.all(DeviceUseOfLate):
            if (pod := _holder(used, pods)) is not None:
                yield cls(metadata=Meta(name=device_of(used)), pod=pod, device=device_of(used), use=used.value)
        for hot in snapshot.all(DeviceTemperature):
            hottest = HOTTEST.get(hot.label("__name__"), 0.0)
            if hottest and (pod := _holder(hot, pods)) is not None:
                name = device_of(hot)
                yield cls(metadata=Meta(name=name), pod=pod, device=name, temperature=hot.value, hottest=hottest)


def _holder(series: Series, pods: dict[tuple[str, str], Pod]) -> Pod | None:
    return next((pods[who] for who in pods_of(series) if who in pods), None) if device_of(series) else None


def _of_groups(groups: All[Group], held: All[HeldDevice]) -> Iterator[tuple[Group, list[HeldDevice]]]:
    by_pod: dict[int, list[HeldDevice]] = {}
    for one in held:
        by_pod.setdefault(id(one.pod), []).append(one)
    for group in groups if by_pod else ():
        found = [one for pod in group.placed for one in by_pod.get(id(pod), ())]
        if found:
            yield group, found


@source("use.device-idles")
def device_idles(groups: All[Group], held: All[HeldDevice]) -> Iterator[Found]:
    """Devices that a workload holds do nothing.

    Why: it waits for data or for others, was forgotten, or asked for more devices than it uses; nobody else can have them.
    Prevent: alert on devices that are held and idle, and end notebooks and servers that nobody uses.
    """
    for group, found in _of_groups(groups, held):
        idle = [one for one in found if one.use is not None and one.use < IDLE]
        if idle:
            known = sum(one.use is not None for one in found)
            yield Wait(
                waiter=group.subject,
                holder=f"idle devices of {group.subject}",
                what="work for its devices",
                because=f"{many(len(idle), 'device')} of {known} that it holds did nothing for {IDLE_FOR} minutes: {', '.join(sorted(one.device for one in idle)[:5])}",
                missing=len(idle),
                certainty=Certainty.CERTAIN,
                stops=False,
                actions=(Action(f"see what {group.subject} waits for, or give its devices back"),),
            )


@source("use.device-is-too-hot")
def device_is_too_hot(groups: All[Group], held: All[HeldDevice]) -> Iterator[Found]:
    """Devices that a workload holds are so hot that they slow down.

    Why: from some temperature on an accelerator lowers its clock, and a gang goes as slowly as its slowest device.
    Prevent: alert below that temperature, and keep air and coolant flowing before a rack is filled.
    """
    for group, found in _of_groups(groups, held):
        hot = [one for one in found if one.temperature is not None and one.temperature >= one.hottest]
        for node in sorted({one.pod.spec.node_name for one in hot}):
            there = [one for one in hot if one.pod.spec.node_name == node]
            most = max(one.temperature or 0.0 for one in there)
            yield Wait(
                waiter=group.subject,
                holder=f"hot devices of nodes/{node}",
                what="a cool device",
                because=f"{many(len(there), 'device')} of nodes/{node} have up to {most:.0f} °C; such devices slow down from {there[0].hottest:.0f} °C",
                missing=len(there),
                stops=False,
                actions=(Action(f"see to the cooling of nodes/{node}, or move the work"),),
            )
