"""Runs what takes time to its end, or until somebody says stop: Ctrl-C and SIGTERM cancel it, and it cleans up after itself."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def complete(work: Coroutine[Any, Any, T]) -> T:
    """The result of the work; KeyboardInterrupt where it was stopped and had none."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)  # facts by the million stay until the end, and looking through them finds nothing
    try:
        return asyncio.run(_stoppable(work))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


async def _stoppable(work: Coroutine[Any, Any, T]) -> T:
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # a job in the background is not for Ctrl-C
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await work
