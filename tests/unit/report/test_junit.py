from xml.etree import ElementTree as ET

import pytest
from hypothesis import given

from seatrial.model.run import Run
from seatrial.model.verdict import Outcome
from seatrial.report import junit
from tests.unit.report.runs import a_run, finding, requirement, runs

TAGS = {"failure": "failures", "error": "errors"}


@given(runs())
def test_the_counts_are_those_of_the_cases(run: Run) -> None:
    root = ET.fromstring(junit.render(run))
    for tag, attribute in TAGS.items():
        assert sum(int(suite.get(attribute, "")) for suite in root) == len(list(root.iter(tag)))
        assert int(root.get(attribute, "")) == len(list(root.iter(tag)))
    for suite in root:
        assert int(suite.get("tests", "")) == len(suite.findall("testcase"))
        assert int(suite.get("skipped", "")) == len(list(suite.iter("skipped")))


@pytest.mark.parametrize(
    ("outcome", "tag", "kind"),
    [
        (Outcome.PASS, "system-out", None),
        (Outcome.FAIL, "failure", "fail"),
        (Outcome.UNKNOWN, "error", "unknown"),
        (Outcome.ERROR, "error", "error"),
        (Outcome.NOT_APPLICABLE, "skipped", None),
    ],
)
def test_each_outcome_has_its_own_element(outcome: Outcome, tag: str, kind: str | None) -> None:
    (case,) = ET.fromstring(junit.render(a_run(finding(outcome=outcome)))).iter("testcase")
    assert [(child.tag, child.get("type")) for child in case] == [(tag, kind)]


def test_what_nothing_covers_is_an_error_too() -> None:
    run = a_run(requirements=(requirement("open", Outcome.UNKNOWN, covered=False),))
    (error,) = ET.fromstring(junit.render(run)).iter("error")
    assert (error.get("type"), error.get("message")) == ("unknown", "so")
