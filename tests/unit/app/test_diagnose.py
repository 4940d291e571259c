"""diagnose on files: what they do not have is never taken for what is not there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seatrial.app.diagnose import diagnose, exit_code, render
from seatrial.app.target import Target
from seatrial.model.errors import UsageError
from seatrial.model.wait import Standing

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p", "namespace": "team"},
    "spec": {
        "containers": [{"name": "w", "image": "x"}],
        "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}],
    },
}
NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}, "spec": {"unschedulable": True}}


def files(folder: Path, *objects: dict[str, object]) -> Target:
    (folder / "all.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    return Target(manifests=str(folder))


async def test_a_manifest_alone_says_nothing_of_nodes_and_volumes(tmp_path: Path) -> None:
    found = await diagnose(files(tmp_path, POD))
    assert {cause.source for cause in found.causes} <= {"unexplained", "placement.scheduler-has-not-looked"}
    assert any("nodes" in gap.detail for gap in found.blind)


async def test_files_with_nothing_that_waits_are_no_healthy_cluster(tmp_path: Path) -> None:
    found = await diagnose(files(tmp_path, NODE))
    assert (found.standing, exit_code(found)) == (Standing.UNKNOWN, 3)


async def test_one_thing_is_found_by_the_end_of_its_name(tmp_path: Path) -> None:
    target = files(tmp_path, POD, NODE)
    found = await diagnose(target, "pods/team/p")
    assert found.about == "pods/team/p"
    assert found.causes[0].holder == "cordon"
    assert [one.subject for one in found.explanations] == ["pods/team/p"]
    with pytest.raises(UsageError, match="nothing that was read is called"):
        await diagnose(target, "pods/team/nobody")


async def test_failures_of_a_saved_run_are_told_beside_what_waits(tmp_path: Path) -> None:
    files(tmp_path, NODE)
    run = json.loads((Path(__file__).parents[2] / "faces" / "run.json").read_text("utf-8"))
    saved = tmp_path.parent / f"{tmp_path.name}.json"
    saved.write_text(json.dumps(run))
    failing = [one for one in run["findings"] if one["outcome"] == "fail" and not one["accepted"]]
    found = await diagnose(Target(manifests=str(tmp_path)), run=saved)
    assert {(one.check, one.subject) for one in found.broken} == {(one["check"], one["subject"]) for one in failing}
    assert failing
    assert (found.standing, exit_code(found)) == (Standing.BROKEN, 1)
    assert failing[0]["check"] in render(found, "text")
    alone = await diagnose(Target(manifests=str(tmp_path)), "nodes/n1", run=saved)
    assert alone.broken == ()
    saved.write_text("{}")
    with pytest.raises(UsageError, match="not a saved Run"):
        await diagnose(Target(manifests=str(tmp_path)), run=saved)


GPU = "nvidia.com/gpu"
LARGE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "n1"},
    "status": {"allocatable": {"cpu": "64", "pods": "100", GPU: "8"}},
}


def training(name: str, devices: int, *, on: str = "", owner: str = "") -> dict[str, object]:
    made_by = {"ownerReferences": [{"kind": "Job", "name": owner, "uid": "u", "controller": True}]} if owner else {}
    work = {"name": "w", "image": "x", "resources": {"limits": {GPU: str(devices)}}}
    scheduled = {"type": "PodScheduled", "status": "True" if on else "False"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "team", **made_by},
        "spec": {"nodeName": on, "containers": [work]},
        "status": {"phase": "Running" if on else "Pending", "conditions": [scheduled]},
    }


JOB = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "train", "namespace": "team", "uid": "u"},
    "spec": {"parallelism": 1, "completions": 1, "template": {"spec": {"containers": []}}},
}


@pytest.mark.parametrize("about", ["pods/team/p", "jobs/team/train"])
async def test_what_would_make_it_fit_stands_before_all_causes(tmp_path: Path, about: str) -> None:
    given = [LARGE, JOB, training("a", 2, on="n1"), training("p", 8, owner="train")]
    found = await diagnose(files(tmp_path, *given), about)
    (one,) = found.explanations
    assert (one.subject, one.first) == ("pods/team/p", f"insufficient {GPU}")
    text = " ".join(render(found, "text").split())
    needs, cause = f"needs 8 of {GPU}; the best node, nodes/n1, has 6 free", f"1. {found.causes[0].holder}"
    assert text.index(needs) < text.index("wait for pods/team/a, or end it") < text.index(cause)
