from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec
import pytest

from seatrial.lab.forge.compile import compiled
from seatrial.lab.forge.recipes import Build
from seatrial.model.errors import BuildError
from seatrial.model.progress import Event, silent


@pytest.fixture
def build(tmp_path: Path) -> Build:
    pins = tmp_path / "pins-of-it"
    pins.mkdir()
    pins.joinpath("go.mod").write_text("module x\n\ngo 1.26.0\n\nrequire (\n\texample.org/x v1.0.0\n)\n")
    return Build(id="tool", pins=pins, packages={"tool": "example.org/x/cmd/tool"}, tags=("small",), ldflags="-X a.b=c")


def calls(go: Path) -> list[str]:
    return [line for line in go.joinpath("calls").read_text().splitlines() if not line.startswith("env")]


async def test_a_build_makes_programs_with_its_tags_and_stamps(build: Build, go: Path) -> None:
    artifact = await compiled(build, tell=silent)
    ran = artifact.program("tool").read_text()
    assert "-tags small" in ran
    assert "-gcflags all=-dwarf=false" in ran
    assert "-ldflags -s -w -X a.b=c" in ran
    assert ran.endswith("example.org/x/cmd/tool")
    assert not artifact.folder.joinpath("work").exists()


async def test_the_version_in_a_stamp_is_the_pinned_one(build: Build, go: Path) -> None:
    stamped = msgspec.structs.replace(build, module="example.org/x", ldflags="-X v={version}")
    assert "-X v=v1.0.0" in (await compiled(stamped, tell=silent)).program("tool").read_text()


async def test_progress_grows_to_the_end_and_names_what_is_compiled(build: Build, go: Path, told: list[Event]) -> None:
    await compiled(build, tell=told.append)
    fractions = [event.fraction for event in told if event.fraction is not None]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(0.95)
    assert {"a", "b", "c", "d"} <= {event.detail for event in told}


async def test_the_second_time_nothing_is_run(build: Build, go: Path) -> None:
    first = await compiled(build, tell=silent)
    before = calls(go)
    assert await compiled(build, tell=silent) == first
    assert calls(go) == before


@pytest.mark.parametrize(
    "change",
    [
        {"tags": ()},
        {"ldflags": ""},
        {"packages": {"tool": "example.org/x/cmd/other"}},
        {"cgo": True},
        {"called": ("a",)},
    ],
)
async def test_whatever_changes_the_outcome_makes_another_artifact(
    build: Build, go: Path, change: dict[str, object]
) -> None:
    first = await compiled(build, tell=silent)
    assert (await compiled(msgspec.structs.replace(build, **change), tell=silent)).folder != first.folder


async def test_another_pin_makes_another_artifact(build: Build, go: Path) -> None:
    first = await compiled(build, tell=silent)
    build.pins.joinpath("go.sum").write_text("example.org/x v1.0.0 h1:…\n")
    assert (await compiled(build, tell=silent)).folder != first.folder


@pytest.mark.parametrize("version", ["go1.26.9", "go1.21.0", ""])
async def test_what_was_built_needs_no_toolchain_any_more(
    build: Build, go: Path, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await compiled(build, tell=silent)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    go.joinpath("version").write_text(version)
    if not version:
        go.joinpath("go").unlink()
    assert await compiled(build, tell=silent) == first
    with pytest.raises(BuildError, match=r"Go 1\.26\.0") if version != "go1.26.9" else contextlib.nullcontext():
        await compiled(msgspec.structs.replace(build, tags=("other",)), tell=silent)


async def test_only_what_no_earlier_build_has_compiled_counts_for_the_progress(build: Build, go: Path) -> None:
    await compiled(build, tell=silent)
    (listed,) = [line for line in calls(go) if line.startswith("list")]
    assert "{{if .Stale}}" in listed


async def test_one_binary_can_be_called_by_many_names(build: Build, go: Path) -> None:
    artifact = await compiled(msgspec.structs.replace(build, called=("one", "two")), tell=silent)
    assert artifact.program("one").read_bytes() == artifact.program("two").read_bytes()
    assert artifact.program("one").is_symlink()


async def test_own_sources_are_built_without_their_tests(build: Build, go: Path, tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    sources.joinpath("main.go").write_text("package main")
    ours = msgspec.structs.replace(build, sources=sources, packages={"tool": "."})
    first = await compiled(ours, tell=silent)
    sources.joinpath("main_test.go").write_text("package main")
    assert await compiled(ours, tell=silent) == first
    sources.joinpath("main.go").write_text("package main // changed")
    assert (await compiled(ours, tell=silent)).folder != first.folder


async def test_files_of_the_module_are_kept_beside_the_programs(build: Build, go: Path) -> None:
    crds = go / "module" / "config" / "crd"
    crds.mkdir(parents=True)
    crds.joinpath("one.yaml").write_text("kind: X")
    crds.joinpath("one.yaml").chmod(0o444)
    crds.chmod(0o555)
    kept = msgspec.structs.replace(build, keep={"example.org/x": ("config/crd",)})
    artifact = await compiled(kept, tell=silent)
    assert artifact.manifests.joinpath("config/crd/one.yaml").read_text() == "kind: X"
    artifact.manifests.joinpath("config/crd/two.yaml").write_text("the copy is not read-only")


async def test_a_recipe_without_programs_brings_its_files_and_compiles_nothing(build: Build, go: Path) -> None:
    go.joinpath("module").mkdir()
    go.joinpath("module", "crd.yaml").write_text("kind: X")
    artifact = await compiled(
        msgspec.structs.replace(build, packages={}, keep={"example.org/x": ("crd.yaml",)}), tell=silent
    )
    assert artifact.manifests.joinpath("crd.yaml").exists()
    assert calls(go) == ["mod download -json example.org/x"]


async def test_a_file_that_the_module_lacks_is_named(build: Build, go: Path) -> None:
    with pytest.raises(BuildError, match="config/absent"):
        await compiled(msgspec.structs.replace(build, keep={"example.org/x": ("config/absent",)}), tell=silent)


@pytest.mark.parametrize(
    ("printed", "way_out"),
    [
        ("write /x: no space left on device", "make room"),
        ("Get https://proxy: dial tcp: lookup proxy: no such host", "GOPROXY"),
        ("reading https://proxy/x: 403 Forbidden", "refuses"),
        ("verifying example.org/x@v1.0.0: checksum mismatch", "not the one that is pinned"),
        ("compile: signal: killed", "memory"),
        ("x.go:1:1: undefined: y", "goes on from there"),
    ],
)
async def test_a_failure_shows_gos_last_words_and_a_way_out(build: Build, go: Path, printed: str, way_out: str) -> None:
    go.joinpath("fails").write_text(printed)
    with pytest.raises(BuildError) as caught:
        await compiled(build, tell=silent)
    assert printed in caught.value.what
    assert way_out in caught.value.way_out


async def test_a_toolchain_that_is_too_old_is_named(build: Build, go: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    go.joinpath("version").write_text("go1.21.0")
    with pytest.raises(BuildError, match=r"Go 1\.26\.0 or newer .* is 1\.21\.0"):
        await compiled(build, tell=silent)


async def test_a_toolchain_from_a_wheel_is_used_where_path_has_none(
    build: Build, go: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = tmp_path / "site" / "go"
    wheel.joinpath("bin").mkdir(parents=True)
    wheel.joinpath("__init__.py").touch()
    for name in ("go", "version"):
        go.joinpath(name).rename(wheel / "bin" / name)
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setenv("PATH", "")
    assert (await compiled(build, tell=silent)).origin.startswith("built with go1.26.8")


async def test_a_missing_header_names_its_package(build: Build, go: Path) -> None:
    needy = msgspec.structs.replace(build, needs={"absent-header.h": "libabsent-dev"})
    with pytest.raises(BuildError, match="absent-header") as caught:
        await compiled(needy, tell=silent)
    assert "libabsent-dev" in caught.value.way_out
