"""diagnose on files: what they do not have is never taken for what is not there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seatrial.app.diagnose import diagnose, exit_code
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
