"""Figures of a load that was sent to model servers, as measures: what their clients see."""

from __future__ import annotations

import math

import msgspec

from seatrial.kit.histogram import Counts
from seatrial.model.load_result import Ending, LoadResult
from seatrial.model.measure import Bucket, Distribution, Measure, Target, doubted, held_against

NOT_SENT = "no load is sent here by itself: it takes a lab with a real node. Of any other server, `seatrial bench serve` tells this"
_SECOND = 1e9  # in the nanoseconds of a load
_SURE = 1.96  # standard deviations, for 95 of 100
_BUCKETS = 10


def first_tokens(id: str, load: LoadResult, share: float) -> Measure:
    """The time to the first token that this share of the requests does not exceed, since each was due."""
    seen = load.distributions.ttft_due
    if not seen.total:
        return _of(load, Measure(id=id, value=0.0, unit="s", seconds=load.sending), "no answer had a token")
    error = _SURE * math.sqrt(share * (1 - share) / seen.total)
    measure = Measure(
        id=id,
        value=_at(seen, share),
        unit="s",
        low=_at(seen, max(share - error, 0.0)),
        high=_at(seen, min(share + error, 1.0)),
        samples=seen.total,
        seconds=load.sending,
        spread=_spread(seen),
    )
    return _of(load, measure)


def tokens_per_second(id: str, load: LoadResult, *, share: float) -> Measure:
    """Of tokens that came while requests were due; wanted is this share of what they asked for."""
    rate, asked = load.tokens_per_second or 0.0, (load.per_second(load.requests) or 0.0) * load.plan.tokens_out
    error = load.plan.tokens_out / load.sending if load.sending else 0.0  # an answer more or less at each end
    target = Target(
        round(share * asked, 1), "tokens/s", f"{share:.0%} of the {asked:.0f} that were asked for", least=True
    )
    measure = Measure(
        id=id,
        value=round(rate, 2),
        unit="tokens/s",
        low=round(max(0.0, rate - error), 2),
        high=round(rate + error, 2),
        samples=load.distributions.tokens_out.total,
        seconds=load.sending,
    )
    return held_against(_of(load, measure), target)


def _of(load: LoadResult, measure: Measure, *doubts: str) -> Measure:
    failed = load.requests - load.endings.get(Ending.OK, 0)
    why = (f"{failed} of {load.requests} requests failed",) if failed else ()
    told = msgspec.structs.replace(
        measure, source=load.plan.target.simulated or load.plan.target.url, simulated=bool(load.plan.target.simulated)
    )
    return doubted(told, *doubts, *why, *(one.what for one in load.validity.doubts))


def _at(seen: Counts, share: float) -> float:
    return round((seen.percentile(share) or 0.0) / _SECOND, 4)


def _spread(seen: Counts) -> Distribution:
    width = (seen.most - seen.least) / _BUCKETS
    bounds = [seen.least + width * (number + 1) for number in range(_BUCKETS - 1)] + [float(seen.most)]
    below, buckets = 0.0, []
    for bound in bounds:
        within = round((seen.share_within(bound) or 0.0) * seen.total)
        buckets.append(Bucket(round(bound / _SECOND, 4), within - below))
        below = within
    return Distribution(
        count=seen.total,
        p50=_at(seen, 0.5),
        p90=_at(seen, 0.9),
        p95=_at(seen, 0.95),
        p99=_at(seen, 0.99),
        least=round(seen.least / _SECOND, 4),
        most=round(seen.most / _SECOND, 4),
        buckets=tuple(buckets),
    )
