"""Amounts as one reads them."""

from __future__ import annotations

from seatrial.catalog.systems.kubernetes.requests import UNIT


def told(resource: str, amount: int) -> str:
    """CPUs in parts, memory in GiB, devices as they are."""
    if resource in ("memory", "ephemeral-storage"):
        return f"{amount / UNIT / 2**30:,.1f} GiB"
    return f"{amount / UNIT:,.4g}"


def many(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
