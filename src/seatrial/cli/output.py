"""Results go to standard output or to a file; everything else goes to standard error."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TextIO

from seatrial.model.errors import UsageError


def write(text: str, to: Path | None = None) -> None:
    """To the file where there is one: whole or not at all, and for this user's eyes only."""
    if to is None or str(to) == "-":
        sys.stdout.write(text)
        return
    from seatrial.kit import files

    try:
        files.write(to, text.encode())
    except OSError as error:
        raise UsageError(f"{to} cannot be written: {error.strerror}", way_out="name another file") from error


def expect(to: Path | None) -> None:
    """Before what takes long, so that it does not end at a place that cannot be written."""
    if to is None or str(to) == "-":
        return
    if to.is_dir() or not os.access(to.parent, os.W_OK | os.X_OK):
        raise UsageError(f"{to} cannot be written", way_out="name another file")


def colour(to: Path | None = None) -> bool:
    return to is None and _wants_colour(sys.stdout)


def stderr_colour() -> bool:
    return _wants_colour(sys.stderr)


def _wants_colour(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
