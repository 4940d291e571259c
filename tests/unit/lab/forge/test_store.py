from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.lab.forge import store
from seatrial.model.errors import BuildError
from seatrial.model.progress import Event, silent


async def fill(folder: Path) -> str:
    folder.joinpath("bin").mkdir()
    folder.joinpath("bin", "tool").write_text("made")
    return "made by a test"


async def test_what_is_made_is_found_again_with_its_origin() -> None:
    made = await store.make("tool", "k", fill, tell=silent)
    assert store.find("tool", "k", sure=True, tell=silent) == made
    assert made.program("tool").read_text() == "made"
    assert made.origin == "made by a test"
    assert store.find("tool", "another key", sure=False, tell=silent) is None


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda tool: tool.unlink(), "is missing"),
        (lambda tool: tool.write_text("shorter"), "bytes instead of"),
        (lambda tool: tool.write_text("edam"), "another sha256"),
    ],
)
async def test_what_is_damaged_is_removed_and_said(damage: object, words: str, told: list[Event]) -> None:
    made = await store.make("tool", "k", fill, tell=silent)
    damage(made.program("tool"))  # type: ignore[operator]
    assert store.find("tool", "k", sure=False, tell=told.append) is None
    assert words in told[0].detail
    assert not made.folder.exists()


async def test_a_change_that_keeps_size_and_time_is_only_seen_when_one_wants_to_be_sure() -> None:
    made = await store.make("tool", "k", fill, tell=silent)
    tool = made.program("tool")
    times = (tool.stat().st_atime_ns, tool.stat().st_mtime_ns)
    tool.write_text("edam")
    os.utime(tool, ns=times)
    assert store.find("tool", "k", sure=False, tell=silent) == made
    assert store.find("tool", "k", sure=True, tell=silent) is None


async def test_an_artifact_that_was_only_touched_is_still_good() -> None:
    made = await store.make("tool", "k", fill, tell=silent)
    made.program("tool").touch()
    assert store.find("tool", "k", sure=False, tell=silent) == made


async def test_two_at_once_share_one_making(monkeypatch: pytest.MonkeyPatch, told: list[Event]) -> None:
    monkeypatch.setattr(store, "_LOOK_AGAIN", 0.001)
    begun, go_on, makings = asyncio.Event(), asyncio.Event(), []

    async def slow(folder: Path) -> str:
        makings.append(folder)
        begun.set()
        await go_on.wait()
        return await fill(folder)

    first = asyncio.create_task(store.make("tool", "k", slow, tell=silent))
    await begun.wait()
    waits = asyncio.Event()

    def tell(event: Event) -> None:
        told.append(event)
        waits.set()

    second = asyncio.create_task(store.make("tool", "k", slow, tell=tell))
    await waits.wait()
    go_on.set()
    assert await first == await second
    assert len(makings) == 1
    assert "waiting" in told[0].detail


async def test_what_fails_leaves_nothing_and_can_be_tried_again(cache: Path) -> None:
    async def fails(folder: Path) -> str:
        folder.joinpath("half").write_text("half")
        raise BuildError("no")

    with pytest.raises(BuildError, match="no"):
        await store.make("tool", "k", fails, tell=silent)
    assert list(cache.joinpath("parts").iterdir()) == []
    assert (await store.make("tool", "k", fill, tell=silent)).program("tool").exists()


async def test_what_a_killed_process_left_is_cleared(cache: Path) -> None:
    made = await store.make("tool", "k", fill, tell=silent)
    left = cache / "parts" / f"{made.folder.name}.dead"
    other = cache / "parts" / "other-0000.alive"
    left.mkdir()
    other.mkdir()
    made.program("tool").unlink()
    await store.make("tool", "k", fill, tell=silent)
    assert not left.exists()
    assert other.exists()


async def test_a_full_disk_is_explained() -> None:
    async def full(folder: Path) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(BuildError, match="No space left") as caught:
        await store.make("tool", "k", full, tell=silent)
    assert "make room" in caught.value.way_out


@given(st.lists(st.text()), st.lists(st.text()))
def test_different_parts_have_different_digests(one: list[str], other: list[str]) -> None:
    assert (store.digest(one) == store.digest(other)) == (one == other)
