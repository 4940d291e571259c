"""Real schedulers, simulated nodes: why a pod has no place, next to what the scheduler itself says of it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import Iterator

import pytest

from seatrial.app import lab as labs
from seatrial.app.diagnose import diagnose
from seatrial.app.target import Target
from seatrial.lab import site as sites
from seatrial.model.fact import Obj
from seatrial.model.lab import LabLevel, LabSpec
from seatrial.model.wait import Diagnosis
from tests.live.conftest import down, kubectl, up
from tests.live.waiting import Scene
from tests.live.waiting_choice import CHOICES
from tests.live.waiting_left import LEFT, Left
from tests.live.waiting_places import PLACES

NAME = "test-places"
PATIENCE = 120.0
LATE = 60.0  # until what was deleted counts as late
SCENES = (*PLACES, *CHOICES)
_EVERYWHERE = (
    "Node",
    "PersistentVolume",
    "StorageClass",
    "CSINode",
    "PriorityClass",
    "DeviceClass",
    "ResourceSlice",
    "DeviceTaintRule",
)


@pytest.fixture(scope="module")
def lab() -> Iterator[str]:
    up(LabSpec(name=NAME, level=LabLevel.CONTROL_PLANE, fleet=labs.parse_fleet("h100:8x1")))
    yield NAME
    down(NAME)


def _apply(lab: str, objects: list[Obj]) -> None:
    site = sites.need(lab)
    argv = [site.program("kubectl"), f"--kubeconfig={site.kubeconfig}", "apply", "--server-side", "-f", "-"]
    items = {"apiVersion": "v1", "kind": "List", "items": objects}
    done = subprocess.run(argv, check=False, capture_output=True, input=json.dumps(items), text=True)
    assert done.returncode == 0, done.stderr[-3000:]


def _of(scene: Scene) -> Iterator[Obj]:
    yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": scene.space}}
    yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": scene.space}}
    for obj in scene.objects:
        own = {} if obj["kind"] in _EVERYWHERE else {"namespace": scene.space}
        yield {**obj, "metadata": {**obj["metadata"], **own}}


@pytest.fixture(scope="module")
def scenes(lab: str) -> None:
    """Those that wait come when the others have their places."""
    objects = [obj for scene in SCENES for obj in _of(scene)]
    late = [obj for obj in objects if obj["kind"] == "Pod" and obj["metadata"]["name"] == "waits"]
    _apply(lab, [obj for obj in objects if obj not in late])
    wanted = {obj["metadata"]["namespace"] for obj in objects if obj["kind"] == "Pod" and obj not in late}
    end = time.monotonic() + PATIENCE
    while wanted and time.monotonic() < end:
        pods = kubectl(lab, "get", "pods", "--all-namespaces")["items"]
        wanted -= {one["metadata"]["namespace"] for one in pods if one["spec"].get("nodeName")}
        time.sleep(1)
    assert not wanted, f"no place for the first pod of {sorted(wanted)}"
    _apply(lab, late)


def _wait_for(scene: Scene) -> Diagnosis:
    end = time.monotonic() + PATIENCE
    while True:
        found = asyncio.run(diagnose(Target(lab=NAME), scene.about.format(space=scene.space)))
        named = bool(found.causes) and found.causes[0].source == scene.source
        said = not scene.explains or any(one.scheduler for one in found.explanations)
        if (named and said) or time.monotonic() > end:
            return found
        time.sleep(1)


@pytest.mark.usefixtures("scenes")
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_why_a_pod_has_no_place(scene: Scene) -> None:
    found = _wait_for(scene)
    assert found.causes, (found.headline, found.explanations)
    assert found.causes[0].source == scene.source, (found.headline, found.explanations)
    assert scene.holder in found.causes[0].holder
    for one in found.explanations:
        counted = {trial.constraint: trial.nodes for trial in one.fails}
        assert all(counted.get(constraint) == nodes for constraint, nodes in scene.explains.items()), one
        assert one.agrees is not False, (one.scheduler, one.differs)
        assert one.needs


@pytest.fixture(scope="module")
def deleted(scenes: None, lab: str) -> None:
    """Each is there, and then told to go."""
    _apply(lab, [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": one.space}} for one in LEFT])
    _apply(lab, [obj for one in LEFT for obj in one.placed])
    site = sites.need(lab)
    for one in LEFT:
        for command in one.commands:
            argv = [site.program("kubectl"), f"--kubeconfig={site.kubeconfig}", *command]
            subprocess.run(argv, check=True, capture_output=True, text=True)


@pytest.mark.usefixtures("deleted")
@pytest.mark.parametrize("one", LEFT, ids=lambda one: one.name)
def test_what_does_not_go_is_named_with_what_keeps_it(one: Left) -> None:
    end = time.monotonic() + PATIENCE + LATE
    while True:
        found = asyncio.run(diagnose(Target(lab=NAME), one.about))
        causes = [cause for cause in found.causes if cause.source == one.source and one.holder in cause.holder]
        if causes or time.monotonic() > end:
            break
        time.sleep(2)
    assert causes, (found.headline, found.causes)
    print(one.name, "|", causes[0].because)
    assert one.says in causes[0].because
