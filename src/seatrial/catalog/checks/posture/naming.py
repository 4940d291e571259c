"""How checks name several things in one sentence: the first few, and how many more there are."""

from __future__ import annotations

from collections.abc import Iterable


def some(names: Iterable[str], most: int = 5) -> str:
    told = sorted(set(names))
    return ", ".join(told[:most]) + (f" and {len(told) - most} more" if len(told) > most else "")
