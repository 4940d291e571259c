"""Real labs, for tests that need one. A lab is started once for all tests that can share it, and taken down at the end."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from seatrial.app import lab as labs
from seatrial.app.prove import prove
from seatrial.app.target import Target
from seatrial.model.lab import LabLevel, LabSpec
from seatrial.model.progress import Event
from seatrial.model.run import Run
from seatrial.model.verdict import Outcome

HERE = Path(__file__).parent


# What takes long to build or to wait for, and is proven by ``make test-all`` alone; single tests are marked as ``long``.
LONG = (
    "test_gateway_tls",
    "test_harden_impact",
    "test_harden_systems",
    "test_killed",
    "test_measures",
    "test_mended",
    "test_supply_chain",
)
WHOLE = os.environ.get("SEATRIAL_TEST_MATRIX") == "whole"
# Tests that have one lab between them go one after the other.
ROWS = {
    "whole lab": ("test_devices", "test_killed", "test_matrix", "test_permissions", "test_systems"),
    "small lab": ("test_command_line", "test_cut_off", "test_dumps", "test_lab", "test_trouble"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.live)
            long = item.path.stem in LONG or item.get_closest_marker("long") is not None
            if long and not WHOLE:
                item.add_marker(pytest.mark.skip(reason="takes long: make test-all runs it"))


class Rows(LoadScopeScheduling):
    """Those that share a lab go one after the other, and beside them those that start labs of their own."""

    def _split_scope(self, nodeid: str) -> str:
        module = Path(nodeid.partition("::")[0]).stem
        return next((row for row, modules in ROWS.items() if module in modules), module)


# Each program of a lab that follows its files takes one, and three labs at once more than Linux allows a user by default.
INSTANCES = Path("/proc/sys/fs/inotify/max_user_instances")
ENOUGH = 1024


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and os.geteuid() == 0 and int(allowed := INSTANCES.read_text()) < ENOUGH:
        INSTANCES.write_text(str(ENOUGH))
        config.add_cleanup(lambda: INSTANCES.write_text(allowed))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Rows:
    return Rows(config, log)


def tell(event: Event) -> None:
    if event.state in ("begun", "done", "failed"):
        print(f"{event.state}: {event.what} {event.detail}", file=sys.stderr, flush=True)


def up(spec: LabSpec) -> Any:
    return asyncio.run(labs.up(spec, tell=tell))


def down(name: str) -> None:
    asyncio.run(labs.down(name, tell=tell))


def proven(name: str, *only: str, standard: str | None = None) -> Run:
    return asyncio.run(prove(Target(lab=name), only=only, standard=standard, consent=lambda _: True, tell=tell))


def outcomes(run: Run) -> Mapping[str, Outcome]:
    return {finding.key: finding.outcome for finding in run.findings}


def change(name: str, *faults: str, broken: bool) -> None:
    asyncio.run(labs.change(name, *faults, broken=broken, tell=tell))


def kubectl(name: str, *args: str) -> Any:
    """The lab's own kubectl, with JSON out."""
    from seatrial.lab import site as sites

    site = sites.need(name)
    argv = [site.program("kubectl"), f"--kubeconfig={site.kubeconfig}", *args, "-o", "json"]
    return json.loads(subprocess.run(argv, check=True, capture_output=True, text=True).stdout)


@pytest.fixture(scope="session")
def whole_lab() -> Iterator[str]:
    """A real node, a fleet, and the systems of a usual trial; with SEATRIAL_TEST_SYSTEMS=all every system there is."""
    name = "test-whole"
    wanted = os.environ.get("SEATRIAL_TEST_SYSTEMS", labs.DEFAULT)
    up(LabSpec(name=name, fleet=labs.parse_fleet("h100:8x10,mi300x:8x1,max1550:4x1"), systems=tuple(wanted.split(","))))
    yield name
    down(name)


@pytest.fixture(scope="session")
def healthy(whole_lab: str) -> Mapping[str, Outcome]:
    """What every proof says of the whole lab while nothing is broken."""
    run = proven(whole_lab)
    bad = [
        f"{f.key}: {f.outcome}: {f.because}"
        for f in run.findings
        if f.outcome not in (Outcome.PASS, Outcome.NOT_APPLICABLE) and not f.because.startswith("not started")
    ]
    assert not bad, "\n".join(bad)
    assert run.environment.simulated is True
    return outcomes(run)


SMALL = LabSpec(name="test-small", level=LabLevel.CONTROL_PLANE, fleet=labs.parse_fleet("h100:8x4"), systems=("kueue",))


@pytest.fixture(scope="session")
def small_lab() -> Iterator[str]:
    """A control plane with a fleet on which two gang schedulers can be proven at once."""
    up(SMALL)
    yield SMALL.name
    down(SMALL.name)


@pytest.fixture
def plain_lab() -> Iterator[str]:
    """A control plane with a fleet, and nothing that knows gangs."""
    name = "test-plain"
    fleet = labs.parse_fleet("h100:8x2")
    up(LabSpec(name=name, level=LabLevel.CONTROL_PLANE, fleet=fleet, workload_api=False))
    yield name
    down(name)
