import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from seatrial.model.verdict import Outcome
from seatrial.report import html
from tests.unit.report.runs import a_run, finding

PAGE = html.render(a_run(finding(outcome=Outcome.FAIL, subject="pods/a"), finding("b.fine"), simulated=True))
SCHEMES = ("light", "dark", "print")
TONES = ("ink", "soft", "sea", "fail", "error", "unknown", "not-covered", "pass", "not-applicable")


class _Elements(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


ELEMENTS = _Elements(PAGE).found


def test_nothing_is_fetched() -> None:
    assert not {tag for tag, _ in ELEMENTS} & {"link", "img", "iframe", "object", "embed", "base", "form"}
    assert [href for _, attrs in ELEMENTS if (href := attrs.get("href")) and not href.startswith("#")] == []
    assert not [
        attrs
        for _, attrs in ELEMENTS
        if "src" in attrs or "style" in attrs or any(name.startswith("on") for name in attrs)
    ]
    assert "url(" not in PAGE
    assert "@import" not in PAGE


@pytest.mark.parametrize(("tag", "directive"), [("style", "style-src"), ("script", "script-src")])
def test_the_policy_allows_exactly_what_is_there(tag: str, directive: str) -> None:
    (policy,) = [
        attrs["content"] or "" for _, attrs in ELEMENTS if attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    (inline,) = re.findall(f"<{tag}>(.*?)</{tag}>", PAGE, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
    assert f"{directive} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


def test_ids_are_unique_and_every_link_arrives() -> None:
    ids = [attrs["id"] for _, attrs in ELEMENTS if "id" in attrs]
    assert len(ids) == len(set(ids))
    targets = [attrs["href"] for _, attrs in ELEMENTS if "href" in attrs]
    assert targets
    assert {f"#{id}" for id in ids} >= set(targets)


def test_headings_skip_no_level() -> None:
    levels = [int(tag[1]) for tag, _ in ELEMENTS if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("ground", ["paper", "sheet"])
def test_every_colour_can_be_read(scheme: str, tone: str, ground: str) -> None:
    colours = dict(zip(SCHEMES, re.findall(r":root \{(.*?)\n\s*\}", PAGE, re.DOTALL), strict=True))[scheme]
    assert _contrast(_colour(colours, tone), _colour(colours, ground)) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_warning_can_be_read(scheme: str) -> None:
    colours = dict(zip(SCHEMES, re.findall(r":root \{(.*?)\n\s*\}", PAGE, re.DOTALL), strict=True))[scheme]
    assert _contrast(_colour(colours, "warn-ink"), _colour(colours, "warn-paper")) >= 7


def _colour(colours: str, name: str) -> tuple[float, ...]:
    match = re.search(rf"--{name}: #([0-9a-f]+);", colours)
    assert match
    digits = match[1] if len(match[1]) == 6 else "".join(2 * digit for digit in match[1])
    return tuple(int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))


def _contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """As WCAG 2 defines it."""
    low, high = sorted(_luminance(colour) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: tuple[float, ...]) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
