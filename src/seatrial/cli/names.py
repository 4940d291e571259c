"""Names on the command line: how a list of them is written, and how a shell completes them from the catalog."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any


def comma(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def completed_by(action: argparse.Action, kind: str) -> None:
    """``kind`` is a mapping of the catalog, or ``pages`` for everything that has one."""

    def complete(**_: Any) -> Iterable[str]:
        from seatrial.app import explain, listing

        return explain.names() if kind == "pages" else listing.ids(kind)

    action.completer = complete  # type: ignore[attr-defined]  # the way of argcomplete
