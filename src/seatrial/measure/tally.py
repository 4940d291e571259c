"""Adds parts up to a result. The order of parts does not matter; none is kept."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence

from seatrial.kit.histogram import Histogram
from seatrial.measure.arrivals import NANOSECONDS, length
from seatrial.measure.steady import steady_from
from seatrial.measure.validity import Sending, judge
from seatrial.measure.windows import Answers, Windows
from seatrial.model.load import Plan, Slo
from seatrial.model.load_result import (
    MARKS,
    Client,
    Distributions,
    Ending,
    LoadResult,
    Mark,
    Part,
    Row,
    ServerSample,
)

_MOST_MOMENTS = 1_000_000  # of which the gaps are looked at
_BATCH = 4096  # rows
_TIMES = (
    *("ttft_sent", "whole_sent", "per_token_mean", "per_token", "gaps"),
    *("send_lag", "queued", "tokens_in", "tokens_out"),
)


class Tally:
    def __init__(self, plan: Plan, *, cores: int = 1) -> None:
        self.plan = plan
        self._cores = cores
        self._warm_until = round(plan.warm_up * NANOSECONDS)
        self._windows = Windows()
        self._h = {name: Histogram() for name in _TIMES}
        self._h |= {"ttft_due": self._windows.ttft, "whole_due": self._windows.whole}
        self._endings: Counter[Ending] = Counter()
        self._statuses: Counter[int] = Counter()
        self._marks: Counter[int] = Counter()
        self._models: Counter[int] = Counter()
        self._due, self._begun = array("q"), array("q")
        self._health = {name: Histogram() for name in ("receive_lag", "loop", "connect")}
        self._cpu: Counter[int] = Counter()
        self._wall: Counter[int] = Counter()
        self._memory: dict[int, int] = {}
        self._finished: set[int] = set()
        self._flying: dict[int, int] = {}
        self.indexes = -1  # the highest seen
        self.requests = self.warm = self._good = self._chunks = self._odd = 0
        self.until = 0  # the latest moment up to which some process has told everything
        self._last = self._warm_until
        planned = length(plan.arrivals)
        self._sending_until = None if planned is None else round(planned * NANOSECONDS)
        self._tokens_sending = 0.0

    def add(self, part: Part) -> None:
        self.note(part)
        self.count(part.rows)

    def add_all(self, parts: Iterable[Part]) -> None:
        """Many, for less than one by one."""
        rows: list[Row] = []
        for part in parts:
            self.note(part)
            rows += part.rows
            if len(rows) >= _BATCH:
                self.count(rows)
                rows = []
        self.count(rows)

    def note(self, part: Part) -> None:
        """All of a part but its rows."""
        self._h["gaps"].merge(part.gaps)
        self._h["per_token"].merge(part.per_token)
        for name, histogram in self._health.items():
            histogram.merge(getattr(part.health, name))
        self._odd += part.health.odd_stamps
        self._cpu[part.shard] += part.health.cpu  # type: ignore[assignment]
        self._wall[part.shard] += part.health.wall  # type: ignore[assignment]
        self._memory[part.shard] = max(self._memory.get(part.shard, 0), part.health.peak_memory)
        self._flying[part.shard] = part.in_flight
        self.until = max(self.until, part.until)
        if part.last:
            self._finished.add(part.shard)

    def go_on(self) -> None:
        """Other processes take up where the first left off."""
        self._finished.clear()

    @property
    def in_flight(self) -> int:
        return sum(self._flying.values())

    @property
    def failed(self) -> int:
        return sum(count for ending, count in self._endings.items() if ending not in (Ending.OK, Ending.STOPPED))

    def percentile(self, name: str, share: float) -> float | None:
        """Of one of the distributions so far, in seconds."""
        found = self._h[name].counts().percentile(share)
        return None if found is None else found / NANOSECONDS

    def count(self, rows: Sequence[Row]) -> None:
        """All in one go, a column after the other: a million requests are read again in seconds."""
        if not rows:
            return
        self.indexes = max([self.indexes, *[row.index for row in rows]])
        self._last = max([self._last, *[row.end for row in rows]])
        counted = [row for row in rows if row.due >= self._warm_until]
        self.warm += len(rows) - len(counted)
        self.requests += len(counted)
        self._sent(counted)
        self._endings.update([row.ending for row in counted])
        self._statuses.update([row.status for row in counted if row.status])
        self._models.update([row.model for row in counted])
        self._marks.update([row.marks for row in counted])
        ok = [row for row in counted if row.ending is Ending.OK]
        tokens = [row.tokens_out if row.tokens_out >= 0 else row.chunks for row in ok]
        good = good_of(ok, tokens, self.plan.slo)
        self._good += sum(good)
        self._windows.add(counted, Answers(ok, tokens, good))
        self._ok(ok, tokens)

    def _sent(self, rows: Sequence[Row]) -> None:
        room = _MOST_MOMENTS - len(self._due)
        self._due.extend([row.due for row in rows[:room]])
        self._begun.extend([row.begun for row in rows[:room]])
        self._h["send_lag"].extend([row.begun - row.due for row in rows])
        self._h["queued"].extend([row.sent - row.begun for row in rows if row.sent >= 0])

    def _ok(self, rows: Sequence[Row], tokens: Sequence[int]) -> None:
        h = self._h
        self._chunks += sum([row.chunks for row in rows])
        h["whole_sent"].extend([row.end - row.sent for row in rows])
        h["tokens_out"].extend(tokens)
        h["tokens_in"].extend([row.tokens_in for row in rows if row.tokens_in >= 0])
        h["ttft_sent"].extend([row.first - row.sent for row in rows if row.first >= 0])
        h["per_token_mean"].extend(
            [
                round((row.last - row.first) / (came - 1))
                for row, came in zip(rows, tokens, strict=True)
                if came > 1 and row.first >= 0
            ]
        )
        if self._sending_until is None or self._last <= self._sending_until:
            self._tokens_sending += sum(tokens)
        else:
            shares = map(self._share_while_sending, rows)
            self._tokens_sending += sum([came * share for came, share in zip(tokens, shares, strict=True)])

    def _share_while_sending(self, row: Row) -> float:
        """Of its tokens, which came about evenly from the first to the last; a whole answer came at its end."""
        until = self._sending_until
        if until is None or row.end <= until:
            return 1.0
        if row.first < 0 or row.last <= row.first:
            return float(0 <= row.first <= until)
        return min(max((until - row.first) / (row.last - row.first), 0.0), 1.0)

    def result(
        self,
        started_at: str,
        *,
        complete: bool = True,
        lost_in_flight: int = 0,
        first_request: float | None = None,
        samples: tuple[ServerSample, ...] = (),
    ) -> LoadResult:
        sending = Sending.of(self._due, self._begun)
        distributions = self._distributions(sending)
        windows = self._windows.taken()
        client = self._client(first_request)
        models = self.plan.target.models
        marks = self._marked()
        return LoadResult(
            plan=self.plan,
            started_at=started_at,
            seconds=(self._last - self._warm_until) / NANOSECONDS,
            sending=(self._sent_until() - self._warm_until) / NANOSECONDS,
            tokens_sending=self._tokens_sending,
            requests=self.requests,
            endings=dict(self._endings.most_common()),
            statuses=dict(self._statuses.most_common()),
            marks=marks,
            by_model={
                models[number].name: count for number, count in sorted(self._models.items()) if number < len(models)
            },
            good=self._good,
            warm=self.warm,
            lost_in_flight=lost_in_flight,
            tokens_in=distributions.tokens_in.sum,
            tokens_out=distributions.tokens_out.sum,
            chunks=self._chunks,
            distributions=distributions,
            windows=windows,
            steady_from=steady_from(windows),
            validity=judge(
                self.plan, sending, distributions, client, endings=self._endings, windows=windows, marks=marks
            ),
            client=client,
            complete=complete,
            samples=samples,
        )

    def _sent_until(self) -> int:
        if self._sending_until is None:
            return self._last
        return max(min(self._sending_until, self._last), self._warm_until)

    def _distributions(self, sending: Sending) -> Distributions:
        return Distributions(
            due_gaps=sending.due_gaps,
            begun_gaps=sending.begun_gaps,
            **{name: histogram.counts() for name, histogram in self._h.items()},
        )

    def _marked(self) -> dict[Mark, int]:
        counted = {
            mark: sum(count for bits, count in self._marks.items() if bits >> number & 1)
            for number, mark in enumerate(MARKS)
        }
        return {mark: count for mark, count in counted.items() if count}

    def _client(self, first_request: float | None) -> Client:
        shards = range(self.plan.shards)
        return Client(
            processes=self.plan.shards,
            cores=self._cores,
            cpu_seconds=float(sum(self._cpu.values())),
            busiest=max((self._cpu[one] / self._wall[one] for one in shards if self._wall[one]), default=0.0),
            peak_memory=sum(self._memory.values()),
            lost=tuple(one for one in shards if one not in self._finished),
            odd_stamps=self._odd,
            first_request=first_request,
            **{name: histogram.counts() for name, histogram in self._health.items()},
        )


def good_of(rows: Sequence[Row], tokens: Sequence[int], slo: Slo) -> list[bool]:
    """Which of the answers that went well were also quick enough."""
    if not slo.asks:
        return [True] * len(rows)
    of_first, never = slo.ttft is not None, math.inf
    first, whole, each = (
        never if limit is None else limit * NANOSECONDS for limit in (slo.ttft, slo.whole, slo.per_token)
    )
    of_each = slo.per_token is not None
    return [
        (not of_first or (row.first >= 0 and row.first - row.due <= first))
        and row.end - row.due <= whole
        and (not of_each or came < 2 or (row.first >= 0 and row.last - row.first <= each * (came - 1)))
        for row, came in zip(rows, tokens, strict=True)
    ]
