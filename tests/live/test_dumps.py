"""What the real kubectl writes down of a real cluster is judged as that cluster is; what it leaves out is unknown, never well."""

from __future__ import annotations

import asyncio
import json
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from seatrial.app.check import check
from seatrial.app.target import Target
from seatrial.cluster.dumps import names
from seatrial.cluster.dumps.coverage import DEFINITIONS
from seatrial.lab import site as sites
from seatrial.model.run import Run
from seatrial.model.verdict import Outcome
from tests.fuzz.judging import KINDS
from tests.platforms.clusters import team
from tests.platforms.making import listed

Outcomes = dict[tuple[str, str], Outcome]
WANTED = {*KINDS, DEFINITIONS}
SURE = (Outcome.PASS, Outcome.FAIL, Outcome.ERROR)


def run(lab: str, *args: str) -> str:
    site = sites.need(lab)
    argv = [site.program("kubectl"), f"--kubeconfig={site.kubeconfig}", *args]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def furnish(lab: str, folder: Path) -> None:
    """A namespace of a tenant, with what belongs there."""
    objects = [one for one in team("nowhere") if one["kind"] != "Pod"]
    for one in objects:
        one["metadata"] = {
            key: value for key, value in one["metadata"].items() if key in ("name", "namespace", "labels")
        }
    file = folder / "team.json"
    file.write_text(json.dumps(listed(objects)))
    run(lab, "apply", "-f", str(file))
    run(lab, "-n", "team", "rollout", "status", "deployment/chat", "--watch=false")


def all_kinds(lab: str, folder: Path) -> Path:
    """One file for each resource that checks read, empty lists included."""
    for resource in run(lab, "api-resources", "--verbs=list", "-o", "name").split():
        if names.resource(resource) in WANTED:
            (folder / f"{resource}.json").write_text(run(lab, "get", resource, "-A", "-o", "json"))
    return folder


def packed(folder: Path) -> Path:
    archive = folder.with_name("dump.tar.gz")
    with tarfile.open(archive, "w:gz") as into:
        into.add(folder, "dump")
    return archive


def what_there_is(lab: str, folder: Path) -> Path:
    """All in one file, in YAML; of what is empty it has no word."""
    resources = run(lab, "api-resources", "--verbs=list", "-o", "name").split()
    file = folder / "all.yaml"
    file.write_text(run(lab, "get", ",".join(resources), "-A", "-o", "yaml"))
    return file


def cluster_info(lab: str, folder: Path) -> Path:
    run(lab, "cluster-info", "dump", "-A", f"--output-directory={folder}")
    return folder


def cluster_info_stream(lab: str, folder: Path) -> Path:
    file = folder / "dump.txt"
    file.write_text(run(lab, "cluster-info", "dump", "-A"))
    return file


def pods_alone(lab: str, folder: Path) -> Path:
    file = folder / "pods.yaml"
    file.write_text(run(lab, "get", "pods,nodes", "-A", "-o", "yaml"))
    return file


def outcomes(found: Run) -> Outcomes:
    return {(one.check, one.subject): one.outcome for one in found.findings}


def of_dump(path: Path, *, whole: bool = False) -> Outcomes:
    return outcomes(asyncio.run(check(Target(snapshot=path, dump_is_whole=whole))))


def test_a_dump_of_all_kinds_says_what_the_cluster_says(small_lab: str, tmp_path: Path) -> None:
    furnish(small_lab, tmp_path)
    dump = tmp_path / "dump"
    dump.mkdir()
    folder = all_kinds(small_lab, dump)
    live = outcomes(asyncio.run(check(Target(lab=small_lab))))
    assert of_dump(folder, whole=True) == live  # its pods are all in one namespace, which shows nothing of others
    assert of_dump(packed(folder), whole=True) == live


def agrees(key: tuple[str, str], outcome: Outcome, live: Outcomes, said: set[tuple[str, Outcome]]) -> bool:
    """Pods whose ReplicaSet was not read have that for their subject, which the cluster does not know under this name."""
    return live[key] is outcome if key in live else (key[0], outcome) in said


@pytest.mark.parametrize("write", [what_there_is, cluster_info, cluster_info_stream, pods_alone])
def test_what_a_dump_leaves_out_is_unknown(small_lab: str, tmp_path: Path, write: Callable[[str, Path], Path]) -> None:
    furnish(small_lab, tmp_path)
    dump = tmp_path / "dump"
    dump.mkdir()
    told = of_dump(write(small_lab, dump))
    live = outcomes(asyncio.run(check(Target(lab=small_lab))))
    said = {(check, outcome) for (check, _), outcome in live.items()}
    new = {key: outcome for key, outcome in told.items() if outcome in SURE and not agrees(key, outcome, live, said)}
    assert not new
    assert Outcome.UNKNOWN in told.values()
    assert Outcome.PASS in told.values()
