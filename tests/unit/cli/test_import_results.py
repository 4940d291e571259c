from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from seatrial.cli.main import main
from seatrial.engine.schema import read_run
from seatrial.model.fact import ClusterIdentity
from seatrial.model.run import Run
from seatrial.model.verdict import Outcome
from tests.unit.foreign import samples
from tests.unit.foreign.samples import GANG, SCALING
from tests.unit.report.runs import a_run, requirement


@pytest.fixture
def results(tmp_path: Path) -> Path:
    path = tmp_path / "results.json"
    path.write_bytes(samples.events((GANG, "pass", 42.7), said="nodeName=worker-7, phase=Succeeded"))
    return path


def saved(tmp_path: Path, outcome: Outcome, **cluster: str) -> Path:
    run = a_run(requirements=(requirement("gang_scheduling", outcome),))
    here = msgspec.structs.replace(run.environment, cluster=ClusterIdentity(**cluster))
    path = tmp_path / "run.json"
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(run, environment=here)))
    return path


def imported(capsys: pytest.CaptureFixture[str]) -> Run:
    return msgspec.json.decode(capsys.readouterr().out, type=Run)


def test_results_that_pass_are_a_run_that_can_be_compared(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept.json"
    assert main(["import", str(results), "--standard", "cncf-ai@1.37", "--save", str(kept), "-o", "json"]) == 0
    run = read_run(kept)
    assert run == imported(capsys)
    assert [(one.id, one.version, one.outcome) for one in run.requirements] == [
        ("gang_scheduling", "1.37", Outcome.PASS)
    ]
    assert run.environment.simulated is None
    assert main(["compare", str(kept), str(kept)]) == 0


def test_the_same_file_twice_is_read_once(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", str(results), str(results), "-o", "json"]) == 0
    assert len(imported(capsys).findings) == 3


def test_a_failing_test_and_an_empty_suite_exit_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "junit.xml"
    path.write_text(samples.junit((GANG, "fail")))
    assert main(["import", str(path)]) == 1
    path.write_text(samples.junit(("TestBuildTestPod", "pass")))
    assert main(["import", str(path)]) == 1
    assert "none of its 1 cases looks at a cluster" in capsys.readouterr().out


def test_a_skipped_test_exits_with_3(tmp_path: Path) -> None:
    path = tmp_path / "e2e.log"
    path.write_text(samples.GO_LOG)
    assert main(["import", str(path)]) == 3


@pytest.mark.parametrize(
    ("outcome", "cluster", "code", "said"),
    [
        (Outcome.PASS, {"uid": samples.UID}, 0, "both name the kube-system namespace"),
        (Outcome.FAIL, {"uid": samples.UID}, 1, "passes and seatrial fails"),
        (Outcome.PASS, {"uid": "another"}, 1, "the other about another"),
        (Outcome.PASS, {"version": "v1.37.9"}, 3, "fits more clusters than one"),
        (Outcome.PASS, {"version": "v1.36.0"}, 1, "the other about v1.36.0"),
    ],
)
def test_against_a_run(
    outcome: Outcome, cluster: dict[str, str], code: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = samples.ginkgo(*samples.conformance(401))
    xml = samples.junit((GANG, "pass"))
    tar = tmp_path / "sonobuoy.tar.gz"
    tar.write_bytes(samples.sonobuoy(log, xml))
    assert main(["import", str(tar), "--run", str(saved(tmp_path, outcome, **cluster))]) == code
    assert said in " ".join(capsys.readouterr().out.split())


def test_files_of_different_clusters_do_not_belong_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = []
    for uid in ("one", "two"):
        paths.append(tmp_path / f"{uid}.tar.gz")
        paths[-1].write_bytes(samples.sonobuoy(samples.ginkgo(*samples.conformance(401)), samples.junit(), uid=uid))
    assert main(["import", *map(str, paths), "-o", "json"]) == 1
    found = {one.subject: one for one in imported(capsys).findings if one.check.endswith("of-this-cluster")}
    assert found[str(paths[1])].outcome is Outcome.FAIL


def test_the_version_of_the_server_chooses_the_standard(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "junit.xml").write_text(samples.junit((GANG, "pass"), (SCALING, "pass")))
    (tmp_path / "e2e.log").write_text(samples.ginkgo(*samples.conformance(401), version="v1.36.2"))
    main(["import", str(tmp_path / "junit.xml"), str(tmp_path / "e2e.log"), "-o", "json"])
    assert {one.version for one in imported(capsys).requirements} == {"1.36"}


@pytest.mark.parametrize("content", [b"", b"hello", b"\x1f\x8b", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"])
def test_what_cannot_be_read_is_wrong_usage(content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_bytes(content)
    assert main(["import", str(tmp_path / "file")]) == 2
    assert "→" in capsys.readouterr().err
    assert main(["import", str(tmp_path / "missing")]) == 2


def test_hostile_names_do_not_reach_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "r.json").write_bytes(samples.events((f"{GANG}", "fail", 9.0), said="\x1b[2Jgone\u202e", end="fail"))
    assert main(["import", str(tmp_path / "r.json")]) == 1
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "\\x1b[2Jgone\\u202e" in out
