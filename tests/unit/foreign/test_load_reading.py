"""Results as inference-perf 0.7.0 and guidellm 0.8.1 wrote them against a simulated server, and such as nobody should trust."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from seatrial.app.load_files import is_load, read, results
from seatrial.app.load_report import FACES, exit_code, render
from seatrial.cli.main import main
from seatrial.measure.comparison import compare
from seatrial.model.errors import UsageError
from seatrial.model.load import Open
from seatrial.model.load_result import Ending, LoadResult, LoadSeries, SeriesKind
from tests.faces.conftest import HERE as FACES_HERE

HERE = Path(__file__).parent / "loads"
SUMMARY, STAGE, GUIDE = HERE / "inference-perf-summary.json", HERE / "inference-perf-stage.json", HERE / "guidellm.json"
SHARES = ((0.5, "median"), (0.9, "p90"), (0.95, "p95"), (0.99, "p99"))


def one(path: Path) -> LoadResult:
    found = read(path)
    assert isinstance(found, LoadResult)
    return found


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("time_to_first_token", "ttft_sent"),
        ("request_latency", "whole_sent"),
        ("time_per_output_token", "per_token_mean"),
        ("inter_token_latency", "per_token"),
    ],
)
def test_the_figures_of_inference_perf(theirs: str, ours: str) -> None:
    told = json.loads(SUMMARY.read_text())["successes"]["latency"][theirs]
    counts = getattr(one(SUMMARY).distributions, ours)
    for share, name in SHARES:
        assert counts.percentile(share) / 1e9 == pytest.approx(told[name], rel=0.005)
    assert counts.most / 1e9 == pytest.approx(told["max"])
    assert counts.mean / 1e9 == pytest.approx(told["mean"], rel=1e-6)


def test_what_inference_perf_counts() -> None:
    told, result = json.loads(SUMMARY.read_text()), one(SUMMARY)
    assert result.requests == told["load_summary"]["count"]
    assert result.endings == {Ending.OK: told["successes"]["count"]}
    assert result.tokens_out == told["successes"]["output_tokens"]["total"]
    assert result.tokens_per_second == pytest.approx(told["successes"]["throughput"]["output_tokens_per_sec"])
    assert result.origin is not None
    assert result.origin.tool == "inference-perf"
    assert not result.distributions.ttft_due.total
    assert any("due" in lack for lack in result.origin.lacks)


def test_a_stage_of_inference_perf_says_its_rate() -> None:
    told, result = json.loads(STAGE.read_text())["load_summary"], one(STAGE)
    assert isinstance(result.plan.arrivals, Open)
    assert result.plan.arrivals.phases[0].rate == result.validity.asked_rate == told["requested_rate"]
    assert result.validity.sent_rate == told["achieved_rate"]


def test_a_client_that_fell_behind_is_found_out_by_its_own_file(tmp_path: Path) -> None:
    late = json.loads(SUMMARY.read_text())
    late["load_summary"]["schedule_delay"]["p99"] = 0.4
    late["load_summary"]["schedule_delay"]["max"] = 0.5
    path = tmp_path / "late.json"
    path.write_text(json.dumps(late))
    assert [doubt.id for doubt in one(path).validity.doubts] == ["send-lag"]
    assert exit_code(read(path)) == 3
    for part in ("median", "p75", "p90", "p95", "p99", "p99.9", "max"):
        late["load_summary"]["schedule_delay"][part] = 0.001
    path.write_text(json.dumps(late))
    assert one(path).validity.valid


def test_failures_of_inference_perf_are_told_apart_as_far_as_it_does(tmp_path: Path) -> None:
    told = json.loads(SUMMARY.read_text())
    labels = {"429 - Rate Limit": 3, "500 - Internal Server Error": 2, "Timeout": 1, "Invalid JSON": 1}
    told["failures"] = {"count": 9, "by_label": {label: {"count": count} for label, count in labels.items()}}
    path = tmp_path / "failures.json"
    path.write_text(json.dumps(told))
    found = {ending: count for ending, count in one(path).endings.items() if ending is not Ending.OK}
    assert found == {Ending.LIMITED: 3, Ending.STATUS: 2, Ending.TIMEOUT: 1, Ending.OTHER: 3}


def test_guidellm_is_a_series_with_a_result_for_each_rate() -> None:
    series, told = read(GUIDE), json.loads(GUIDE.read_text())
    assert isinstance(series, LoadSeries)
    assert series.kind is SeriesKind.SWEEP
    for ours, theirs in zip(series.results, told["benchmarks"], strict=True):
        metrics = theirs["metrics"]
        assert isinstance(ours.plan.arrivals, Open)
        assert ours.plan.arrivals.phases[0].rate == theirs["config"]["strategy"]["rate"]
        assert ours.endings[Ending.OK] == metrics["request_totals"]["successful"]
        first = metrics["time_to_first_token_ms"]["successful"]["percentiles"]
        late = metrics["request_dispatch_delay"]["successful"]["percentiles"]
        assert (ours.distributions.ttft_sent.percentile(0.95) or 0) / 1e6 == pytest.approx(first["p95"], rel=0.005)
        assert (ours.distributions.send_lag.percentile(0.99) or 0) / 1e9 == pytest.approx(late["p99"], rel=0.005)
        assert ours.tokens_out == metrics["output_token_count"]["successful"]["total_sum"]
        assert ours.origin is not None
        assert ours.origin.version == "0.8.1"
        assert ours.windows  # its file has every request
        assert (ours.distributions.ttft_due.percentile(0.5) or 0) > (ours.distributions.ttft_sent.percentile(0.5) or 0)


def test_guidellm_that_kept_no_requests_tells_percentiles(tmp_path: Path) -> None:
    told = json.loads(GUIDE.read_text())
    for benchmark in told["benchmarks"]:
        benchmark["requests"] = {"successful": [], "errored": [], "incomplete": [], "total": None}
    path = tmp_path / "without.json"
    path.write_text(json.dumps(told))
    for with_rows, without in zip(results(GUIDE), results(path), strict=True):
        assert not without.windows
        for name in ("ttft_sent", "whole_sent", "whole_due", "send_lag"):
            for share in (0.5, 0.9, 0.99):
                expected = getattr(with_rows.distributions, name).percentile(share)
                assert getattr(without.distributions, name).percentile(share) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("face", [*FACES, "text"])
@pytest.mark.parametrize("path", [SUMMARY, STAGE, GUIDE], ids=lambda path: path.stem)
def test_every_face_shows_it_and_says_whose_it_is(path: Path, face: str) -> None:
    shown = render(read(path), face)
    assert path.stem.removesuffix("-summary").removesuffix("-stage") in shown or face in ("csv", "text", "markdown")
    assert "IMPORTED" in shown or "INVALID" in shown or face in ("json", "text")


def test_compared_with_ours_like_is_held_against_like() -> None:
    ours = results(FACES_HERE / "load.json")
    compared = compare(ours, results(SUMMARY))
    titles = {change.title: change for change in compared.changes}
    assert "first token, median, as sent" in titles
    assert "first token, median" not in titles
    assert titles["first token, median, as sent"].before == pytest.approx(
        (ours[0].distributions.ttft_sent.percentile(0.5) or 0) / 1e6
    )
    assert any("different tools" in caveat for caveat in compared.caveats)
    assert not [
        change for change in compared.changes if change.worse or change.better
    ]  # one figure says nothing of chance


def test_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = tmp_path / "kept.json"
    code = main(["bench", "import", str(SUMMARY), "--save", str(kept)])
    assert "measured by inference-perf" in capsys.readouterr().out
    assert read(kept) == read(SUMMARY)
    page = tmp_path / "page.html"
    assert main(["report", str(kept), "-o", "html", "--output-file", str(page)]) == code
    assert page.read_text("utf-8") == render(read(SUMMARY), "html")
    assert main(["report", str(kept), "-o", "sarif"]) == 2
    assert "choose one of" in capsys.readouterr().err


@pytest.mark.parametrize("worse", [1e300, -1e300, -5, 0, None, "x", [], {}, True])
@pytest.mark.parametrize("path", [SUMMARY, STAGE, GUIDE], ids=lambda path: path.stem)
def test_whatever_a_file_says_is_shown_or_refused(path: Path, worse: Any, tmp_path: Path) -> None:
    """Every number in it replaced, one kind of nonsense at a time."""

    def spoilt(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: spoilt(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [spoilt(inner) for inner in value]
        return worse if isinstance(value, int | float) and not isinstance(value, bool) else value

    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps(spoilt(json.loads(path.read_text()))))
    try:
        outcome = read(bad)
    except UsageError:
        return
    for face in (*FACES, "text"):
        assert not re.search(r"\b(nan|inf)\b", render(outcome, face), re.IGNORECASE)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"load_summary": 1, "successes": 2}', "[" * 5000, "\xff"])
def test_no_result_is_said_to_be_none(text: str, tmp_path: Path) -> None:
    path = tmp_path / "no.json"
    path.write_text(text, "latin-1")
    with pytest.raises(UsageError):
        read(path)
    if text == "{}":
        assert not is_load(path)
