"""What clients of model servers see, as measures: the figures of the load, between bounds, and not valid where the load is not."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from seatrial.catalog.measures.loads import first_tokens, tokens_per_second
from seatrial.catalog.measures.tokens import as_clients_see as tokens
from seatrial.catalog.measures.ttft import as_clients_see as ttft
from seatrial.kit.histogram import Histogram
from seatrial.model.load import Closed, Plan, Target
from seatrial.model.load_result import Distributions, Doubt, Ending, LoadResult, Validity
from seatrial.model.measure import Measure
from seatrial.model.verdict import Outcome, Verdict
from tests.unit.catalog.measures.test_read import MEANS

MS = 1_000_000


def a_load(*firsts: int, **more: Any) -> LoadResult:
    """Requests whose first tokens came after so many milliseconds, each with ten tokens, in ten seconds."""
    seen = Histogram()
    seen.extend(one * MS for one in firsts)
    plan = Plan(target=Target(url="http://models", simulated="two of them"), arrivals=Closed(clients=1), tokens_out=10)
    told = {
        "plan": plan,
        "started_at": "",
        "seconds": 10.0,
        "sending": 10.0,
        "tokens_sending": 10.0 * len(firsts),
        "requests": len(firsts),
        "endings": {Ending.OK: len(firsts)},
        "distributions": Distributions(ttft_due=seen.counts()),
        "validity": Validity(valid=True),
    }
    return LoadResult(**{**told, **more})


def test_the_first_token_lies_between_bounds_that_more_requests_draw_closer() -> None:
    few, many = (first_tokens("ttft.x", a_load(*[*range(1, 101)] * times), 0.95) for times in (1, 10))
    assert few.value == pytest.approx(0.095, rel=0.01)
    assert few.low is not None
    assert few.high is not None
    assert few.low < few.value < few.high <= 0.1
    assert (few.samples, few.seconds, few.valid, few.simulated) == (100, 10.0, True, True)
    assert few.spread is not None
    assert sum(bucket.count for bucket in few.spread.buckets) == few.spread.count == 100
    assert many.low is not None
    assert many.high is not None
    assert many.high - many.low < few.high - few.low


def test_tokens_are_held_against_what_was_asked_for() -> None:
    kept, fell = (
        tokens_per_second("tokens.x", a_load(*[20] * 40, tokens_sending=came), share=0.95) for came in (390, 300)
    )
    assert (kept.value, kept.target, kept.met) == (39.0, "≥ 38 tokens/s", True)
    assert (fell.value, fell.met) == (30.0, False)
    assert (fell.low, fell.high) == (29.0, 31.0)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (
            {"validity": Validity(valid=False, doubts=(Doubt("busy", "a process took all of its core"),))},
            "all of its core",
        ),
        ({"endings": {Ending.OK: 1, Ending.RESET: 1}}, "1 of 2 requests failed"),
    ],
)
def test_a_load_that_does_not_count_makes_no_valid_measure(more: dict[str, Any], why: str) -> None:
    load = a_load(20, 20, **more)
    for one in (first_tokens("ttft.x", load, 0.95), tokens_per_second("tokens.x", load, share=0.95)):
        assert not one.valid
        assert why in one.why_not_valid
        assert one.met is None


def test_a_load_without_a_token_says_so() -> None:
    assert "no answer had a token" in first_tokens("ttft.x", a_load(), 0.95).why_not_valid


async def test_the_metrics_say_the_figures_of_one_load_and_without_leave_say_why() -> None:
    asked = []

    async def load() -> LoadResult:
        asked.append("asked")
        return a_load(*[20] * 200)

    for metric in (ttft, tokens):
        said = await metric.take(means=MEANS)  # type: ignore[misc]
        assert isinstance(said, Verdict)
        assert said.outcome is Outcome.NOT_APPLICABLE
        assert "bench serve" in said.because
        (found,) = await metric.take(means=msgspec.structs.replace(MEANS, load=load))  # type: ignore[misc]
        assert isinstance(found, Measure)
        assert (found.id, found.valid, found.simulated) == (metric.id, True, True)
    assert len(asked) == 2
