"""Fractions that are none, virtual devices that are whole ones, and fast interfaces that do not arrive or carry nothing."""

from __future__ import annotations

from seatrial.catalog.faults.changes import misbehaves
from seatrial.catalog.faults.devices import CARDS, VIRTUAL
from seatrial.model.fault import Fault
from seatrial.model.lab import LabLevel

SHARED = "sharing.fractions-share-one-device-and-are-scheduled@lab-shared-accelerator"

FRACTIONS_ARE_OTHER_DEVICES = Fault(
    id="fractions-are-other-devices",
    title="the device plugin hands out another whole device for each fraction of one",
    fails=(SHARED,),
    change=misbehaves("share-others"),
    level=LabLevel.NODE,
)

FRACTIONS_ON_PAPER = Fault(
    id="fractions-on-paper",
    title="the device plugin offers fractions, and gives the whole device to the first that asks for one",
    fails=(SHARED,),
    change=misbehaves("share-once"),
    level=LabLevel.NODE,
)

VIRTUAL_IS_WHOLE = Fault(
    id="virtual-is-whole",
    title="who claims a virtual accelerator gets the physical one of which it is a part",
    fails=(VIRTUAL,),
    change=misbehaves("hand-out-parent"),
    level=LabLevel.NODE,
)

INTERFACES_STAY = Fault(
    id="interfaces-stay",
    title="claims for fast interfaces are prepared, and no interface arrives",
    fails=(CARDS,),
    change=misbehaves("nic-stays"),
    level=LabLevel.NODE,
)

INTERFACES_UNPLUGGED = Fault(
    id="interfaces-unplugged",
    title="claimed interfaces arrive with their addresses, and are connected to nothing",
    fails=(CARDS,),
    change=misbehaves("nic-unplugged"),
    level=LabLevel.NODE,
)
