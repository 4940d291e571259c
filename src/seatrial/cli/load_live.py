"""How a load goes while it goes: one line at the foot of a terminal, one line now and then elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from seatrial.cli.moments import length

if TYPE_CHECKING:
    from seatrial.app.load import Glimpse

_EVERY = 10.0  # seconds, where lines stay


@contextmanager
def watched(stream: TextIO | None = None) -> Iterator[Callable[[Glimpse], None]]:
    stream = stream or sys.stderr
    drawn = stream.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("CI")
    told = 0.0

    def tell(seen: Glimpse) -> None:
        nonlocal told
        if drawn:
            stream.write(f"\r\x1b[K{line(seen)}")
        elif seen.at - told >= _EVERY:
            told = seen.at
            stream.write(f"{line(seen)}\n")
        stream.flush()

    try:
        yield tell
    finally:
        if drawn:
            stream.write("\r\x1b[K")
            stream.flush()


def line(seen: Glimpse) -> str:
    rate = seen.requests / seen.at if seen.at > 0 else 0.0
    half, most = ("–" if one is None else f"{one * 1000:,.0f} ms" for one in seen.ttft)
    failed = f" · {seen.failed:,} failed" if seen.failed else ""
    left = f" · {length(seen.left)} left" if seen.left else ""
    return (
        f"{length(seen.at)} · {seen.requests:,} done, {rate:,.1f}/s · {seen.in_flight:,} in flight · "
        f"first token {half}, 99 % {most}{failed}{left}"
    )
