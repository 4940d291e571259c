"""Time to the first token, as model servers tell it, and as their clients see it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator

from seatrial.catalog.measures.loads import NOT_SENT, first_tokens
from seatrial.catalog.measures.serving import NOBODY, whose
from seatrial.catalog.systems.served_models import FirstTokens
from seatrial.kit.quantiles import between, interpolated
from seatrial.model.fact import All
from seatrial.model.measure import Bucket, Distribution, Measure, Target, doubted
from seatrial.model.metric import Means, metric
from seatrial.model.verdict import Verdict, not_applicable

_FEWEST = 100  # of fewer, the 99th percentile is one request


@metric("ttft.as-servers-tell", unit="s")
def as_servers_tell(tokens: All[FirstTokens], means: Means) -> list[Measure] | Verdict:
    """Time to the first token: its 95th percentile, by model.

    How: the server's own histogram (vllm:time_to_first_token_seconds and what others call it), what was added to it in the window;
    from the arrival of a request at the server, so that what a gateway and the network take is not in it. The value is interpolated
    within its bucket, as PromQL does; where it truly lies is between that bucket's bounds.
    Fix: see whether requests wait for a place (num_requests_waiting) or for a long prompt; add replicas, or split prefill from decode.
    """
    found = [_first_tokens(who, those, means) for who, those in sorted(_by(tokens).items())]
    return [one for one in found if one is not None] or not_applicable(NOBODY)


@metric("ttft.as-clients-see", unit="s", target=Target(0.2, "s", "a proposal, for conversations"))
async def as_clients_see(means: Means) -> list[Measure] | Verdict:
    """Time to the first token as clients see it: its 95th percentile, since each request was due.

    How: in a lab with a real node, model servers that only play a model are started as pods behind a Service, and 20 requests a second
    go to them for 6 s, after one that does not count. What is measured is the way there and the client, with the arithmetic of a
    model that is none; it is marked as simulated. The same load gives tokens.as-clients-see. The 95th percentile truly lies between the
    bounds in 95 of 100 such loads. A client that falls behind makes it not valid.
    Fix: see `seatrial bench serve` for what the time is made of; of your own servers, it measures the same.
    """
    if means.load is None:
        return not_applicable(NOT_SENT)
    return [first_tokens("ttft.as-clients-see", await means.load(), 0.95)]


def _by(series: All[FirstTokens]) -> dict[str, list[FirstTokens]]:
    found: dict[str, list[FirstTokens]] = defaultdict(list)
    for one in series:
        found[whose(one)].append(one)
    return found


def _first_tokens(who: str, series: list[FirstTokens], means: Means) -> Measure | None:
    cumulative = sorted((bound, one.value) for one in series if (bound := _bound(one.label("le"))) is not None)
    if not cumulative or cumulative[-1][1] <= 0:
        return None
    count = round(cumulative[-1][1])
    low, high = between(cumulative, 0.95)
    measure = Measure(
        id="ttft.as-servers-tell",
        subject=who,
        value=round(interpolated(cumulative, 0.95), 4),
        unit="s",
        low=low,
        high=None if math.isinf(high) else high,
        source=series[0].label("metric"),
        samples=count,
        seconds=means.window,
        spread=Distribution(
            count=count,
            p50=round(interpolated(cumulative, 0.5), 4),
            p90=round(interpolated(cumulative, 0.9), 4),
            p95=round(interpolated(cumulative, 0.95), 4),
            p99=round(interpolated(cumulative, 0.99), 4),
            buckets=tuple(_buckets(cumulative)),
        ),
    )
    few = f"too few: {count} requests, and {_FEWEST} are wanted" if count < _FEWEST else ""
    above = "it lies above the histogram's last bound" if math.isinf(high) else ""
    return doubted(measure, few, above)


def _bound(text: str) -> float | None:
    try:
        bound = float(text)
    except ValueError:
        return None
    return None if math.isnan(bound) else bound


def _buckets(cumulative: list[tuple[float, float]]) -> Iterator[Bucket]:
    below = 0.0
    for bound, count in cumulative:
        yield Bucket(None if math.isinf(bound) else bound, round(max(0.0, count - below), 1))
        below = count
