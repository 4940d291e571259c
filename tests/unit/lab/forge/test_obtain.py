from __future__ import annotations

import os
from pathlib import Path

import pytest

from seatrial.lab.forge import obtain, outlook
from seatrial.lab.forge.onpath import on_path
from seatrial.lab.forge.recipes import CNI, OURS, UPSTREAM, WORKLOAD
from seatrial.model.errors import BuildError, UsageError
from seatrial.model.progress import Event, State
from seatrial.model.system import Recipe

VERSION = "v1.37.1"
CORES = os.cpu_count() or 1


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, go: Path) -> Path:
    """A folder on PATH with all of Kubernetes in it, as scripts that say their version."""
    folder = tmp_path / "usr"
    folder.mkdir()
    for name in UPSTREAM:
        says(folder / name, f"Kubernetes {VERSION}")
    says(folder / "etcd", "etcd Version: 3.6.8")
    says(folder / "kubectl", f"Client Version: {VERSION}")
    monkeypatch.setenv("PATH", f"{folder}:{go}")
    return folder


def says(program: Path, text: str) -> None:
    program.write_text(f"#!/bin/sh\necho '{text}'\n")
    program.chmod(0o755)


async def test_kubernetes_is_built_as_one_program_with_many_names(go: Path, told: list[Event]) -> None:
    programs = await obtain(["kube", "workload"], tell=told.append)
    assert set(programs.paths) == {*UPSTREAM, *OURS, "workload"}
    ran = programs["kubelet"].read_text()
    assert "gitVersion=v1.37.1" in ran
    assert "kube1.37" in ran
    assert programs["etcd"].resolve() == programs["kubelet"].resolve()
    assert [event.state for event in told if event.what == "build kube 1.37"][-1] is State.DONE


async def test_what_a_kubernetes_cannot_be_linked_with_comes_from_the_newest(go: Path) -> None:
    programs = await obtain(["kube"], kubernetes="1.35")
    assert set(programs.paths) == {*UPSTREAM, *OURS}
    assert "nokwok" in programs["kubelet"].read_text()
    assert programs["accelerator"].resolve() == programs["kubelet"].resolve()
    assert "kube1.37" in programs["kwok"].read_text()


async def test_programs_of_the_machine_are_used_and_only_ours_are_built(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEATRIAL_SOURCES", "path,build")
    programs = await obtain(["kube"])
    assert programs["kube-apiserver"] == machine / "kube-apiserver"
    assert "ours" in programs["accelerator"].read_text()
    assert programs.origins["kubernetes"] == "found on PATH"


async def test_a_tool_is_built_when_it_is_asked_for(go: Path) -> None:
    programs = await obtain(["cosign"])
    assert set(programs.paths) == {"cosign"}
    assert "gitVersion=v3." in programs["cosign"].read_text()


def test_only_a_program_of_the_wanted_version_fits(machine: Path) -> None:
    assert set(on_path(UPSTREAM, "1.37")) == set(UPSTREAM)
    assert set(on_path(UPSTREAM, "1.3")) == {"etcd"}
    says(machine / "kubelet", "Kubernetes v1.37.1-dirty")
    says(machine / "etcd", "etcd Version: 3.4.30")
    machine.joinpath("kubectl").write_text("not a program")
    assert set(UPSTREAM) - set(on_path(UPSTREAM, "1.37")) == {"kubelet", "etcd", "kubectl"}


async def test_downloads_that_fail_are_told_and_built_instead(
    go: Path, told: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEATRIAL_SOURCES", "release,build")
    monkeypatch.setenv("SEATRIAL_MIRROR_GITHUB", "http://127.0.0.1:1")
    programs = await obtain(["cni"], tell=told.append)
    assert set(programs.paths) == set(CNI.programs)
    (failed,) = [event for event in told if event.state is State.FAILED]
    assert "building from source instead" in failed.detail
    told.clear()
    await obtain(["cni"], tell=told.append)
    assert not [event for event in told if event.what == "download cni"]


async def test_a_system_is_built_from_its_recipe(go: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seatrial.lab.forge.recipes.PROGRAMS", tmp_path)
    pins = tmp_path / "systems" / "x"
    pins.mkdir(parents=True)
    pins.joinpath("go.mod").write_text("module x\n\ngo 1.26.0\n")
    go.joinpath("module").mkdir()
    go.joinpath("module", "crd.yaml").write_text("kind: X")
    recipe = Recipe(
        module="example.org/x",
        version="v1.0.0",
        programs={"x": "example.org/x/cmd"},
        manifests=("crd.yaml",),
        processes=(),
    )
    programs = await obtain(["x"], systems={"x": recipe})
    assert programs["x"].is_file()
    assert programs.manifests["x"].joinpath("crd.yaml").is_file()


async def test_an_unknown_recipe_source_or_version_is_named(go: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="'kubernets'"):
        await obtain(["kubernets"])
    with pytest.raises(BuildError, match=r"1\.12") as caught:
        await obtain(["kube"], kubernetes="1.12")
    assert "1.37" in caught.value.way_out
    monkeypatch.setenv("SEATRIAL_SOURCES", "path")
    with pytest.raises(BuildError, match="cannot be had by path alone"):
        await obtain(["cni"])
    monkeypatch.setenv("SEATRIAL_SOURCES", "path,luck")
    with pytest.raises(UsageError, match="'luck'"):
        await obtain(["cni"])


async def test_a_program_that_was_not_asked_for_is_named(go: Path) -> None:
    with pytest.raises(BuildError, match="runc"):
        (await obtain(["cni"]))["runc"]


async def test_what_is_there_takes_no_time_and_is_not_told(go: Path, told: list[Event]) -> None:
    before = outlook(["kube", "workload"], kubernetes="1.37", systems={})
    await obtain(["workload"], tell=told.append)
    assert [event.expected for event in told if event.state is State.BEGUN] == [pytest.approx(WORKLOAD.seconds / CORES)]
    assert outlook(["kube", "workload"], kubernetes="1.37", systems={}) == pytest.approx(
        before - WORKLOAD.seconds / CORES
    )
    told.clear()
    await obtain(["workload"], tell=told.append)
    assert told == []
    assert outlook(["workload"], kubernetes="1.37", systems={}) == 0.0
