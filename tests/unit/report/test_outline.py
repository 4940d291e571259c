from hypothesis import given

from seatrial.engine.score import exit_code
from seatrial.model.run import Run
from seatrial.model.standard import Level, RequirementResult
from seatrial.model.verdict import Outcome
from seatrial.report.outline import Standing, outline
from tests.unit.report.runs import a_run, finding, requirement, runs


@given(runs())
def test_what_a_reader_sees_first_is_what_the_exit_code_says(run: Run) -> None:
    codes = {Standing.PASS: 0, Standing.FAIL: 1, Standing.ERROR: 3, Standing.UNKNOWN: 3}
    assert codes[outline(run).verdict] == exit_code(run)


@given(runs())
def test_nothing_is_left_out(run: Run) -> None:
    shape = outline(run)
    shown = {id(one.finding) for topic in shape.topics for one in topic.shown}
    assert shown == {id(one) for one in run.findings}
    assert sum(len(topic.asked) for topic in shape.topics) == len(run.requirements)
    assert sum(shape.counts.values()) == len(shape.topics)


def test_worst_comes_first() -> None:
    run = a_run(
        finding("a.passes"),
        finding("a.fails", Outcome.FAIL),
        requirements=(requirement("open", Outcome.UNKNOWN, covered=False), requirement("shut", Outcome.UNKNOWN, "a.x")),
    )
    names = [topic.name for topic in outline(run).topics]
    assert names == ["a.fails", "shut", "open", "a.passes"]
    assert outline(run).headline == "1 failed, 1 could not be judged, 1 not covered, 1 passed"


def test_a_run_without_a_verdict_is_not_a_pass() -> None:
    assert outline(a_run()).verdict is Standing.UNKNOWN
    assert outline(a_run()).headline == "nothing was judged"
    assert outline(a_run(finding(outcome=Outcome.NOT_APPLICABLE))).verdict is Standing.UNKNOWN


def test_the_caveat_is_only_left_out_where_accelerators_are_known_to_be_real() -> None:
    assert outline(a_run(simulated=False)).caveat == ""
    assert "SIMULATED" in outline(a_run(simulated=True)).caveat
    assert "UNKNOWN" in outline(a_run(simulated=None)).caveat


def test_versions_that_ask_the_same_are_one_topic() -> None:
    results = [
        RequirementResult(standard="s", version=version, id="gang", level=level, outcome=Outcome.PASS, because="so")
        for version, level in (("1", Level.SHOULD), ("2", Level.MUST), ("3", Level.MUST))
    ]
    other = RequirementResult(
        standard="s", version="4", id="gang", level=Level.MUST, outcome=Outcome.FAIL, because="so"
    )
    topics = outline(a_run(requirements=(*results, other))).topics
    assert [topic.asked_by for topic in topics] == ["MUST in s 4", "SHOULD in s 1, MUST in s 2 3"]
