"""What pins replace, and where checksums come from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.unit.tools import tool

TOOL = tool("pin")
UNNAMED = "v0.0.0-00010101000000-000000000000"


def required(path: str, version: str) -> dict[str, str]:
    return {"Path": path, "Version": version}


def replaced(path: str, by: str, version: str = "") -> dict[str, Any]:
    return {"Old": {"Path": path}, "New": {"Path": by, "Version": version}}


THEIRS = {
    "Require": [
        required("a.dev/one/api", UNNAMED),
        required("a.dev/one/ext", UNNAMED),
        required("a.dev/two", UNNAMED),
        required("a.dev/three", "v1.2.3"),
    ],
    "Replace": [
        replaced("a.dev/one/api", "./api"),
        replaced("a.dev/one/ext", "./pkg/ext"),
        replaced("a.dev/two", "a.dev/fork", "v0.4.0"),
        replaced("a.dev/three", "./three"),
    ],
}


def test_what_upstream_only_ever_replaces_by_a_folder_is_of_the_same_release(tmp_path: Path) -> None:
    assert list(TOOL.neighbours(THEIRS, "v9.0.0", tmp_path)) == [
        "a.dev/one/api => a.dev/one/api v9.0.0",
        "a.dev/one/ext => a.dev/one/ext v9.0.0",
    ]


def test_a_module_of_our_own_beside_the_pins_stands_for_one_that_is_not_published(tmp_path: Path) -> None:
    (tmp_path / "ext").mkdir()
    (tmp_path / "ext" / "go.mod").write_text("module a.dev/one/ext\n")
    assert "a.dev/one/ext => ./ext" in list(TOOL.neighbours(THEIRS, "v9.0.0", tmp_path))


def test_a_module_without_local_replacements_has_no_neighbours(tmp_path: Path) -> None:
    assert not list(TOOL.neighbours({"Require": THEIRS["Require"]}, "v9.0.0", tmp_path))


def test_upstream_s_own_checksums_are_a_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, folder = tmp_path / "source", tmp_path / "folder"
    source.mkdir()
    folder.mkdir()
    (source / "go.sum").write_text("a.dev/two v1.0.0 h1:theirs\n")
    (folder / "go.sum").write_text("a.dev/one v1.0.0 h1:ours\n")
    monkeypatch.setattr(TOOL, "go", lambda *_, **__: json.dumps({"Dir": str(source)}))
    TOOL.trust("a.dev/one", "v1.0.0", folder)
    assert (folder / "go.sum").read_text().splitlines() == ["a.dev/one v1.0.0 h1:ours", "a.dev/two v1.0.0 h1:theirs"]


def pinned(folder: Path, *lines: str) -> Path:
    folder.mkdir()
    folder.joinpath("go.mod").write_text("\n".join(["module x.dev/x", "go 1.26.0", *lines]) + "\n")
    return folder


@pytest.mark.skipif(shutil.which("go") is None, reason="it asks Go what a go.mod says")
def test_what_two_systems_need_is_taken_in_the_version_of_the_other(tmp_path: Path) -> None:
    mine = pinned(
        tmp_path / "mine",
        "require (", "a.dev/both v1.0.0", "a.dev/alone v1.0.0", "a.dev/held v1.0.0", "a.dev/fixed v1.0.0", ")",
        "replace a.dev/held => a.dev/held v1.0.1",
    )  # fmt: skip
    theirs = pinned(
        tmp_path / "theirs",
        "require (", "a.dev/both v1.2.0", "a.dev/held v1.3.0", "a.dev/fixed v1.4.0", "a.dev/other v1.0.0", ")",
        "replace a.dev/fixed => a.dev/fixed v1.1.0",
    )  # fmt: skip
    assert list(TOOL.shared(mine, theirs)) == ["a.dev/both@v1.2.0"]
