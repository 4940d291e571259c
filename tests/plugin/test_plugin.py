"""The example plug-in, found as any installed plug-in is: by the entry point in its metadata."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from seatrial.engine.catalog import Catalog, plugins
from seatrial.model.errors import CatalogError
from tests.cases.runner import Case, play, read

PROJECT = Path(__file__).parent / "seatrial-example-plugin"
CASES = read(PROJECT / "cases" / "caching" / "model-cache-is-warm.yaml")


def install(project: Path, site: Path) -> None:
    """What an installer leaves behind of an editable package: its metadata, with the entry points of its pyproject."""
    about = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    info = site / f"{about['name'].replace('-', '_')}-{about['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {about['name']}\nVersion: {about['version']}\n")
    groups = about["entry-points"].items()
    lines = [f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in points.items()) for group, points in groups]
    (info / "entry_points.txt").write_text("".join(lines))


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(PROJECT, tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.syspath_prepend(PROJECT / "src")


@pytest.mark.usefixtures("installed")
def test_an_installed_plug_in_is_found_by_its_entry_point() -> None:
    assert "seatrial_example_plugin" in plugins()
    catalog = Catalog.load(*plugins())
    assert "caching.model-cache-is-warm" in catalog.checks
    assert "model-cache" in catalog.systems


def test_without_it_nobody_knows_its_check() -> None:
    assert "seatrial_example_plugin" not in plugins()


@pytest.mark.usefixtures("installed")
def test_a_plug_in_that_does_not_import_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken_plugin.py").write_text("import nothing_of_that_name\n")
    with pytest.raises(CatalogError, match=r"broken_plugin.*nothing_of_that_name"):
        Catalog.load("broken_plugin")


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_its_check_judges_its_cases(case: Case) -> None:
    catalog = Catalog.load("seatrial_example_plugin")
    assert await play(catalog, catalog.check("caching.model-cache-is-warm"), case) == case.expect


@pytest.mark.usefixtures("installed")
async def test_the_runner_notices_a_wrong_expectation_and_a_stray_object() -> None:
    catalog = Catalog.load("seatrial_example_plugin")
    check = catalog.check("caching.model-cache-is-warm")
    played = await play(catalog, check, CASES[1])
    assert set(played.values()) == {"pass", "fail"}
    with pytest.raises(AssertionError, match="does not read pods"):
        await play(catalog, check, Case(name="stray", objects={"pods": []}, expect={}))
