"""Which metrics are measured, what is good enough for them, and what a Run of measures is worth to a pipeline."""

from __future__ import annotations

import msgspec
import pytest

from seatrial.app.bench import GIVEN, _targets, bench, choose, exit_code, permitted
from seatrial.app.target import Target
from seatrial.engine.catalog import Catalog
from seatrial.engine.permissions import permissions
from seatrial.model.errors import UsageError
from seatrial.model.measure import Measure
from seatrial.model.verdict import Outcome
from tests.unit.report.runs import a_run, finding

CATALOG = Catalog.load("seatrial.catalog")
NUMBER = Measure(id="gangs.whole-in-time", value=100.0, unit="%")
NOTHING = msgspec.structs.replace(NUMBER, valid=False, why_not_valid="nobody is here")


@pytest.mark.parametrize(
    ("names", "count"),
    [(("all",), 12), (("recovery",), 3), (("recovery.pod-killed", "recovery"), 3), (("gangs", "xids"), 2)],
)
def test_metrics_are_chosen_by_area_or_by_id_and_none_twice(names: tuple[str, ...], count: int) -> None:
    assert len(choose(CATALOG, names)) == count


def test_a_metric_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(UsageError) as refused:
        choose(CATALOG, ("speed",))
    assert "all, gangs, memory, recovery" in refused.value.way_out


@pytest.mark.parametrize(
    ("name", "least"),
    [("gangs", True), ("utilisation.of-held-accelerators", True), ("ttft", False), ("tokens", True), ("xids", False)],
)
def test_a_target_goes_in_the_direction_in_which_more_is_better_or_worse(name: str, least: bool) -> None:
    found = _targets({name: 5.0}, choose(CATALOG, ("all",)))
    assert set(found) == {one.id for one in choose(CATALOG, (name,))}
    assert {(one.least, one.bound, one.source) for one in found.values()} == {(least, 5.0, GIVEN)}


async def test_a_target_for_what_is_not_measured_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(UsageError, match="--target ttft"):
        await bench(Target(lab="none"), names=("gangs",), targets={"ttft": 1.0}, consent=lambda _: True)


@pytest.mark.parametrize(
    ("outcome", "measures", "code"),
    [
        (Outcome.PASS, (NUMBER,), 0),
        (Outcome.NOT_APPLICABLE, (NUMBER,), 0),  # measured, and nothing says how it should be
        (Outcome.UNKNOWN, (NUMBER, NOTHING), 0),  # one of several could not be measured
        (Outcome.FAIL, (NUMBER,), 1),
        (Outcome.UNKNOWN, (NOTHING,), 3),
        (Outcome.NOT_APPLICABLE, (), 3),
    ],
)
def test_the_exit_code_is_that_of_what_was_measured(outcome: Outcome, measures: tuple[Measure, ...], code: int) -> None:
    run = a_run(finding("gangs.whole-in-time", outcome))
    assert exit_code(msgspec.structs.replace(run, measures=measures)) == code
    assert exit_code(msgspec.structs.replace(run, measures=measures, complete=False)) == 130


def test_what_it_takes_is_reading_and_what_it_says_that_it_creates() -> None:
    read, change = permissions(permitted(CATALOG))
    assert all(set(rule["verbs"]) <= {"get", "list", "watch"} for rule in read["rules"])
    created = {name for rule in change["rules"] if "create" in rule["verbs"] for name in rule["resources"]}
    assert {"pods", "deployments", "devicetaintrules"} <= created
    assert not created & {"secrets", "clusterroles", "events"}
