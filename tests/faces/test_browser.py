"""The HTML page in a real browser: what is there without scripts, that ours runs, and that a hostile one does not."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from seatrial.app.report import render
from seatrial.model.run import Run
from tests.faces.chromium import chromium

pytestmark = pytest.mark.browser


@pytest.fixture
def page(run: Run, tmp_path: Path) -> Path:
    path = tmp_path / "report.html"
    path.write_text(render(run, "html"), "utf-8")
    return path


class _Text(HTMLParser):
    def __init__(self, markup: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.feed(markup)

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def __str__(self) -> str:
        return " ".join(" ".join(self.words).split())


def test_content_is_there_and_only_our_script_ran(page: Path, tmp_path: Path) -> None:
    dom = chromium(page, tmp_path / "profile", "--dump-dom")
    text = str(_Text(dom))
    for said in (
        "gang_scheduling",
        "left: 8 of 12 running",
        "its claim was given accel5",
        "SIMULATED ACCELERATORS",
        "no autoscaler is here",
    ):
        assert said in text
    assert re.search(r"<html[^>]*data-filters=", dom)  # our own script ran, so scripts do run here
    assert not re.search(r"<html[^>]*data-pwned", dom)
    assert "data-pwned" in text  # the attempt is shown as the text that it is
    assert "<img" not in dom


def test_a_script_that_slips_in_is_stopped_by_the_policy(page: Path, tmp_path: Path) -> None:
    slipped = "<script>document.documentElement.setAttribute('data-pwned', '1')</script>"
    page.write_text(page.read_text("utf-8").replace("</main>", f"{slipped}</main>"), "utf-8")
    dom = chromium(page, tmp_path / "profile", "--dump-dom")
    assert re.search(r"<html[^>]*data-filters=", dom)
    assert not re.search(r"<html[^>]*data-pwned", dom)


def test_the_policy_is_what_stops_it(page: Path, tmp_path: Path) -> None:
    """The control of the test above: the same page without its policy does run the script."""
    slipped = "<script>document.documentElement.setAttribute('data-pwned', '1')</script>"
    bare = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text("utf-8"))
    page.write_text(bare.replace("</main>", f"{slipped}</main>"), "utf-8")
    assert re.search(r"<html[^>]*data-pwned", chromium(page, tmp_path / "profile", "--dump-dom"))


def test_light_and_dark_are_two_pictures(page: Path, tmp_path: Path) -> None:
    pictures = []
    for scheme in ("1", "0"):  # light, dark
        picture = tmp_path / f"{scheme}.png"
        chromium(
            page,
            tmp_path / scheme,
            f"--screenshot={picture}",
            "--window-size=1000,800",
            f"--blink-settings=preferredColorScheme={scheme}",
        )
        pictures.append(picture.read_bytes())
    assert pictures[0] != pictures[1]
    assert all(len(picture) > 20_000 for picture in pictures)  # a blank page is far smaller


def test_no_sideways_scrolling_on_a_narrow_screen(page: Path, tmp_path: Path) -> None:
    """Measured by a script of the test's own, which is why the policy is taken out."""
    probe = "<script>document.documentElement.dataset.over = document.documentElement.scrollWidth - innerWidth</script>"
    bare = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text("utf-8"))
    page.write_text(bare.replace("<details>", "<details open>").replace("</body>", f"{probe}</body>"), "utf-8")
    dom = chromium(page, tmp_path / "profile", "--dump-dom", "--window-size=500,900")
    over = re.search(r'data-over="(-?\d+)"', dom)
    assert over
    assert int(over[1]) <= 0


def test_the_printed_page_has_the_folded_evidence(page: Path, tmp_path: Path) -> None:
    folded, unfolded = tmp_path / "folded.pdf", tmp_path / "unfolded.pdf"
    chromium(page, tmp_path / "one", f"--print-to-pdf={folded}", "--no-pdf-header-footer")
    page.write_text(page.read_text("utf-8").replace("<details>", "<details open>"), "utf-8")
    chromium(page, tmp_path / "two", f"--print-to-pdf={unfolded}", "--no-pdf-header-footer")
    assert _pages(folded) == _pages(unfolded) > 3


def _pages(pdf: Path) -> int:
    return len(re.findall(rb"/Type /Page\b", pdf.read_bytes()))
