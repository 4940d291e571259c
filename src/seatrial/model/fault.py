"""A Fault is a named way to break a lab cluster, with the findings that must then fail, or the cause that is then diagnosed."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from seatrial.model.lab import LabLevel, LabSpec


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str
    fails: tuple[str, ...] = ()  # finding keys, ``check@subject``; ``check`` alone means whatever its subject
    silences: tuple[str, ...] = ()  # findings that cannot pass meanwhile, through no fault of what they judge
    diagnosed: str = ""  # the source of waiting, or ``deadlock``, that ``diagnose`` then names first
    change: Callable[[LabSpec], LabSpec]
    needs: tuple[str, ...] = ()  # systems that the lab must run
    level: LabLevel = LabLevel.CONTROL_PLANE
    kubernetes: tuple[str, ...] = ()  # the versions it applies to; empty means all
