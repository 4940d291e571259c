"""How full the memory of accelerators is, and how full the caches of those model servers that take all of it at once."""

from __future__ import annotations

from seatrial.catalog.measures.over_time import average, doubts, full
from seatrial.catalog.systems.served_models import CacheTrack
from seatrial.catalog.views.device_tracks import DeviceTrack
from seatrial.model.fact import All
from seatrial.model.measure import Measure, Row, Target, doubted
from seatrial.model.metric import OF_TALK, Means, metric
from seatrial.model.verdict import Verdict, not_applicable

_SOURCE = "exporters of accelerators, by way of the monitoring system"


@metric("memory.of-held-accelerators", unit="%", target=Target(90, "%", f"{OF_TALK}: less than 10 % idle", least=True))
def of_held_accelerators(devices: All[DeviceTrack], caches: All[CacheTrack], means: Means) -> list[Measure] | Verdict:
    """How full the memory of the accelerators is that somebody holds.

    How: used of used and free, the mean over all points of the window at which a pod held the device; by device, node and namespace.
    Model servers take all memory when they start, whether they need it or not: how full their key-value caches are stands beside it.
    Fix: see by namespace and device who holds memory and does not use it; give small models a part of a device.
    """
    if not devices and not caches:
        return not_applicable("the monitoring system has no series of the memory of an accelerator")
    found = [average("memory.of-held-accelerators", devices, full, means, held=True, source=_SOURCE)]
    return [*found, _caches(caches, means)] if caches else found


def _caches(caches: All[CacheTrack], means: Means) -> Measure:
    means_of = [(one, sum(value for _, value in one.points) / len(one.points)) for one in caches]
    times = [at for one in caches for at, _ in one.points]
    value = round(100 * sum(mean for _, mean in means_of) / len(means_of), 2)
    rows = (
        Row(
            by="server",
            name=f"{one.label('namespace')}/{one.label('pod', 'instance')}",
            value=round(100 * mean, 1),
            unit="%",
        )
        for one, mean in means_of
    )
    covered = max(times) - min(times) + means.step
    measure = Measure(
        id="memory.of-key-value-caches",
        value=value,
        unit="%",
        low=max(0.0, value - 0.5),
        high=min(100.0, value + 0.5),
        source=caches[0].label("__name__"),
        samples=len(times),
        seconds=round(covered, 1),
        rows=tuple(rows),
    )
    return doubted(measure, *doubts(len(times), covered, means, "key-value cache"))
