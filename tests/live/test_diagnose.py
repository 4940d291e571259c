"""Real clusters, real waiting: what is named first is what was broken, and nothing is named where nothing is."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import Iterator

import msgspec
import pytest

from seatrial.app import lab as labs
from seatrial.app.diagnose import diagnose, render
from seatrial.app.snapshot import take
from seatrial.app.target import Target
from seatrial.engine.catalog import Catalog
from seatrial.lab import site as sites
from seatrial.model.lab import LabSpec
from seatrial.model.wait import DEADLOCK, Diagnosis, Standing
from tests.live.conftest import change, down, up
from tests.live.waiting import SCENES, Scene

NAME = "test-diagnose"
GAME_DAYS = sorted(id for id, fault in Catalog.installed().faults.items() if fault.diagnosed)
PATIENCE = 120.0  # until the cluster itself has noticed


@pytest.fixture(scope="module")
def lab() -> Iterator[str]:
    up(LabSpec(name=NAME, fleet=labs.parse_fleet("h100:8x2")))
    yield NAME
    down(NAME)


def seen(about: str = "") -> Diagnosis:
    return asyncio.run(diagnose(Target(lab=NAME), about))


def wait_for(source: str, about: str = "") -> Diagnosis:
    """Until that source is named first, or the patience is over."""
    end = time.monotonic() + PATIENCE
    while True:
        found = seen(about)
        if (found.causes and found.causes[0].source == source) or time.monotonic() > end:
            return found
        time.sleep(1)


def flows() -> Diagnosis:
    end = time.monotonic() + PATIENCE
    while True:
        found = seen()
        if found.standing is Standing.FLOWS or time.monotonic() > end:
            return found
        time.sleep(1)


def test_a_healthy_lab_waits_for_nothing(lab: str) -> None:
    found = flows()
    assert (found.standing, found.causes, found.blind) == (Standing.FLOWS, (), ())


@pytest.mark.parametrize("fault", GAME_DAYS)
def test_the_cause_of_a_game_day_is_named_first_and_gone_when_it_is_mended(lab: str, fault: str) -> None:
    expected = Catalog.installed().fault(fault).diagnosed
    try:
        change(lab, fault, broken=True)
        found = wait_for(expected)
    finally:
        change(lab, fault, broken=False)
    assert found.causes, found.headline
    assert found.causes[0].source == expected, found.headline
    after = flows()
    assert after.standing is Standing.FLOWS, after.headline


def test_a_deadlock_names_its_circle_and_what_it_says_frees_it_does(lab: str) -> None:
    try:
        change(lab, "gangs-deadlocked", broken=True)
        (cause,) = wait_for(DEADLOCK).causes
        assert cause.deadlock
        assert len(set(cause.cycle)) == 2
        assert (cause.smallest, len(cause.actions)) == (True, 1)
        assert 4 <= cause.actions[0].lost <= 8  # of 16: the one that gives up less
        command = cause.actions[0].command.split()
        site = sites.need(lab)
        kubectl = [site.program("kubectl"), f"--kubeconfig={site.kubeconfig}"]
        subprocess.run([*kubectl, *command[1:]], check=True, capture_output=True)
        freed = flows()
        assert freed.standing is Standing.FLOWS, freed.headline
    finally:
        change(lab, "gangs-deadlocked", broken=False)


@pytest.fixture(scope="module")
def scenes(lab: str) -> None:
    """All at once: each has a namespace, and where it wants accelerators a node, of its own."""
    flows()
    site = sites.need(lab)
    objects = [obj for scene in SCENES for obj in _of(scene)]
    items = {"apiVersion": "v1", "kind": "List", "items": objects}
    argv = [
        site.program("kubectl"),
        f"--kubeconfig={site.kubeconfig}",
        "apply",
        "--server-side",
        "--force-conflicts",
        "-f",
        "-",
    ]
    done = subprocess.run(argv, check=False, capture_output=True, input=json.dumps(items), text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def _of(scene: Scene) -> Iterator[dict[str, object]]:
    yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": scene.space}}
    yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": scene.space}}
    for obj in scene.objects:
        own = {} if obj["kind"] == "Node" else {"namespace": scene.space}
        yield {**obj, "metadata": {**obj["metadata"], **own}}


@pytest.mark.usefixtures("scenes")
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_what_a_workload_waits_for_is_named_first(scene: Scene) -> None:
    found = wait_for(scene.source, scene.about.format(space=scene.space))
    assert found.causes, found.headline
    assert found.causes[0].source == scene.source, found.headline
    assert scene.holder in found.causes[0].holder
    counted = {trial.constraint: trial.nodes for one in found.explanations for trial in one.fails}
    assert all(counted.get(constraint, 0) >= nodes for constraint, nodes in scene.explains.items())
    for one in found.explanations:
        assert one.agrees is not False, (one.scheduler, one.differs)


@pytest.mark.usefixtures("scenes")
def test_a_snapshot_gives_the_same_answer_each_time(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("diagnose") / "snapshot.gz"
    asyncio.run(take(Target(lab=NAME), path))
    first, second = (asyncio.run(diagnose(Target(snapshot=path))) for _ in range(2))
    assert first.standing is Standing.STUCK
    assert msgspec.json.encode(first) == msgspec.json.encode(second)
    for face in ("text", "json", "html"):
        assert render(first, face)
