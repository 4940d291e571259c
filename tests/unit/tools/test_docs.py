from __future__ import annotations

from pathlib import Path

import pytest

from seatrial.engine.catalog import Catalog
from tests.unit.tools import ROOT, tool

TOOL = tool("docs")


@pytest.fixture
def catalog(monkeypatch: pytest.MonkeyPatch) -> Catalog:
    monkeypatch.syspath_prepend(ROOT / "tests" / "plugin" / "seatrial-example-plugin" / "src")
    return Catalog.load("seatrial_example_plugin")


def test_the_page_of_a_check_is_its_docstring_and_its_signature(catalog: Catalog) -> None:
    page = TOOL.reference(catalog)["checks.md"]
    assert "## caching\n\n### caching.model-cache-is-warm\n\nEvery ModelCache holds" in page
    assert "- kind: passive\n- runs once per: cache.example.dev/modelcaches" in page
    assert "creates" not in page.partition("###")[2]


def test_a_system_says_how_it_is_found_and_proven(catalog: Catalog) -> None:
    page = TOOL.reference(catalog)["systems.md"]
    assert "- found by: cache.example.dev/modelcaches being served" in page
    assert "- proof in the lab: documents only" in page


def test_pages_are_the_same_every_time_and_then_check_is_content(catalog: Catalog, tmp_path: Path) -> None:
    arguments = ["--into", str(tmp_path / "reference")]
    assert TOOL.main(arguments, catalog) == 0
    first = {path.name: path.read_bytes() for path in (tmp_path / "reference").iterdir()}
    assert TOOL.main([*arguments, "--check"], catalog) == 0
    assert TOOL.main(arguments, catalog) == 0
    assert first == {path.name: path.read_bytes() for path in (tmp_path / "reference").iterdir()}
    assert {"checks.md", "systems.md", "standards.md", "faults.md"} <= set(first)


@pytest.mark.parametrize("change", ["", "another word\n", None])
def test_check_fails_on_a_difference_and_shows_it(
    catalog: Catalog, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: str | None
) -> None:
    arguments = ["--into", str(tmp_path)]
    TOOL.main(arguments, catalog)
    page = tmp_path / "systems.md"
    page.unlink() if change is None else page.write_text(change)
    assert TOOL.main([*arguments, "--check"], catalog) == 1
    assert f"{page} differs" in capsys.readouterr().out
    assert change is None or page.read_text() == change


def test_a_bar_in_a_cell_stays_in_its_cell() -> None:
    assert TOOL._table(["a"], [["x|y"]]) == "| a |\n| --- |\n| x\\|y |"
