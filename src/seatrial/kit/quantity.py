"""Amounts as Kubernetes writes them: ``8``, ``500m``, ``80Gi``, ``1e3``."""

from __future__ import annotations

import re
from decimal import Decimal

_FORM = re.compile(r"([+-]?[0-9]*\.?[0-9]+)([eE][+-]?[0-9]{1,3}|[numkKMGTPE]i?)?")
_LONGEST = 64  # characters; to reckon with a million digits takes minutes
_POWERS = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


def parse(text: str | int | float) -> Decimal:
    """The amount as a number; ``ValueError`` where the text is none."""
    written = str(text).strip()
    match = _FORM.fullmatch(written) if len(written) <= _LONGEST else None
    if match is None:
        raise ValueError(f"{text!r} is not a quantity")
    number, suffix = Decimal(match[1]), match[2] or ""
    if suffix in _BINARY:
        return number * Decimal(1024) ** _BINARY[suffix]
    if suffix in _POWERS:
        return number.scaleb(_POWERS[suffix])
    if suffix and suffix[0] in "eE":
        return number.scaleb(int(suffix[1:]))
    if suffix:
        raise ValueError(f"{text!r} is not a quantity")
    return number


def whole(text: str | int | float) -> int:
    """The amount in whole units, rounded down: nobody gets a part of a device."""
    return int(parse(text))
