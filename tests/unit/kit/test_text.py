from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from seatrial.kit import text


def test_controls_are_spelled_out() -> None:
    assert text.safe("a\x1b[31mb\x07\x9b") == r"a\x1b[31mb\x07\x9b"
    assert text.safe("keeps\n\ttwo lines") == "keeps\n\ttwo lines"
    assert text.safe("a\rb") == r"a\rb"


def test_what_hides_or_turns_words_is_spelled_out() -> None:
    assert text.safe("user\u202etxt.exe") == r"user\u202etxt.exe"
    assert text.safe("a\u200bb\u2066c\ufeff\u2028\U000e0041\ud800") == r"a\u200bb\u2066c\ufeff\u2028\U000e0041\ud800"
    assert text.safe("ä 漢字 ß") == "ä 漢字 ß"


def test_long_text_is_cut_and_says_so() -> None:
    assert text.safe("x" * 10, limit=4) == "xxxx… (6 more characters)"
    assert text.safe("x" * 4, limit=4) == "xxxx"


def test_one_line() -> None:
    assert text.one_line("  a\n\n b\tc\x0b\x0c d\u2028") == "a b c d"
    assert "\n" not in text.one_line("a\n" * 100_000)


@given(st.text(st.characters(exclude_categories=[])))
def test_nothing_that_a_terminal_obeys_is_left(hostile: str) -> None:
    shown = text.safe(hostile)
    assert all(unicodedata.category(c) not in ("Cc", "Cs") or c in "\n\t" for c in shown)
    assert shown.encode().decode() == shown
    assert not set("\n\t\r") & set(text.one_line(hostile))
