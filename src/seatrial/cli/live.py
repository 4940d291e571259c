"""The live view of work under way. Apart from ``progress``, so that plain lines need not import rich."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from seatrial.cli.moments import ended, length
from seatrial.kit.text import one_line
from seatrial.model.progress import Event, State

_MOST = 8  # pieces of work under way that are shown; a fleet of them would push the rest off the screen


class LiveView:
    """What is under way at the foot of the screen, with a spinner; what has ended goes by above it."""

    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        self._console = Console(file=stream, highlight=False, markup=False, emoji=False)
        self._live = Live(self, console=self._console, refresh_per_second=8, transient=True, redirect_stdout=False)
        self._clock = clock
        self._work: dict[str, tuple[float, Event]] = {}
        self._spinner = Spinner("dots")

    def __enter__(self) -> LiveView:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._live.stop()

    def tell(self, event: Event) -> None:
        began, before = self._work.get(event.what, (self._clock(), event))
        if event.state in (State.DONE, State.FAILED):
            self._work.pop(event.what, None)
            style = "green" if event.state is State.DONE else "red"
            self._console.print(Text(ended(event, self._clock() - began), style=style))
            return
        self._work[event.what] = (began, _merged(before, event))

    @property
    def is_drawing(self) -> bool:
        return self._live.is_started

    @contextmanager
    def paused(self) -> Iterator[None]:
        self._live.stop()
        try:
            yield
        finally:
            self._live.start()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rows = Table.grid(padding=(0, 1))
        work = list(self._work.values())
        for began, event in work[:_MOST]:
            rows.add_row(self._spinner, *_cells(event, self._clock() - began))
        if len(work) > _MOST:
            rows.add_row("", Text(f"and {len(work) - _MOST} more", style="dim"))
        yield rows


def _merged(before: Event, event: Event) -> Event:
    """A later event without an estimate keeps that of the earlier one."""
    return (
        event
        if event.expected is not None
        else Event(event.what, event.state, event.detail, event.fraction, before.expected)
    )


def _cells(event: Event, took: float) -> tuple[Text, Text, Text]:
    usual = f" of about {length(event.expected)}" if event.expected else ""
    share = f"{event.fraction:.0%} " if event.fraction is not None else ""
    return (
        Text(one_line(event.what, limit=80)),
        Text(f"{share}{length(took)}{usual}", style="cyan"),
        Text(one_line(event.detail, limit=80), style="dim", overflow="ellipsis", no_wrap=True),
    )
