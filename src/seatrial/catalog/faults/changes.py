"""The ways in which a fault changes a lab: each returns a function from one LabSpec to another that keeps all else."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from seatrial.model.fact import Obj
from seatrial.model.lab import LabSpec

Change = Callable[[LabSpec], LabSpec]


def adds(*objects: Obj) -> Change:
    """These objects are in the cluster, too."""
    return lambda spec: msgspec.structs.replace(spec, objects=(*spec.objects, *objects))


def sets(system: str, **settings: object) -> Change:
    """A system has other settings."""

    def change(spec: LabSpec) -> LabSpec:
        theirs = {**spec.settings.get(system, {}), **settings}
        return msgspec.structs.replace(spec, settings={**spec.settings, system: theirs})

    return change


def leaves_out(*names: str) -> Change:
    """Processes by name, and objects as Kind/name, of the lab's systems."""
    return lambda spec: msgspec.structs.replace(spec, without=(*spec.without, *names))


def misbehaves(how: str) -> Change:
    """The lab's driver has one more bug; which ones it can have says lab/programs/kube/accelerator."""

    def change(spec: LabSpec) -> LabSpec:
        bugs = (*spec.accelerators.misbehaviour, how)
        return msgspec.structs.replace(spec, accelerators=msgspec.structs.replace(spec.accelerators, misbehaviour=bugs))

    return change


def misreports(how: str) -> Change:
    """The lab's exporters have one more bug."""

    def change(spec: LabSpec) -> LabSpec:
        bugs = (*spec.accelerators.metrics, how)
        return msgspec.structs.replace(spec, accelerators=msgspec.structs.replace(spec.accelerators, metrics=bugs))

    return change
