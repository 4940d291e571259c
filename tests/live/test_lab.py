"""A lab leaves nothing, minds its privacy, and lives beside others."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from seatrial.app import lab as labs
from seatrial.kit.together import together
from seatrial.lab import site as sites
from seatrial.lab.node import remains
from seatrial.lab.process import running
from seatrial.model.errors import LabError, UsageError
from seatrial.model.lab import LabLevel, LabSpec
from seatrial.model.verdict import Outcome
from tests.live.conftest import down, kubectl, proven, tell, up


def traces(name: str, slot: int) -> list[str]:
    """Whatever a lab of that name could have left on this machine."""
    root = sites.folder(name)
    found = [f"process {alive.name}" for alive in running(root)]
    found += [f"folder {root}"] if root.exists() else []
    found += [f"loop device {device}" for device in remains.loops(root).values()]
    found += [str(path) for one in remains.hierarchies() if (path := one / remains.PARENT / name).exists()]
    found += [line for line in Path("/proc/self/mounts").read_text().splitlines() if str(root) in line]
    links = subprocess.run(["ip", "-brief", "link"], check=True, capture_output=True, text=True).stdout
    found += [line for line in links.splitlines() if line.split("@")[0].split()[0] == f"seatrial{slot}"]
    return found


def test_down_leaves_nothing() -> None:
    up(LabSpec(name="test-gone"))
    site = sites.need("test-gone")
    assert len(traces("test-gone", site.slot)) > 10  # the control: this finds what is there
    down("test-gone")
    assert traces("test-gone", site.slot) == []


def test_a_killed_lab_is_cleared_by_the_next_command() -> None:
    up(LabSpec(name="test-killed"))
    site = sites.need("test-killed")
    for alive in running(site.root):
        try:
            os.kill(alive.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue  # it was inside, and ended with the node's first process
    until = time.monotonic() + 10
    while running(site.root):  # the kernel takes a moment to end what was killed
        assert time.monotonic() < until
        time.sleep(0.02)
    assert remains.loops(site.root)  # the control: something is left to be cleared
    up(LabSpec(name="test-after", level=LabLevel.CONTROL_PLANE))
    try:
        assert traces("test-killed", slot=-1) == []
    finally:
        down("test-after")


def test_two_labs_side_by_side_know_nothing_of_each_other() -> None:
    fleet = labs.parse_fleet("mi300x:8x1")
    specs = [LabSpec(name=name, level=LabLevel.CONTROL_PLANE, fleet=fleet) for name in ("test-one", "test-two")]

    async def both() -> None:
        await together(*(labs.up(spec, tell=tell) for spec in specs))

    try:
        asyncio.run(both())
        one, two = (sites.need(name) for name in ("test-one", "test-two"))
        assert not set(one.ports.values()) & set(two.ports.values())
        uids = {
            kubectl(name, "get", "namespace", "kube-system")["metadata"]["uid"] for name in ("test-one", "test-two")
        }
        assert len(uids) == 2
        down("test-one")
        assert kubectl("test-two", "get", "nodes")["items"]
    finally:
        down("test-one")
        down("test-two")


def test_private_files_and_loopback_only(small_lab: str) -> None:
    site = sites.need(small_lab)
    for file in (path for path in site.root.rglob("*") if path.is_file() and "etcd" not in path.parts):
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file
    listening = subprocess.run(["ss", "-Htlnp"], check=True, capture_output=True, text=True).stdout.splitlines()
    pids = {alive.pid for alive in running(site.root)}
    ours = [line for line in listening if any(f"pid={pid}," in line for pid in pids)]
    assert ours
    assert all(line.split()[3].startswith("127.0.0.1:") for line in ours), ours


def test_operators_of_a_young_lab_take_with_an_object_what_they_made_of_it() -> None:
    """The garbage collector knows the kinds of every system from its start, and of one that comes later it learns by a new start."""
    name, alone = (
        "test-young",
        LabSpec(name="test-young", level=LabLevel.CONTROL_PLANE, fleet=labs.parse_fleet("h100:8x1")),
    )
    try:
        collectors = []
        for spec in (alone, msgspec.structs.replace(alone, systems=("jobset",))):
            up(spec)
            collectors += [one.pid for one in running(sites.need(name).root) if one.name == "kube-controller-manager"]
        assert len(set(collectors)) == 2
        (finding,) = proven(name, "operator.reconciles-good-and-refuses-wrong").findings
        assert finding.outcome is Outcome.PASS, finding.because
    finally:
        down(name)


def test_a_fleet_advertises_its_devices_both_ways() -> None:
    up(LabSpec(name="test-fleet", level=LabLevel.CONTROL_PLANE, fleet=labs.parse_fleet("h100:8x2,mi300x:4x1/dra")))
    try:
        nodes = kubectl("test-fleet", "get", "nodes")["items"]
        amounts = {node["metadata"]["name"]: node["status"]["allocatable"] for node in nodes}
        assert [amounts[f"h100-000{n}"]["nvidia.com/gpu"] for n in (0, 1)] == ["8", "8"]
        assert "amd.com/gpu" not in amounts["mi300x-0000"]
        slices = kubectl("test-fleet", "get", "resourceslices")["items"]
        devices = {one["spec"]["nodeName"]: len(one["spec"]["devices"]) for one in slices}
        assert devices == {"h100-0000": 8, "h100-0001": 8, "mi300x-0000": 4}
    finally:
        down("test-fleet")


def test_a_taken_port_is_left_to_whoever_has_it() -> None:
    (port,) = sites.free_ports("test-port", ["any"], {}).values()  # the first that a lab would take
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        up(LabSpec(name="test-port", level=LabLevel.CONTROL_PLANE))
        try:
            assert port not in sites.need("test-port").ports.values()
        finally:
            down("test-port")


def test_a_program_that_cannot_start_says_its_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    from seatrial.lab import controlplane

    healthy = controlplane._flags
    monkeypatch.setattr(controlplane, "_flags", lambda flags: (*healthy(flags), "--no-such-flag"))
    with pytest.raises(LabError, match="no-such-flag"):
        up(LabSpec(name="test-broken", level=LabLevel.CONTROL_PLANE))
    down("test-broken")
    assert not sites.folder("test-broken").exists()


def test_no_lab_of_that_name() -> None:
    with pytest.raises(UsageError, match="there is no lab 'test-nowhere'"):
        labs.kubeconfig("test-nowhere")


def test_a_start_that_is_stopped_half_way_leaves_nothing() -> None:
    seatrial = str(Path(sys.executable).with_name("seatrial"))
    process = subprocess.Popen([seatrial, "lab", "up", "--name", "test-half"], stderr=subprocess.PIPE)
    root = sites.folder("test-half")
    until = time.monotonic() + 60
    while not any(alive.name == "kube-apiserver" for alive in running(root)):
        assert time.monotonic() < until
        time.sleep(0.05)
    process.terminate()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said.decode()
    assert traces("test-half", slot=-1) == []
