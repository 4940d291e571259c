"""A Claim is one item of the talk that seatrial was built after: what it says, what is true of it, and what covers it here."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Standing(StrEnum):
    REAL = "real"  # as it is said
    RENAMED = "renamed"  # it is called otherwise
    MISLEADING = "misleading"  # it exists, and does not do what is said
    WRONG = "wrong"  # there is no such thing; what was meant is covered under its real name
    UNVERIFIED = "unverified"  # a number or a story that nobody can check from here


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    id: str  # part.item
    said: str
    standing: Standing
    truth: str
    checks: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    later: str = ""  # what is not covered yet, and why

    @property
    def part(self) -> str:
        return self.id.partition(".")[0]
