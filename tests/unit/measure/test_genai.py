"""A run under OpenTelemetry's names: each request counted in the bucket that its time lies in, with what it was of."""

from __future__ import annotations

from typing import Any

import pytest

from seatrial.kit.histogram import Histogram
from seatrial.measure.genai import DURATION, FIRST, PER_CHUNK, USAGE, ClientMetrics, Instrument, Tallied
from seatrial.model.load import Api, Closed, Model, Plan, Target
from seatrial.model.load_result import Counts, Ending, Part, Row

MS = 1_000_000


def plan(*models: str, **more: Any) -> Plan:
    target = Target(url="http://models.test/v1", models=tuple(Model(name=name) for name in models), api=Api.CHAT)
    return Plan(target=target, arrivals=Closed(clients=1, requests=1), **more)


def row(**more: Any) -> Row:
    usual = {"index": 0, "due": 0, "begun": MS, "sent": 2 * MS, "first": 22 * MS, "last": 60 * MS, "end": 62 * MS}
    rest = {"ending": Ending.OK, "status": 200, "tokens_in": 7, "tokens_out": 64, "chunks": 64, "stall": 0}
    return Row(**{**usual, **rest, "marks": 0, "model": 0, **more})


def part(*rows: Row, gaps: Counts = Counts()) -> Part:  # noqa: B008 - frozen
    return Part(shard=0, number=1, until=0, rows=rows, gaps=gaps)


def found(plan: Plan, *parts: Part) -> dict[tuple[str, frozenset[tuple[str, object]]], Tallied]:
    metrics = ClientMetrics(plan)
    for one in parts:
        metrics.add(one)
    common = {
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.provider.name", "openai"),
        ("server.address", "models.test"),
        ("server.port", 80),
    }
    points = {}
    for instrument, labels, tallied in metrics.points():
        assert common <= set(labels)
        points[instrument.name, frozenset(set(labels) - common)] = tallied
    return points


def buckets(tallied: Tallied, instrument: Instrument) -> dict[float, int]:
    """By the bound from above."""
    bounds = (*instrument.bounds, float("inf"))
    return {bound: many for bound, many in zip(bounds, tallied.buckets, strict=True) if many}


def test_a_request_is_counted_under_each_name_once() -> None:
    points = found(plan("llama"), part(row()))
    model = ("gen_ai.request.model", "llama")
    assert set(points) == {
        (DURATION.name, frozenset({model})),
        (FIRST.name, frozenset({model})),
        (USAGE.name, frozenset({model, ("gen_ai.token.type", "input")})),
        (USAGE.name, frozenset({model, ("gen_ai.token.type", "output")})),
    }
    whole, first = points[DURATION.name, frozenset({model})], points[FIRST.name, frozenset({model})]
    assert (whole.sum, whole.total, whole.least, whole.most) == (60 * MS, 1, 60 * MS, 60 * MS)
    assert buckets(whole, DURATION) == {0.08: 1}
    assert buckets(first, FIRST) == {0.02: 1}, "a time of exactly a bound lies below it"
    assert buckets(points[USAGE.name, frozenset({model, ("gen_ai.token.type", "output")})], USAGE) == {64: 1}


@pytest.mark.parametrize(
    ("ending", "status", "said"),
    [
        (Ending.STATUS, 503, "503"),
        (Ending.LIMITED, 429, "429"),
        (Ending.TIMEOUT, 200, "timeout"),
        (Ending.REFUSED, 0, "refused"),
    ],
)
def test_a_failure_has_its_kind_and_no_other_figure(ending: Ending, status: int, said: str) -> None:
    failed = row(ending=ending, status=status, sent=-1, first=-1, tokens_in=-1, tokens_out=-1)
    points = found(plan(), part(failed))
    assert set(points) == {(DURATION.name, frozenset({("error.type", said)}))}
    assert next(iter(points.values())).sum == 61 * MS  # from when it was taken up, as it was never sent


def test_models_are_told_apart() -> None:
    points = found(plan("a", "b"), part(row(), row(model=1), row(model=1)))
    of = {
        dict(labels).get("gen_ai.request.model"): one.total
        for (name, labels), one in points.items()
        if name == DURATION.name
    }
    assert of == {"a": 1, "b": 2}


def test_what_was_not_counted_is_not_told() -> None:
    assert not [name for name, _ in found(plan(), part(row(tokens_in=-1, tokens_out=-1))) if name == USAGE.name]


def test_warm_up_and_what_the_end_cut_off_count_for_nothing() -> None:
    assert not found(plan(warm_up=1.0), part(row(), row(due=2_000 * MS, ending=Ending.STOPPED)))


def test_times_between_chunks_add_up_exactly_and_lie_where_they_were() -> None:
    first, second = Histogram(), Histogram()
    first.extend([5 * MS, 15 * MS, 15 * MS])
    second.extend([100 * MS])
    points = found(plan("llama"), part(gaps=first.counts()), part(gaps=second.counts()))
    (tallied,) = points.values()
    assert buckets(tallied, PER_CHUNK) == {0.01: 1, 0.02: 2, 0.16: 1}
    assert (tallied.total, tallied.sum) == (4, 135 * MS)
    assert not found(plan("llama", stream=False), part(gaps=first.counts()))


def test_a_simulated_server_is_said_to_be_one() -> None:
    target = Target(url="http://models.test:8000", simulated="two of them", api=Api.CHAT)
    metrics = ClientMetrics(Plan(target=target, arrivals=Closed(clients=1, requests=1)))
    metrics.add(part(row()))
    assert all(("seatrial.simulated", True) in labels for _, labels, _ in metrics.points())
