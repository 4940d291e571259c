"""A Fault is a named way to break a lab cluster, with the findings that must then fail, or the cause that is then diagnosed."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from seatrial.model.lab import LabLevel, LabSpec


class Change(msgspec.Struct, frozen=True):
    """What a fault does to a lab, and what a person does about it who finds his own cluster so."""

    make: Callable[[LabSpec], LabSpec]
    undone_by: str
    mended_by: str = ""  # the remedy that `harden` then writes; empty where no file for the API server mends it

    def __call__(self, spec: LabSpec) -> LabSpec:
        return self.make(spec)


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str
    fails: tuple[str, ...] = ()  # finding keys, ``check@subject``; ``check`` alone means whatever its subject
    silences: tuple[str, ...] = ()  # findings that cannot pass meanwhile, through no fault of what they judge
    diagnosed: str = ""  # the source of waiting, or ``deadlock``, that ``diagnose`` then names first
    change: Change
    needs: tuple[str, ...] = ()  # systems that the lab must run
    level: LabLevel = LabLevel.CONTROL_PLANE
    kubernetes: tuple[str, ...] = ()  # the versions it applies to; empty means all
