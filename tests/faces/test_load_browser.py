"""The page of a load in a real browser: plots are drawn, nothing hostile runs, light differs from dark, nothing overflows."""

import re
from pathlib import Path

import pytest

from seatrial.app.load_files import read
from seatrial.app.load_report import render
from tests.faces.chromium import chromium
from tests.faces.conftest import HERE

pytestmark = pytest.mark.browser
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')


@pytest.fixture(params=["load", "series"])
def page(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "load.html"
    path.write_text(render(read(HERE / f"{request.param}.json"), "html"), "utf-8")
    return path


def _measured(page: Path, profile: Path, script: str, *arguments: str) -> str:
    """What a script of the test's own finds; the policy of the page would not let it run."""
    bare = _POLICY.sub("", page.read_text("utf-8")).replace("<details>", "<details open>")
    page.write_text(
        bare.replace("</body>", f"<script>document.documentElement.dataset.found = {script}</script></body>")
    )
    found = re.search(r'data-found="([^"]*)"', chromium(page, profile, "--dump-dom", *arguments))
    assert found
    return found[1]


def test_nothing_hostile_is_markup(page: Path, tmp_path: Path) -> None:
    dom = chromium(page, tmp_path / "profile", "--dump-dom")
    assert "<img" not in dom
    assert not re.search(r"<html[^>]*data-pwned", dom)
    assert "data-pwned" in dom  # the attempt is shown as the text that it is


def test_every_plot_has_lines_inside_its_picture(page: Path, tmp_path: Path) -> None:
    script = """[...document.querySelectorAll("figure svg.plot[role=img]")].map(plot => {
        const box = plot.viewBox.baseVal;
        const drawn = [...plot.querySelectorAll(".drawn, circle")].map(one => one.getBBox());
        return drawn.length > 0 && drawn.every(one => one.x >= 60 && one.x + one.width <= box.width
            && one.y >= 0 && one.y + one.height <= box.height) && !plot.innerHTML.includes("NaN");
    }).join(" ")"""
    told = _measured(page, tmp_path / "profile", script).split()
    assert len(told) >= 9
    assert set(told) == {"true"}


def test_no_sideways_scrolling_on_a_narrow_screen(page: Path, tmp_path: Path) -> None:
    script = "document.documentElement.scrollWidth - innerWidth"
    assert int(_measured(page, tmp_path / "profile", script, "--window-size=500,900")) <= 0


def test_light_and_dark_are_two_pictures(page: Path, tmp_path: Path) -> None:
    pictures = []
    for scheme in ("1", "0"):  # light, dark
        picture = tmp_path / f"{scheme}.png"
        size, colours = "--window-size=1000,2500", f"--blink-settings=preferredColorScheme={scheme}"
        chromium(page, tmp_path / scheme, f"--screenshot={picture}", size, colours)
        pictures.append(picture.read_bytes())
    assert pictures[0] != pictures[1]
    assert all(len(picture) > 40_000 for picture in pictures)  # a blank page is far smaller


def test_it_is_printed_whole(page: Path, tmp_path: Path) -> None:
    folded, unfolded = tmp_path / "folded.pdf", tmp_path / "unfolded.pdf"
    chromium(page, tmp_path / "one", f"--print-to-pdf={folded}", "--no-pdf-header-footer")
    page.write_text(page.read_text("utf-8").replace("<details>", "<details open>"), "utf-8")
    chromium(page, tmp_path / "two", f"--print-to-pdf={unfolded}", "--no-pdf-header-footer")
    assert _pages(folded) == _pages(unfolded) >= 2


def _pages(pdf: Path) -> int:
    return len(re.findall(rb"/Type /Page\b", pdf.read_bytes()))
