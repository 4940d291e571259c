"""What of a pod's log counts: each part once, in order, and of its own shard."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from seatrial.app.load_shares import WAITS, Shares
from seatrial.model.load_result import Part


def line(shard: int, number: int, *, last: bool = False) -> bytes:
    return msgspec.json.encode(Part(shard=shard, number=number, until=0, last=last))


def numbers(shares: Shares, index: int, *lines: bytes) -> list[int]:
    return [part.number for part in (shares.part(index, one) for one in lines) if part is not None]


def test_a_log_that_is_read_anew_counts_once() -> None:
    shares, log = Shares(2), [line(1, 1), line(1, 2), line(1, 3, last=True)]
    assert numbers(shares, 1, *log[:2]) == [1, 2]
    assert numbers(shares, 1, *log) == [3]
    assert shares.is_whole(1)
    assert not shares.is_whole(0)


def test_a_part_that_is_missing_makes_the_pod_a_lost_one() -> None:
    shares = Shares(1)
    assert numbers(shares, 0, line(0, 1), line(0, 3), line(0, 2), line(0, 4, last=True)) == [1]
    assert not shares.is_whole(0)
    (doubt,) = shares.doubts()
    assert doubt.id == "lost-pod"
    assert "a part of its log is missing" in doubt.what


@pytest.mark.parametrize("stopping", [True, False])
def test_a_pod_that_somebody_else_ends_is_a_lost_one(stopping: bool) -> None:
    shares = Shares(1)
    shares.stopping = stopping
    part = shares.part(0, msgspec.json.encode(Part(shard=0, number=1, until=0, last=True, stopped=True)))
    assert part is not None
    assert part.last is shares.is_whole(0) is stopping
    assert [one.id for one in shares.doubts()] == ([] if stopping else ["lost-pod"])


@pytest.mark.parametrize("said", [b"", b"{", b'{"shard": "x"}', b"\xff\xfe", b"[" * 10_000, line(1, 1), line(0, 0)])
def test_a_log_is_anybodys_text(said: bytes) -> None:
    shares = Shares(1)
    assert shares.part(0, said) is None
    assert numbers(shares, 0, line(0, 1, last=True)) == [1]
    assert shares.doubts() == ()


def test_the_last_words_of_a_lost_pod_are_told_on_one_line() -> None:
    shares = Shares(1)
    shares.part(0, b"Traceback:")
    shares.part(0, b"no \x1b[31mnetwork")
    (doubt,) = shares.doubts()
    assert "Traceback:; no" in doubt.what
    assert "\x1b" not in doubt.what


def test_all_have_to_wait() -> None:
    async def waited() -> bool:
        shares = Shares(2)
        shares.part(0, WAITS)
        waiting = asyncio.create_task(shares.all_wait())
        await asyncio.sleep(0)
        assert not waiting.done()
        assert [one.what for one in shares.doubts(waiting=False)] == [
            "the pod with index 1 is lost: nothing came after 0 parts"
        ]
        shares.part(1, WAITS)
        await waiting
        return True

    assert asyncio.run(waited())
