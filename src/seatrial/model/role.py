"""A Role is a job that a System can do. A check written for a role runs once for each system that plays it."""

from __future__ import annotations

from typing import ClassVar

import msgspec


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """Concrete roles add their dialect: functions that turn one neutral workload into what their system understands."""

    title: ClassVar[str]

    player: str  # the id under which findings name this system in this role
    creates: tuple[str, ...] = ()  # resources that the dialect writes, beyond what the check itself writes
    looks_at: tuple[str, ...] = ()  # resources that are only read, when the check is at work
    holds: str = ""  # of what a check has to itself the part that it needs for this system; empty: all of it
    stand_in: bool = False  # judged only where no other system plays this role
