"""Tokens per second, as model servers tell it."""

from __future__ import annotations

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
