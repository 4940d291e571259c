"""``seatrial harden`` on files: what it writes, what it says, and what it leaves alone."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from seatrial.cli.main import main
from seatrial.cluster.snapshots import save
from seatrial.model.fact import Apis, ClusterIdentity, Snapshot

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "server", "namespace": "team-a"},
    "spec": {
        "containers": [
            {
                "name": "a",
                "image": "server:latest",
                "securityContext": {"privileged": True},
                "resources": {"limits": {"nvidia.com/gpu": "1"}},
            }
        ]
    },
}


@pytest.fixture
def given(tmp_path: Path) -> Path:
    file = tmp_path / "pod.json"
    file.write_text(json.dumps(POD))
    return file


def harden(given: Path, out: Path, *more: str) -> int:
    return main(["harden", "--manifests", str(given), "-o", str(out), *more])


def test_what_fails_is_answered_and_the_rest_is_named(
    given: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "fixes"
    assert harden(given, out) == 0
    said = capsys.readouterr().out
    assert "privilege: Pods get devices from the scheduler" in said
    assert "fails, and has no fix as a file: pod-security.root-is-not-used" in said
    assert "Drivers and device plugins were not seen" in said
    assert "**First:** Drivers" in (out / "privilege/README.md").read_text()
    index = json.loads((out / "remedies.json").read_text())
    assert {"images", "privilege", "system-calls"} <= {one["id"] for one in index["remedies"]}
    assert (out / "privilege/enforce/validatingadmissionpolicybinding.yaml").is_file()


def test_a_folder_is_replaced_only_if_harden_wrote_it_and_is_told_to(given: Path, tmp_path: Path) -> None:
    out, other = tmp_path / "fixes", tmp_path / "other"
    assert harden(given, out, "--only", "images") == 0
    assert harden(given, out, "--only", "privilege") == 2
    assert (out / "images").is_dir()
    assert harden(given, out, "--only", "privilege", "--force") == 0
    assert not (out / "images").exists()
    other.mkdir()
    (other / "README.md").write_text("mine")
    assert harden(given, other, "--force") == 2
    assert (other / "README.md").read_text() == "mine"


def test_where_nothing_fails_nothing_is_written(
    given: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert harden(given, tmp_path / "fixes", "--only", "quotas") == 0
    said = capsys.readouterr().out
    assert "no file was written" in said
    assert "could not be judged" in said  # the quotas of the cluster are not among the files
    assert "quotas.extended-resources-are-bounded" in said
    assert not (tmp_path / "fixes").exists()


def test_the_failures_of_a_saved_run_count_instead(given: Path, tmp_path: Path) -> None:
    saved, out = tmp_path / "run.json", tmp_path / "fixes"
    main(["check", "--manifests", str(given), "--only", "supply-chain", "--save", str(saved)])
    assert harden(given, out, "--for", str(saved)) == 0
    assert [one["id"] for one in json.loads((out / "remedies.json").read_text())["remedies"]] == ["images"]


def test_a_run_of_another_cluster_is_refused(given: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved, snapshot = tmp_path / "run.json", tmp_path / "snapshot"
    main(["check", "--manifests", str(given), "--only", "supply-chain", "--save", str(saved)])
    run = json.loads(saved.read_text())
    run["environment"]["cluster"]["uid"] = "theirs"
    saved.write_text(json.dumps(run))
    save(empty(ClusterIdentity(uid="ours")), snapshot)
    argv = ["harden", "--snapshot", str(snapshot), "-o", str(tmp_path / "fixes"), "--for", str(saved)]
    assert main(argv) == 2
    assert "is of another cluster" in capsys.readouterr().err


def test_what_the_cluster_does_not_serve_is_left_out_with_the_reason(
    given: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved, snapshot = tmp_path / "run.json", tmp_path / "snapshot"
    main(["check", "--manifests", str(given), "--only", "supply-chain", "--save", str(saved)])
    save(empty(ClusterIdentity(uid="ours")), snapshot)
    argv = ["harden", "--snapshot", str(snapshot), "-o", str(tmp_path / "fixes"), "--for", str(saved)]
    assert main(argv) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "images: not written, the cluster has no admissionregistration.k8s.io/validatingadmissionpolicies" in said
    assert not (tmp_path / "fixes").exists()


def empty(cluster: ClusterIdentity) -> Snapshot:
    taken = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    return Snapshot(taken_at=taken, cluster=cluster, apis=Apis(), facts={}, gaps={})


def test_a_remedy_that_is_not_there_is_a_usage_error(
    given: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert harden(given, tmp_path / "fixes", "--only", "privileges") == 2
    assert "did you mean privilege" in capsys.readouterr().err


def test_whom_it_would_hit_is_told_before_anything_is_written(
    given: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["harden", "--manifests", str(given), "--dry-run", "--only", "privilege"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "1 fix in 11 files, of which none was written" in said
    assert "of 1 pod 1 would be refused if made again team-a: 1 pod of 1 workload: pods/team-a/server" in said
    argv = ["harden", "--manifests", str(given), "--dry-run", "--only", "privilege", "--format", "json"]
    assert main(argv) == 0
    told = json.loads(capsys.readouterr().out)
    (one,) = told["remedies"]
    assert (one["impact"]["refused"], one["impact"]["lookedAt"]) == (1, 1)
    assert one["impact"]["hits"][0]["because"] == ["a pod with accelerators has no privileged container"]
    assert "pod-security.root-is-not-used" in told["unanswered"]


def test_a_folder_or_a_dry_run_and_not_both(given: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["harden", "--manifests", str(given)]) == 2
    assert harden(given, tmp_path / "fixes", "--dry-run") == 2
    assert "a folder to write, or --dry-run" in capsys.readouterr().err


def test_files_cannot_be_asked(given: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["harden", "--manifests", str(given), "--dry-run", "--ask", "--yes"]) == 2
    assert "only a cluster can be asked" in capsys.readouterr().err
