"""The stored Run on every face, byte for byte. ``pytest tests/faces --renew`` writes the golden files anew."""

import pytest
from rich.cells import cell_len

from seatrial.app.report import FACES, render
from seatrial.model.run import Run
from tests.faces.conftest import HERE

FILES = {
    "text": "text.txt",
    "html": "report.html",
    "junit": "junit.xml",
    "markdown": "report.md",
    "sarif": "report.sarif",
    "openreports": "reports.yaml",
    "prometheus": "metrics.txt",
}
INVISIBLE = [chr(code) for code in (*range(9), *range(11, 32), *range(127, 160), 0x200F, 0x202E, 0x2066)]


@pytest.mark.parametrize("face", FILES)
def test_the_face_is_as_it_was(face: str, run: Run, renew: bool) -> None:
    golden = HERE / "golden" / FILES[face]
    shown = render(run, face)
    if renew:
        golden.write_text(shown, "utf-8")
    assert shown == golden.read_text("utf-8")


def test_json_is_the_stored_run_itself(run: Run) -> None:
    assert render(run, "json") == (HERE / "run.json").read_text("utf-8")


@pytest.mark.parametrize("face", FACES)
def test_nothing_invisible_comes_through(face: str, run: Run) -> None:
    shown = render(run, face)
    assert [character for character in INVISIBLE if character in shown] == []
    assert ("owned" in shown) == (face != "prometheus")  # the hostile name is there, spelled out; numbers need none


@pytest.mark.parametrize("face", ["text", "html", "junit", "markdown", "sarif", "openreports"])
def test_simulation_is_said(face: str, run: Run) -> None:
    assert "SIMULATED ACCELERATORS" in render(run, face)


def test_text_fits_80_columns(run: Run) -> None:
    assert max(cell_len(line) for line in render(run, "text").splitlines()) <= 80
