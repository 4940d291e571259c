"""How busy accelerators are, and how much of what is held does nothing."""

from __future__ import annotations

import msgspec

from seatrial.catalog.measures.over_time import average, busy
from seatrial.catalog.systems.device_metrics import IDLE
from seatrial.catalog.views.device_tracks import DeviceTrack, Point
from seatrial.model.fact import All
from seatrial.model.measure import Measure, Target
from seatrial.model.metric import OF_TALK, Means, metric
from seatrial.model.verdict import Verdict, not_applicable

_SOURCE = "exporters of accelerators, by way of the monitoring system"


@metric(
    "utilisation.of-held-accelerators", unit="%", target=Target(80, "%", f"{OF_TALK}, under sustained load", least=True)
)
def of_held_accelerators(devices: All[DeviceTrack], means: Means) -> list[Measure] | Verdict:
    """How busy the accelerators are that somebody holds.

    How: the mean over all points of the window at which a pod held the device, each device alike; by device, node and namespace.
    DCGM_FI_PROF_GR_ENGINE_ACTIVE where there is one, else DCGM_FI_DEV_GPU_UTIL, which counts any kernel that is resident; what other
    vendors call the same. Beside it the mean of all devices, and the share of held time in which a device did nothing.
    Fix: see by namespace and device who holds what and does not use it; share devices, or let what idles be stopped.
    """
    if not devices:
        return not_applicable("the monitoring system has no series of an accelerator")
    held = average("utilisation.of-held-accelerators", devices, busy, means, held=True, source=_SOURCE)
    every = average("utilisation.of-all-accelerators", devices, busy, means, held=False, source=_SOURCE)
    return [held, every, _wasted(devices, held, means)]


def _wasted(devices: All[DeviceTrack], held: Measure, means: Means) -> Measure:
    """Of the time for which devices were held, the share in which they did nothing."""
    idle = tuple(msgspec.structs.replace(one, busy=tuple(map(_idle, one.busy))) for one in devices)
    return average("utilisation.held-and-idle", idle, busy, means, held=True, source=f"points of less than {IDLE:.0%}")


def _idle(point: Point) -> Point:
    return msgspec.structs.replace(point, value=1.0 if point.value < IDLE else 0.0)
