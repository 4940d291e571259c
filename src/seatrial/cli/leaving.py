"""The end of the process: what was read is not taken apart piece by piece, which takes half a second for a large cluster."""

from __future__ import annotations

import os
import sys

_kept: list[object] = []


def keep(one: object) -> None:
    """Until the process ends."""
    _kept.append(one)


def leave(code: int) -> int:
    """The exit code; where something is kept, the process ends here with it."""
    if _kept:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code
