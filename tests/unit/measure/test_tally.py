"""What parts add up to does not hang on how they were cut."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from seatrial.measure.tally import Tally
from seatrial.model.load import Model, Open, Phase, Plan, Slo, Target
from seatrial.model.load_result import MARKS, Ending, LoadResult, Part, Row

S = 1_000_000_000
PLAN = Plan(
    target=Target(url="http://s", models=(Model(name="a"), Model(name="b"))),
    arrivals=Open(phases=(Phase(seconds=600, rate=1),)),
    warm_up=1.0,
    slo=Slo(ttft=2.0, per_token=0.5),
)


@st.composite
def a_row(draw: st.DrawFn) -> Row:
    lasting = st.integers(0, 5 * S)
    due = draw(st.integers(0, 2000 * S))
    begun = due + draw(lasting)
    sent = begun + draw(lasting)
    first = sent + draw(lasting)
    last = first + draw(lasting)
    no_text = draw(st.booleans())
    return Row(
        index=draw(st.integers(0, 1000)),
        due=due,
        begun=begun,
        sent=draw(st.sampled_from([sent, sent, -1])),
        first=-1 if no_text else first,
        last=-1 if no_text else last,
        end=last + draw(lasting),
        ending=draw(st.sampled_from([Ending.OK, Ending.OK, *Ending])),
        status=draw(st.sampled_from([0, 200, 500])),
        tokens_in=draw(st.integers(-1, 3)),
        tokens_out=draw(st.integers(-1, 300)),
        chunks=draw(st.integers(0, 300)),
        stall=0,
        marks=draw(st.integers(0, (1 << len(MARKS)) - 1)),
        model=draw(st.integers(0, 1)),
    )


def told(*parts: tuple[Row, ...]) -> LoadResult:
    tally = Tally(PLAN)
    for number, rows in enumerate(parts):
        tally.add(Part(shard=0, number=number, until=0, rows=rows))
    result = tally.result("2026-01-01T00:00:00+00:00")
    return msgspec.structs.replace(result, tokens_sending=round(result.tokens_sending, 6))


@given(st.lists(a_row(), max_size=30))
def test_one_part_or_one_for_each_request(rows: list[Row]) -> None:
    whole, each = told(tuple(rows)), told(*((row,) for row in rows))
    assert whole.windows == each.windows
    assert whole == each


@given(st.lists(a_row(), max_size=30))
def test_in_any_order(rows: list[Row]) -> None:
    turned = rows[::-1]
    assert told(tuple(rows)).distributions == told(tuple(turned)).distributions
    assert told(tuple(rows)).windows == told(tuple(turned)).windows


@given(st.lists(a_row(), max_size=30))
def test_nothing_is_forgotten(rows: list[Row]) -> None:
    result = told(tuple(rows))
    counted = [row for row in rows if row.due >= S]
    ok = [row for row in counted if row.ending is Ending.OK]
    seen = result.distributions
    assert (result.requests, result.warm) == (len(counted), len(rows) - len(counted))
    assert sum(result.endings.values()) == sum(window.due for window in result.windows) == len(counted)
    assert seen.whole_due.total == sum(window.ok for window in result.windows) == len(ok)
    assert seen.whole_due.sum == sum(row.end - row.due for row in ok)
    assert seen.ttft_due.sum == sum(row.first - row.due for row in ok if row.first >= 0)
    assert seen.send_lag.sum == sum(row.begun - row.due for row in counted)
    assert result.good == sum(window.good for window in result.windows) <= len(ok)
    assert sum(window.failed for window in result.windows) == sum(
        row.ending not in (Ending.OK, Ending.STOPPED) for row in counted
    )


def test_a_model_that_the_plan_does_not_have_is_nobodys() -> None:
    row = Row(0, 2 * S, 2 * S, 2 * S, 2 * S, 2 * S, 2 * S, Ending.OK, 200, 1, 1, 1, 0, 0, 7)
    assert told((row,)).by_model == {}
