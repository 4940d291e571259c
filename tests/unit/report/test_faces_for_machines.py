"""SARIF, OpenReports and Prometheus text: what other programs read of a Run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from seatrial.app.report import read, render
from seatrial.kit import exposition
from seatrial.model.run import Run

STORED = Path(__file__).parents[2] / "faces" / "run.json"


@pytest.fixture(scope="module")
def run() -> Run:
    return read(STORED)


def sarif(run: Run) -> dict[str, Any]:
    (one,) = json.loads(render(run, "sarif"))["runs"]
    assert isinstance(one, dict)
    return one


def test_sarif_points_at_the_line(run: Run) -> None:
    found = next(one for one in sarif(run)["results"] if "deployments/team-a/owned" in one["message"]["text"])
    assert "deployments/team-a/owned" in found["locations"][0]["logicalLocations"][0]["fullyQualifiedName"]
    place = found["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "manifests/web%20app.yaml"
    assert place["region"] == {"startLine": 12}
    assert found["level"] == "error"


def test_sarif_tells_what_is_accepted_as_suppressed_and_leaves_out_what_is_well(run: Run) -> None:
    results = sarif(run)["results"]
    (accepted,) = [one for one in results if "suppressions" in one]
    assert accepted["suppressions"][0]["justification"].startswith("team-a until 2026-12-31")
    assert not [one for one in results if one["message"]["text"].startswith("pass")]


def test_every_result_of_sarif_has_its_rule(run: Run) -> None:
    one = sarif(run)
    rules = one["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in one["results"])


def test_reports_stand_in_the_namespace_of_their_subjects(run: Run) -> None:
    reports = list(yaml.safe_load_all(render(run, "openreports")))
    places = {(one["kind"], one["metadata"].get("namespace")): one for one in reports}
    assert ("ClusterReport", None) in places
    mine = places["Report", "team-a"]
    assert {result["policy"] for result in mine["results"]} >= {"privilege.no-device-by-path"}
    assert mine["summary"]["warn"] == 1  # what somebody answers for
    assert sum(mine["summary"].values()) == len(mine["results"])


def test_numbers_are_those_of_the_findings(run: Run) -> None:
    text = render(run, "prometheus")
    counted = list(exposition.series(text, {"seatrial_findings"}))
    folded = next(
        one for one in counted if one.labels["check"].startswith("privilege") and one.labels["standing"] == "pass"
    )
    assert folded.value == 40
    assert sum(one.value for one in counted) == len(run.findings) + 39
    assert next(exposition.series(text, {"seatrial_simulated"})).value == 1
