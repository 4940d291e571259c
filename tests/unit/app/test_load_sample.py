"""A load beside a loop that goes on: told like any other, and gone at once when it is not wanted any more."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from seatrial.app.load_sample import sent
from seatrial.model.load_result import Ending, LoadResult
from tests.unit.measure.run import open_plan
from tests.unit.measure.server import Server, plain, serving


def test_the_loop_goes_on_while_load_is_sent() -> None:
    async def beside(url: str) -> tuple[LoadResult, int]:
        work, turns = asyncio.create_task(sent(open_plan(url, rate=40, seconds=0.5))), 0
        while not work.done():
            turns += 1
            await asyncio.sleep(0.01)
        return await work, turns

    with serving(plain(tokens=2, ttft=0, gap=0)) as server:
        found, turns = asyncio.run(beside(server.url))
    assert found.endings == {Ending.OK: 20}
    assert turns > 10


def test_cancelled_it_waits_for_nothing_and_leaves_no_process() -> None:
    async def cut_off(server: Server) -> None:
        work = asyncio.create_task(sent(open_plan(server.url, rate=40, seconds=3600)))
        while not server.asked:  # noqa: ASYNC110 - it is asked in another thread
            await asyncio.sleep(0.01)
        assert _workers()
        work.cancel()
        await work

    with serving(plain(tokens=2, ttft=0, gap=0)) as server, pytest.raises(asyncio.CancelledError):
        asyncio.run(cut_off(server))
    assert not _workers()


def _workers() -> list[int]:
    """Processes of this one that send load."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words, stat = entry.read_bytes(), entry.with_name("stat").read_text(encoding="ascii", errors="replace")
        except OSError:
            continue
        if b"seatrial.measure.worker" in words and int(stat.rpartition(")")[2].split()[1]) == os.getpid():
            found.append(int(entry.parent.name))
    return found
