"""What the report of a load says of who served and who sent."""

from __future__ import annotations

from seatrial.measure.tally import Tally
from seatrial.model.load import Closed, Plan, Target
from seatrial.model.load_result import Doubt, Ending, LoadSeries, Part, Row, SeriesKind
from seatrial.report import load_series_text, load_words
from seatrial.report.load_text import render


def report(*, simulated: str = "", in_pods: bool = False) -> str:
    target = Target(url="http://10.0.0.1", simulated=simulated)
    plan = Plan(target=target, arrivals=Closed(clients=2, requests=2), shards=2, in_pods=in_pods)
    return render(Tally(plan, cores=4).result("2026-01-01T00:00:00+00:00"))


def test_a_simulated_server_is_said_and_the_rows_are_explained() -> None:
    said = report(simulated="2 simulated servers")
    assert "SIMULATED 2 simulated servers" in said
    assert "How to read this" in said


def test_every_report_says_so() -> None:
    plan = Plan(
        target=Target(url="http://10.0.0.1", simulated="2 simulated servers"), arrivals=Closed(clients=1, requests=1)
    )
    result = Tally(plan).result("2026-01-01T00:00:00+00:00")
    assert ("unknown", "simulated", "2 simulated servers") in load_words.doubts(result)
    series = LoadSeries(kind=SeriesKind.REPEATS, results=(result, result))
    assert load_series_text.render(series).count("2 simulated servers") == 1


def test_of_a_real_one_nothing_of_that_is_said() -> None:
    said = report()
    assert "SIMULATED" not in said
    assert "How to read this" not in said


def test_who_sent() -> None:
    assert "this client: 2 processes on 4 cores" in report()
    assert "this client: 2 pods of the cluster" in report(in_pods=True)


def test_a_doubt_more_makes_it_no_measurement() -> None:
    plan = Plan(target=Target(url="http://10.0.0.1"), arrivals=Closed(clients=1, requests=1))
    doubted = Tally(plan).result("2026-01-01T00:00:00+00:00").doubted((Doubt("clocks", "a clock is apart"),))
    assert not doubted.validity.valid
    assert "clocks: a clock is apart" in render(doubted)


def test_where_nothing_went_well_the_first_word_says_so() -> None:
    plan = Plan(target=Target(url="http://10.0.0.1"), arrivals=Closed(clients=1, requests=1))
    tally = Tally(plan)
    row = Row(0, 0, 0, 1, -1, -1, 2, Ending.REFUSED, 0, -1, -1, 0, 0, 0, 0)
    tally.add(Part(shard=0, number=0, until=2, rows=(row,), last=True))
    result = tally.result("2026-01-01T00:00:00+00:00")
    assert result.validity.valid
    assert render(result).startswith("FAILED no request went well")
    assert load_words.verdict_of(result)[2] == "fail"
