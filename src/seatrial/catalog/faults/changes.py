"""The ways in which a fault changes a lab: each returns a function from one LabSpec to another that keeps all else."""

from __future__ import annotations

import msgspec

from seatrial.model.fact import Obj
from seatrial.model.fault import Change
from seatrial.model.lab import LabSpec


def adds(*objects: Obj, undone_by: str, mended_by: str = "") -> Change:
    """These objects are in the cluster, too."""
    return Change(lambda spec: msgspec.structs.replace(spec, objects=(*spec.objects, *objects)), undone_by, mended_by)


def sets(system: str, **settings: object) -> Change:
    """A system has other settings."""

    def change(spec: LabSpec) -> LabSpec:
        theirs = {**spec.settings.get(system, {}), **settings}
        return msgspec.structs.replace(spec, settings={**spec.settings, system: theirs})

    return Change(change, f"correct the configuration of {system}, which its program reads from a file of its own")


def leaves_out(*names: str) -> Change:
    """Processes by name, and objects as Kind/name, of the lab's systems."""
    told = ", ".join(f"install {one} again" if "/" in one else f"start {one} again" for one in names)
    return Change(lambda spec: msgspec.structs.replace(spec, without=(*spec.without, *names)), told)


def misbehaves(how: str) -> Change:
    """The lab's driver has one more bug; which ones it can have says lab/programs/kube/accelerator."""

    def change(spec: LabSpec) -> LabSpec:
        bugs = (*spec.accelerators.misbehaviour, how)
        return msgspec.structs.replace(spec, accelerators=msgspec.structs.replace(spec.accelerators, misbehaviour=bugs))

    return Change(change, "put another version of the driver in its place: what it does on the node no object tells it")


def misreports(how: str) -> Change:
    """The lab's exporters have one more bug."""

    def change(spec: LabSpec) -> LabSpec:
        bugs = (*spec.accelerators.metrics, how)
        return msgspec.structs.replace(spec, accelerators=msgspec.structs.replace(spec.accelerators, metrics=bugs))

    return Change(change, "put another version of the exporter in its place, or give it its full list of metrics")
