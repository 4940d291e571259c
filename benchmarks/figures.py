"""One measured figure, and the limit that it is held against."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    what: str
    seen: Sequence[float]
    unit: str
    limit: Sequence[float] = ()
    limit_is: str = ""

    def row(self) -> str:
        seen = statistics.median(self.seen)
        if not self.limit:
            return f"{self.what:<52}{seen:>9.2f} {self.unit:<3}"
        limit = statistics.median(self.limit)
        return f"{self.what:<52}{seen:>9.2f} {self.unit:<3}{limit:>8.2f} {self.unit:<3}{seen / limit:>7.2f}  {self.limit_is}"
