"""The times that are told are those that were: against a server that knows when it wrote what."""

from __future__ import annotations

import functools
import time

import pytest

from seatrial.kit.histogram import Histogram
from seatrial.measure.exchange import Exchange
from seatrial.measure.ledger import Ledger
from seatrial.measure.pool import Pool
from seatrial.measure.prompts import Requests
from seatrial.measure.wire import Wire
from seatrial.model.load import Shard, Slo
from seatrial.model.load_result import MARKS, Mark
from tests.unit.measure.run import closed_plan, open_plan, result_of, row_of
from tests.unit.measure.server import DONE, HEAD, chunk, event, plain, serving, usage

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
    plan = closed_plan("http://s")
    pool = Pool((), functools.partial(Wire, stamped=True), plan.limits, Ledger(Shard(plan=plan), 0), lambda ended: None)
    before = time.monotonic_ns()
    at = pool.arrived(time.time_ns() - 150 * MS, time.monotonic_ns(), sent=0)
    after = time.monotonic_ns()
    pool.close()
    assert before - 151 * MS <= at <= after - 149 * MS


def test_a_stamp_that_cannot_be_is_not_believed() -> None:
    plan = closed_plan("http://s")
    ledger = Ledger(Shard(plan=plan), 0)
    pool = Pool((), functools.partial(Wire, stamped=True), plan.limits, ledger, lambda ended: None)
    now = time.monotonic_ns()
    assert pool.arrived(time.time_ns() + 10_000 * MS, now, sent=0) == now
    assert pool.arrived(time.time_ns() - 10_000 * MS, now, sent=now - MS) == now
    pool.close()
    assert ledger.odd == 2


class Fed:
    """An answer whose pieces come at stated milliseconds."""

    def __init__(self, *pieces: tuple[float, bytes]) -> None:
        self.exchange = Exchange(0, 0, 0, 0, b"", is_stream=True)
        self.exchange.sent = 0
        for at, data in pieces:
            whole = self.exchange.feed(data, round(at * MS))
        assert whole
        self.exchange.close(None, round(at * MS))
        self.row = self.exchange.row(0, 300 * MS)
        self.gaps, self.per_token, same = Histogram(), Histogram(), Histogram()
        self.exchange.gaps(self.gaps, self.per_token, same)
        self.gaps.merge(same.counts())
        self.per_token.merge(same.counts())

    def marks(self) -> set[Mark]:
        return {mark for number, mark in enumerate(MARKS) if self.row.marks >> number & 1}


def end(tokens: int) -> bytes:
    return chunk(usage(1, tokens)) + chunk(DONE) + b"0\r\n\r\n"


def test_a_stall_is_seen() -> None:
    fed = Fed((10, HEAD + chunk(event())), (30, chunk(event())), (530, chunk(event(finish="stop")) + end(3)))
    assert fed.marks() == {Mark.STALLED}
    assert fed.row.stall == fed.gaps.most == fed.per_token.most == 500 * MS


def test_several_tokens_to_an_event_are_shared_out() -> None:
    """Four tokens every 40 ms are a token every 10 ms; between reads there are 40."""
    later = [(at, chunk(event("a b c d", "stop" if at == 120 else None))) for at in (40, 80, 120)]
    fed = Fed((0, HEAD + chunk(event("a b c d"))), *later, (121, end(16)))
    assert (fed.per_token.least, fed.per_token.most, fed.per_token.total) == (10 * MS, 10 * MS, 12)
    assert (fed.gaps.least, fed.gaps.most, fed.gaps.total) == (40 * MS, 40 * MS, 3)
    assert (fed.row.tokens_out, fed.row.chunks) == (16, 4)


def test_events_that_come_in_one_read_share_its_moment_and_are_marked() -> None:
    fed = Fed((0, HEAD + chunk(event())), (60, chunk(event()) * 2 + chunk(event(finish="stop")) + end(4)))
    assert fed.marks() == {Mark.COALESCED}
    assert (fed.gaps.total, fed.gaps.most) == (1, 60 * MS)
    assert (fed.per_token.total, fed.per_token.most) == (3, 20 * MS)


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
    assert result.tokens_sending < result.tokens_out / 2
