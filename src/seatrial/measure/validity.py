"""Whether what was measured is the server, or the client. Out of tolerance is not "slow": it is no measurement."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Mapping, Sequence
from operator import mul, sub

import msgspec

from seatrial.kit.histogram import Counts, Histogram
from seatrial.measure.arrivals import NANOSECONDS
from seatrial.model.load import Closed, Plan
from seatrial.model.load_result import Client, Distributions, Doubt, Ending, LoadResult, Mark, Validity, Window

_LAG = 0.005  # seconds at the 99th percentile, or
_LAG_SHARE = 0.02  # of the median time to first token, where that is more
_RATE = 0.01  # by which the rate may fall short
_VARIATION = 0.1  # by which that of the gaps may differ
_BUSY = 0.97  # of a core
_FEW = 100  # answers
_FEW_GAPS = 10
_FAILED = 0.01


class Sending(msgspec.Struct, frozen=True):
    """What was asked of the client, and what it did."""

    due_gaps: Counts
    begun_gaps: Counts
    asked_rate: float | None = None
    sent_rate: float | None = None
    asked_variation: float | None = None
    sent_variation: float | None = None

    @classmethod
    def of(cls, due: array[int], begun: array[int]) -> Sending:
        asked, sent = _Pace(due), _Pace(begun)
        return cls(asked.gaps, sent.gaps, asked.rate, sent.rate, asked.variation, sent.variation)


class _Pace:
    """How moments follow one another."""

    def __init__(self, moments: array[int]) -> None:
        inorder = array("q", sorted(moments))
        gaps = array("q", map(sub, inorder[1:], inorder))
        seen = Histogram()
        seen.extend(gaps)
        self.gaps = seen.counts()
        lasting = inorder[-1] - inorder[0] if inorder else 0
        self.rate = len(gaps) / lasting * NANOSECONDS if lasting else None
        self.variation: float | None = None
        if lasting and len(gaps) >= _FEW_GAPS:  # in whole numbers, so that gaps that are all alike vary by nothing
            self.variation = math.sqrt(len(gaps) * sum(map(mul, gaps, gaps)) - lasting**2) / lasting


def judge(
    plan: Plan,
    sending: Sending,
    seen: Distributions,
    client: Client,
    *,
    endings: Mapping[Ending, int],
    windows: Sequence[Window],
    marks: Mapping[Mark, int],
) -> Validity:
    doubts = (*_doubts(plan, sending, seen, client, endings),)
    return Validity(
        valid=not doubts,
        doubts=doubts,
        notes=(*_notes(seen, client, endings, windows), *_notes_on_marks(marks)),
        asked_rate=sending.asked_rate,
        sent_rate=sending.sent_rate,
        asked_variation=sending.asked_variation,
        sent_variation=sending.sent_variation,
        receive_lag_known=client.receive_lag.total > 0,
    )


def judge_of_other(result: LoadResult) -> Validity:
    """Of what another tool measured: only what its file tells can speak against it."""
    told = result.validity
    sending = Sending(Counts(), Counts(), asked_rate=told.asked_rate, sent_rate=told.sent_rate)
    doubts = [*_open_doubts(sending), *_lag_doubts(result.distributions)]
    notes = _notes(result.distributions, result.client, result.endings, result.windows)
    return msgspec.structs.replace(told, valid=not doubts, doubts=(*doubts,), notes=(*told.notes, *notes))


def _doubts(
    plan: Plan, sending: Sending, seen: Distributions, client: Client, endings: Mapping[Ending, int]
) -> Iterator[Doubt]:
    if not seen.send_lag.total:
        yield Doubt("nothing", "no request was sent")
        return
    if not isinstance(plan.arrivals, Closed):
        yield from _open_doubts(sending)
    yield from _lag_doubts(seen)
    yield from _receive_doubts(seen, client, _allowed(seen))
    if client.busiest > _BUSY:
        yield Doubt("busy", f"a process of the client took {client.busiest:.0%} of its core")
    if without := endings.get(Ending.NO_SOCKET, 0):
        yield Doubt("sockets", f"this machine had no socket for {without} requests")
    if client.lost:
        yield Doubt("lost", f"{len(client.lost)} of {client.processes} processes did not tell to the end")


def _allowed(seen: Distributions) -> float:
    median = seen.ttft_sent.percentile(0.5) or seen.whole_sent.percentile(0.5) or 0.0
    return max(_LAG, _LAG_SHARE * median / NANOSECONDS)


def _lag_doubts(seen: Distributions) -> Iterator[Doubt]:
    allowed = _allowed(seen)
    if (lag := (seen.send_lag.percentile(0.99) or 0.0) / NANOSECONDS) > allowed:
        yield Doubt("send-lag", f"1 % of the requests went out {_ms(lag)} or more too late; {_ms(allowed)} is allowed")


def _receive_doubts(seen: Distributions, client: Client, allowed: float) -> Iterator[Doubt]:
    if not client.receive_lag.total:  # the loop's own stamps, which wait for the loop
        if (lag := (client.loop.percentile(0.99) or 0.0) / NANOSECONDS) > allowed:
            yield Doubt(
                "receive-lag", f"1 % of the loop's turns took {_ms(lag)} or more, and the kernel gave no stamps"
            )
        return
    # The kernel's stamps do not wait. But what comes before somebody looks becomes one read, which has the last one's.
    between = (seen.gaps.percentile(0.5) or 0.0) / NANOSECONDS
    if (lag := (client.receive_lag.percentile(0.99) or 0.0) / NANOSECONDS) > max(allowed, between / 2):
        yield Doubt(
            "receive-lag",
            f"1 % of the reads came {_ms(lag)} or more after the bytes, and may hold several tokens as one",
        )


def _open_doubts(sending: Sending) -> Iterator[Doubt]:
    asked, sent = sending.asked_rate, sending.sent_rate
    if asked and sent and sent < asked * (1 - _RATE):
        yield Doubt("rate", f"asked for {asked:.1f} requests/s, sent {sent:.1f}")
    wanted, got = sending.asked_variation, sending.sent_variation
    if wanted is not None and got is not None and abs(got - wanted) > max(_VARIATION, _VARIATION * wanted):
        yield Doubt("variation", f"the gaps between requests vary by {got:.2f} of their mean; {wanted:.2f} was asked")


def _notes(
    seen: Distributions, client: Client, endings: Mapping[Ending, int], windows: Sequence[Window]
) -> Iterator[Doubt]:
    total = sum(endings.values())
    good = seen.whole_due.total or seen.whole_sent.total
    if good < _FEW:
        yield Doubt("few", f"{good} good answers carry no 99th percentile; {_FEW} are the least")
    failed = total - endings.get(Ending.OK, 0) - endings.get(Ending.STOPPED, 0)
    if total and failed > total * _FAILED:
        yield Doubt("failures", f"{failed} of {total} requests failed; the times are those of the others")
    if client.odd_stamps:
        yield Doubt(
            "odd-stamps", f"{client.odd_stamps} of the kernel's stamps made no sense; the loop's own were taken"
        )
    if _grows(windows):
        yield Doubt(
            "grows",
            f"requests piled up to {max(one.in_flight for one in windows)}: the server does not keep up with this rate",
        )


def _notes_on_marks(marks: Mapping[Mark, int]) -> Iterator[Doubt]:
    if without := marks.get(Mark.NO_USAGE, 0):
        what = f"{without} answers came without usage: of these, events are counted as tokens"
        yield Doubt("tokens", what)
    if again := marks.get(Mark.RESENT, 0):
        what = f"{again} requests went out twice: the server had ended the connection that was kept open for them"
        yield Doubt("resent", what)


def _grows(windows: Sequence[Window]) -> bool:
    """Ever more in flight while requests came: the last third of that time against the first."""
    flying = [one.in_flight for one in windows if one.due]
    third = len(flying) // 3
    if third < 2:
        return False
    first, last = sum(flying[:third]) / third, sum(flying[-third - 1 : -1]) / third
    return last > 2 * first + 10


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"
