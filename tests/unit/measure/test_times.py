"""The times that are told are those that were: against a server that knows when it wrote what."""

from __future__ import annotations

import asyncio
import time

import pytest

from seatrial.measure.prompts import Requests
from seatrial.model.load import Limits, Slo
from seatrial.model.load_result import Ending, Mark
from tests.unit.measure.run import closed_plan, open_plan, parts_of, result_of, row_of
from tests.unit.measure.server import DONE, HEAD, Answer, chunk, event, plain, serving, usage

MS = 1_000_000


@pytest.mark.parametrize("stamps", [True, False], ids=["kernel", "loop"])
def test_no_token_comes_before_it_was_written(stamps: bool) -> None:
    """However busy the machine: what is told can be late, and never early."""
    with serving(plain(tokens=5, ttft=0.02, gap=0.01)) as server:
        row = row_of(closed_plan(server.url, kernel_stamps=stamps))
        written = server.asked[0].written
    assert row.first - row.sent >= 20 * MS
    assert row.last - row.sent >= written[4] - server.asked[0].arrived
    assert row.end - row.sent >= 60 * MS
    assert (row.tokens_in, row.tokens_out, row.chunks) == (7, 5, 5)


def test_kernel_stamps_do_not_wait_for_the_loop() -> None:
    """A loop that was away for 150 ms learns late of what came; when it came is known all the same."""
    with serving(plain(tokens=6, ttft=0.01, gap=0.01)) as server:

        class Sleepy(Requests):
            """Builds the second request slowly, while the first is answered."""

            def build(self, index: int) -> tuple[int, bytes]:
                if index == 1:
                    time.sleep(0.15)
                return super().build(index)

        parts = parts_of(open_plan(server.url, rate=100, seconds=0.02), Sleepy)
    first = next(row for part in parts for row in part.rows if row.index == 0)
    assert first.last - first.first < 120 * MS  # 50 ms by the server's clock
    assert first.ending is Ending.OK


def test_a_stall_is_seen() -> None:
    async def script(answer: Answer) -> None:
        await answer.raw(HEAD + chunk(event()))
        await answer.piece(event())
        await asyncio.sleep(0.5)
        await answer.raw(chunk(event(finish="stop")) + chunk(usage(1, 3)) + chunk(DONE) + b"0\r\n\r\n")

    with serving(script) as server:
        result = result_of(closed_plan(server.url, limits=Limits(stall=0.3)))
    assert result.marks[Mark.STALLED] == 1
    assert result.distributions.gaps.most >= 500 * MS
    assert result.distributions.per_token.most >= 500 * MS


def test_several_tokens_to_an_event_are_shared_out() -> None:
    """Four tokens every 40 ms are a token every 10 ms; between reads there are 40."""

    async def script(answer: Answer) -> None:
        await answer.raw(HEAD + chunk(event("a b c d")))
        for number in range(1, 4):
            await asyncio.sleep(0.04)
            await answer.piece(event("a b c d", finish="stop" if number == 3 else None))
        await answer.raw(chunk(usage(1, 16)) + chunk(DONE) + b"0\r\n\r\n")

    with serving(script) as server:
        result = result_of(closed_plan(server.url))
    seen = result.distributions
    assert seen.per_token.sum == pytest.approx(seen.gaps.sum, rel=0.01)
    assert seen.per_token.total == 12
    assert seen.gaps.total == 3
    assert (result.tokens_out, result.chunks) == (16, 4)


def test_events_that_come_in_one_read_share_its_moment_and_are_marked() -> None:
    async def script(answer: Answer) -> None:
        await answer.raw(HEAD + chunk(event()))
        await asyncio.sleep(0.03)
        await answer.raw(chunk(event()) * 2 + chunk(event(finish="stop")))
        await answer.raw(chunk(usage(1, 4)) + chunk(DONE) + b"0\r\n\r\n")

    with serving(script) as server:
        result = result_of(closed_plan(server.url))
    seen = result.distributions
    assert result.marks[Mark.COALESCED] == 1
    assert (seen.gaps.total, seen.per_token.total) == (1, 3)
    assert seen.per_token.sum == pytest.approx(seen.gaps.sum, rel=0.01)


def test_constant_arrivals_are_due_at_equal_distances_and_sent_no_sooner() -> None:
    with serving(plain(tokens=1, ttft=0, gap=0)) as server:
        result = result_of(open_plan(server.url, rate=100, seconds=0.5))
    assert result.requests == 50
    assert result.validity.asked_variation == pytest.approx(0.0, abs=1e-6)
    assert result.distributions.due_gaps.least == result.distributions.due_gaps.most == 10 * MS


def test_a_slow_client_inflates_what_is_told_from_when_it_was_due_and_is_not_valid() -> None:
    """The coordinated omission: a client that is busy must not call the server quick."""

    class Slow(Requests):
        def build(self, index: int) -> tuple[int, bytes]:
            time.sleep(0.02)
            return super().build(index)

    with serving(plain(tokens=1, ttft=0, gap=0)) as server:
        result = result_of(open_plan(server.url, rate=200, seconds=0.3), Slow)
    assert not result.validity.valid
    assert {"send-lag", "rate"} <= {doubt.id for doubt in result.validity.doubts}
    due, sent = result.distributions.ttft_due, result.distributions.ttft_sent
    assert (due.percentile(0.9) or 0) - (sent.percentile(0.9) or 0) > 100 * MS


def test_goodput_counts_from_when_a_request_was_due() -> None:
    with serving(plain(tokens=3, ttft=0.05, gap=0.02)) as server:
        strict = result_of(closed_plan(server.url, requests=3, slo=Slo(ttft=0.04)))
        slow = result_of(closed_plan(server.url, requests=3, slo=Slo(per_token=0.001)))
        easy = result_of(closed_plan(server.url, requests=3, slo=Slo(ttft=60, per_token=60, whole=60)))
    assert (strict.good, slow.good, easy.good) == (0, 0, 3)


def test_the_warm_up_is_kept_apart() -> None:
    with serving(plain(tokens=2, ttft=0, gap=0)) as server:
        result = result_of(open_plan(server.url, rate=50, seconds=0.4, warm_up=0.2))
    assert (result.warm, result.requests) == (10, 10)
    assert result.distributions.ttft_due.total == 10
    assert result.distributions.gaps.total <= 10


def test_rates_are_counted_while_requests_come() -> None:
    """Answers that come later neither raise nor thin them out."""
    with serving(plain(tokens=5, ttft=0, gap=0.2)) as server:
        result = result_of(open_plan(server.url, rate=50, seconds=0.4))
    assert result.seconds > 0.8
    assert result.sending == pytest.approx(0.4)
    assert result.per_second(result.requests) == pytest.approx(50)
    assert 0 < result.tokens_sending < result.tokens_out / 2
