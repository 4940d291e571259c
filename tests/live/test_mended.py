"""A fault from end to end: `prove` notices it, `diagnose` names it, and what `harden` writes turns the proof green again.

All faults that a remedy mends and that the usual systems can have; the rest of the table: tests/unit/catalog/test_faults.py.
"""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec
import pytest

from seatrial.app import harden
from seatrial.app.diagnose import diagnose
from seatrial.app.target import Target
from seatrial.engine.catalog import Catalog
from seatrial.lab import site as sites
from seatrial.model.fact import Obj
from seatrial.model.fault import Fault
from seatrial.model.lab import LabLevel, LabSpec
from seatrial.model.run import Run
from seatrial.model.verdict import Outcome
from seatrial.model.wait import Standing
from tests.live.conftest import change, down, labs, proven, up

SMALL, LARGE = "test-mended", "test-mended-node"
CATALOG = Catalog.installed()
NEWEST = LabSpec().kubernetes
SYSTEMS = labs.resolved(LabSpec(systems=(labs.DEFAULT,))).systems
MENDED = {
    id: fault
    for id, fault in CATALOG.faults.items()
    if fault.fails
    and fault.change.mended_by
    and NEWEST in (fault.kubernetes or (NEWEST,))
    and set(fault.needs) <= set(SYSTEMS)
}


def of_level(level: LabLevel) -> list[str]:
    return sorted(id for id, fault in MENDED.items() if fault.level is level)


@pytest.fixture(scope="module")
def small() -> Iterator[str]:
    try:
        up(LabSpec(name=SMALL, level=LabLevel.CONTROL_PLANE, fleet=labs.parse_fleet("mi300x:8x4")))
        yield SMALL
    finally:
        down(SMALL)


@pytest.fixture(scope="module")
def large() -> Iterator[str]:
    needed = {system for id in of_level(LabLevel.NODE) for system in MENDED[id].needs}
    try:
        up(LabSpec(name=LARGE, level=LabLevel.NODE, systems=tuple(one for one in SYSTEMS if one in needed)))
        yield LARGE
    finally:
        down(LARGE)


@pytest.mark.parametrize("fault_id", of_level(LabLevel.CONTROL_PLANE))
def test_what_harden_writes_mends_a_fault_of_the_control_plane(fault_id: str, small: str, tmp_path: Path) -> None:
    mended(small, MENDED[fault_id], tmp_path)


@pytest.mark.parametrize("fault_id", of_level(LabLevel.NODE))
def test_what_harden_writes_mends_a_fault_of_the_node(fault_id: str, large: str, tmp_path: Path) -> None:
    mended(large, MENDED[fault_id], tmp_path)


GAME_DAYS = [id for id, fault in CATALOG.faults.items() if fault.diagnosed and fault.change.mended_by]


@pytest.mark.parametrize("fault_id", GAME_DAYS)
def test_what_harden_writes_frees_what_waits(fault_id: str, small: str, tmp_path: Path) -> None:
    fault = CATALOG.faults[fault_id]
    assert causes(small, fault) == []  # the control
    try:
        change(small, fault.id, broken=True)
        until(lambda: causes(small, fault)[:1] == [1], "it is named first")
        apply(small, asyncio.run(harden.harden(Target(lab=small), only=(fault.change.mended_by,))), tmp_path)
        until(lambda: causes(small, fault) == [], "it is named no more")
        again = asyncio.run(harden.harden(Target(lab=small), only=(fault.change.mended_by,)))
        assert again.chosen == ()
    finally:
        change(small, fault.id, broken=False)


def causes(lab: str, fault: Fault) -> list[int]:
    """The ranks of those that are the fault's."""
    return [one.rank for one in asyncio.run(diagnose(Target(lab=lab))).causes if one.source == fault.diagnosed]


def until(met: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 120
    while not met():
        assert time.monotonic() < end, what
        time.sleep(1)


def apply(lab: str, made: harden.Hardened, folder: Path) -> None:
    harden.write(folder / "fixes", made, force=False)
    done = kubectl(lab, "apply", "--server-side", "--force-conflicts", "-k", str(folder / "fixes" / "enforce"))
    assert done.returncode == 0, done.stderr


def mended(lab: str, fault: Fault, folder: Path) -> None:
    checks = sorted({key.partition("@")[0] for key in fault.fails})
    assert failing(proven(lab, *checks), fault.fails) == {}  # the control: it is the fault that breaks them
    try:
        change(lab, fault.id, broken=True)
        noticed = proven(lab, *checks)
        assert set(failing(noticed, fault.fails)) == set(fault.fails)
        saved = folder / "run.json"
        saved.write_bytes(msgspec.json.encode(noticed))

        found = asyncio.run(diagnose(Target(lab=lab), run=saved))
        assert found.standing in (Standing.BROKEN, Standing.BADLY, Standing.STUCK)
        told = {f"{one.check}@{one.subject}".rstrip("@"): one for one in found.broken}
        assert set(fault.fails) <= set(told)
        policy = policy_of(fault)
        for key in fault.fails:
            assert [near.subject.rpartition("/")[2] for near in told[key].near] == [policy]

        apply(lab, asyncio.run(harden.harden(Target(lab=lab), only=(fault.change.mended_by,), run=saved)), folder)
        becomes_green(lab, checks, fault.fails)
        assert asyncio.run(diagnose(Target(lab=lab), run=saved)).broken[0].near == ()
    finally:
        change(lab, fault.id, broken=False)


def becomes_green(lab: str, checks: Iterable[str], keys: Iterable[str]) -> None:
    """The API server heeds a binding that was changed after a moment, and nothing shows when."""
    until = time.monotonic() + 120
    while left := failing(proven(lab, *checks), keys):
        assert time.monotonic() < until, left


def failing(run: Run, keys: Iterable[str]) -> Mapping[str, str]:
    """Of these findings those that do not pass; one without a subject stands for whatever its subject."""
    wanted = set(keys)
    found = {one.key if one.key in wanted else one.check: one for one in run.findings}
    assert wanted <= set(found), wanted - set(found)
    return {key: found[key].because for key in wanted if found[key].outcome is not Outcome.PASS}


def policy_of(fault: Fault) -> str:
    objects: tuple[Obj, ...] = fault.change(LabSpec()).objects
    return next(str(one["metadata"]["name"]) for one in objects if one["kind"].endswith("Policy"))


def kubectl(lab: str, *args: str) -> subprocess.CompletedProcess[str]:
    site = sites.need(lab)
    argv = [site.program("kubectl"), f"--kubeconfig={site.kubeconfig}", *args]
    return subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
