"""Versions as drivers spell them: of different length, with and without leading zeros, with and without a suffix."""

from __future__ import annotations

import re
from functools import lru_cache

_NUMBERS = re.compile(r"v?(\d+(?:\.\d+)*)")


@lru_cache(maxsize=1024)  # of all the nodes of a pool the same is asked
def numbers(version: str) -> tuple[int, ...]:
    """``580.65.06`` and ``v580.65.6-1.el9`` are (580, 65, 6); nothing where it is no version."""
    match = _NUMBERS.match(version.strip())
    return tuple(int(part) for part in match[1].split(".")) if match else ()


def same(one: str, other: str) -> bool:
    """Whether they agree as far as both go. What is no version agrees with nothing."""
    a, b = numbers(one), numbers(other)
    shared = min(len(a), len(b))
    return shared > 0 and a[:shared] == b[:shared]
