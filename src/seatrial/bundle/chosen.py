"""What is to be written: remedies, and why each of them was chosen."""

from __future__ import annotations

import msgspec

from seatrial.model.remedy import Fix, Remedy
from seatrial.model.verdict import Finding

STEPS = ("audit", "enforce")


class Chosen(msgspec.Struct, frozen=True):
    """A remedy with the failures that call for it, and its objects for this cluster."""

    remedy: Remedy
    findings: tuple[Finding, ...]
    fix: Fix

    @property
    def steps(self) -> tuple[str, ...]:
        """Without a mode that only tells there is one step; files that are no objects have none."""
        if self.fix.audit:
            return STEPS
        return ("enforce",) if self.fix.base or self.fix.enforce else ()
