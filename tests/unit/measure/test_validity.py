"""What makes a run no measurement, each alone."""

from __future__ import annotations

from array import array
from typing import Any

import pytest

from seatrial.kit.histogram import Counts, Histogram
from seatrial.measure.validity import Sending, judge
from seatrial.model.load import Closed, Open, Phase, Plan, Target
from seatrial.model.load_result import Client, Distributions, Ending, Mark, Validity, Window

MS = 1_000_000
PLAN = Plan(target=Target(url="http://s"), arrivals=Open(phases=(Phase(seconds=10, rate=100),)))
EVERY_10_MS = array("q", range(0, 10_000 * MS, 10 * MS))


def all_at(value: int, times: int = 1000) -> Counts:
    histogram = Histogram()
    histogram.record(value, times)
    return histogram.counts()


def verdict(
    *,
    begun: array[int] = EVERY_10_MS,
    plan: Plan = PLAN,
    endings: dict[Ending, int] | None = None,
    windows: tuple[Window, ...] = (),
    marks: dict[Mark, int] | None = None,
    client: dict[str, Any] | None = None,
    **seen: Counts,
) -> Validity:
    times = {
        "ttft_sent": all_at(50 * MS),
        "whole_due": all_at(900 * MS),
        "gaps": all_at(20 * MS),
        "send_lag": all_at(MS),
    }
    kept = {"receive_lag": all_at(MS), "loop": all_at(MS)}
    return judge(
        plan,
        Sending.of(EVERY_10_MS, begun),
        Distributions(**{**times, **seen}),
        Client(**{**kept, **(client or {})}),
        endings=endings or {Ending.OK: 1000},
        windows=windows,
        marks=marks or {},
    )


def doubts(**given: Any) -> set[str]:
    return {doubt.id for doubt in verdict(**given).doubts}


def test_a_client_that_keeps_up_is_valid() -> None:
    seen = verdict()
    assert seen.valid
    assert not seen.notes
    assert (seen.asked_rate, seen.sent_variation) == (pytest.approx(100), pytest.approx(0, abs=1e-9))


@pytest.mark.parametrize(
    ("given", "doubt"),
    [
        ({"send_lag": all_at(6 * MS)}, "send-lag"),
        ({"begun": array("q", (2 * one for one in EVERY_10_MS))}, "rate"),
        ({"begun": array("q", (one - one % (50 * MS) for one in EVERY_10_MS))}, "variation"),
        ({"client": {"receive_lag": all_at(11 * MS)}}, "receive-lag"),
        ({"client": {"receive_lag": Counts(), "loop": all_at(6 * MS)}}, "receive-lag"),
        ({"client": {"busiest": 0.99}}, "busy"),
        ({"client": {"lost": (1,)}}, "lost"),
        ({"endings": {Ending.OK: 999, Ending.NO_SOCKET: 1}}, "sockets"),
        ({"send_lag": Counts()}, "nothing"),
    ],
)
def test_each_doubt_alone(given: dict[str, Any], doubt: str) -> None:
    assert doubts(**given) == {doubt}


def test_a_slow_server_allows_for_more() -> None:
    assert not doubts(send_lag=all_at(19 * MS), ttft_sent=all_at(1000 * MS))


def test_kernel_stamps_bear_a_loop_that_looks_away_between_tokens() -> None:
    assert not doubts(client={"receive_lag": all_at(9 * MS), "loop": all_at(9 * MS)})


def test_answers_make_the_pace_of_a_closed_loop() -> None:
    plan = Plan(target=PLAN.target, arrivals=Closed(clients=1))
    assert not doubts(plan=plan, begun=array("q", (2 * one for one in EVERY_10_MS)))


def notes(**given: Any) -> set[str]:
    return {note.id for note in verdict(**given).notes}


def test_what_a_reader_should_know() -> None:
    assert notes(whole_due=all_at(MS, 99)) == {"few"}
    assert notes(endings={Ending.OK: 900, Ending.STATUS: 100}) == {"failures"}
    assert notes(marks={Mark.NO_USAGE: 3, Mark.NO_DONE: 1}) == {"tokens"}
    assert notes(marks={Mark.RESENT: 3}) == {"resent"}
    assert notes(client={"odd_stamps": 3}) == {"odd-stamps"}
    growing = tuple(Window(at=at, seconds=1, due=10, in_flight=at * 20) for at in range(12))
    assert notes(windows=growing) == {"grows"}
    assert not notes(windows=tuple(Window(at=at, seconds=1, due=10, in_flight=50) for at in range(12)))
