"""Tokens per second, as model servers tell it, and as their clients see it."""

from __future__ import annotations

from seatrial.catalog.measures.loads import NOT_SENT, tokens_per_second
from seatrial.catalog.measures.serving import NOBODY, too_short, whose
from seatrial.catalog.systems.served_models import TokenRate, TokensSeen
from seatrial.model.fact import All
from seatrial.model.measure import Measure, doubted
from seatrial.model.metric import Means, metric
from seatrial.model.verdict import Verdict, not_applicable


@metric("tokens.as-servers-tell", unit="tokens/s")
def as_servers_tell(rates: All[TokenRate], seen: All[TokensSeen], means: Means) -> list[Measure] | Verdict:
    """Tokens written in a second, by model.

    How: rate(vllm:generation_tokens_total) and what others call it, over the window, summed over the servers of a model. Time in which
    nobody asked is in it: it is what was served, and not what could have been.
    Fix: see how full batches are (num_requests_running); route to fewer replicas, or give each more memory for its cache.
    """
    if not rates:
        return not_applicable(NOBODY)
    ages = {whose(one): one.value for one in seen}
    return [_rate(one, min(ages.get(whose(one), 0.0), means.window), means) for one in rates]


@metric("tokens.as-clients-see", unit="tokens/s")
async def as_clients_see(means: Means) -> list[Measure] | Verdict:
    """Tokens that come in a second, as clients count them.

    How: the load of ttft.as-clients-see: tokens that came while requests were due, by the servers' own usage. Wanted are 95 % of those
    that the requests asked for: a server that falls behind has a queue that grows. Answers that were under way at either end may add
    or take those of one of them.
    Fix: see `seatrial bench serve --find-rate` for the highest rate that a service keeps up with.
    """
    if means.load is None:
        return not_applicable(NOT_SENT)
    return [tokens_per_second("tokens.as-clients-see", await means.load(), share=0.95)]


def _rate(series: TokenRate, covered: float, means: Means) -> Measure:
    error = series.value * means.step / max(covered, means.step)
    measure = Measure(
        id="tokens.as-servers-tell",
        subject=whose(series),
        value=round(series.value, 2),
        unit="tokens/s",
        low=round(max(0.0, series.value - error), 2),
        high=round(series.value + error, 2),
        source=series.label("metric"),
        samples=round(covered / means.step),
        seconds=round(covered, 1),
    )
    return doubted(measure, too_short(covered, means.window))
