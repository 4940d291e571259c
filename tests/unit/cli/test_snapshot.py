"""``seatrial snapshot --from``, and other commands on what another tool wrote down."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

import pytest

from seatrial.cli.main import main
from tests.platforms.clusters import PLATFORMS
from tests.platforms.making import listed
from tests.platforms.test_platforms import dumped

SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "s", "namespace": "team"},
    "data": {"password": "aHVzaC1odXNo"},
}


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    folder = tmp_path / "dump"
    folder.mkdir()
    everything = PLATFORMS["rke2"]()
    server = next(one for one in everything if one["kind"] == "Deployment")
    server["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "HF_TOKEN", "value": "hush-hush-hush"}]
    return dumped([*everything, SECRET], folder)


def outcomes(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str, str]]:
    return [(one["check"], one["subject"], one["outcome"]) for one in json.loads(capsys.readouterr().out)["findings"]]


def test_what_another_tool_wrote_becomes_a_snapshot_that_says_the_same(
    dump: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "s.snapshot"
    assert main(["snapshot", "--from", str(dump), "-o", str(saved)]) == 0
    said = capsys.readouterr().out
    assert "kinds with something missing" in said
    assert "read from: files with objects" in said
    assert "more of it could be judged with: kubectl get " not in said, "what is served is all in it"
    unpacked = gzip.decompress(saved.read_bytes())
    assert b"hush-hush" not in unpacked
    assert b"aHVzaC1odXNo" not in unpacked
    assert main(["check", "--snapshot", str(dump), "-o", "json"]) == 1
    direct = outcomes(capsys)
    assert main(["check", "--snapshot", str(saved), "-o", "json"]) == 1
    assert outcomes(capsys) == direct
    assert ("workloads.some-node-admits-it", "apps/deployments/team/chat", "pass") in direct


def test_nothing_is_unknown_for_being_of_one_namespace_where_somebody_says_that_it_is_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    objects = [one for one in PLATFORMS["rke2"]() if one["metadata"].get("namespace") == "team"]
    (tmp_path / "team.json").write_text(json.dumps(listed(objects)))
    said = []
    for more in ((), ("--dump-is-whole",)):
        main(["check", "--snapshot", str(tmp_path), "--only", "workloads", "-o", "json", *more])
        said.append([one for one in outcomes(capsys) if one[1] == "pods"])
    assert {outcome for _, _, outcome in said[0]} == {"unknown"}
    assert said[1] == []


def test_diagnose_and_harden_read_an_archive(dump: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = tmp_path / "dump.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for file in dump.iterdir():
            packed.write(file, file.name)
    assert main(["diagnose", "--snapshot", str(archive)]) == 0
    assert main(["harden", "--snapshot", str(archive), "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "snapshot" in said
    assert "whether the cluster has" in said or "written" in said


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["check", "--dump-is-whole"], "are about files of another tool"),
        (["check", "--snapshot", "x", "--dump-limit", "lots"], "'lots' is no size"),
        (["check", "--snapshot", "nowhere"], "there is no such snapshot"),
        (["snapshot", "-o", "s", "--from", "x", "--lab"], "two different things"),
        (["snapshot", "-o", "s", "--from", "x", "--context", "c"], "two different things"),
        (["check", "--snapshot", "big.json", "--dump-limit", "10"], "it unpacks to more than 10 bytes"),
        (["check", "--snapshot", "text.json"], "no objects of Kubernetes are in it"),
        (["check", "--snapshot", "cut.json"], "cut.json:1: "),
    ],
)
def test_wrong_usage_is_told_in_one_line(
    args: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("big.json").write_text(json.dumps(listed([SECRET])))
    Path("text.json").write_text("[]")
    Path("cut.json").write_text(json.dumps(listed([SECRET]))[:40])
    assert main(args) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
