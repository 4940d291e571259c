from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from seatrial.kit import markdown


@given(
    st.text(st.one_of(st.sampled_from("<>&`*_[]()\\~#@:/.!-|\n\t\x1b\u202e"), st.characters(codec=None)), max_size=80)
)
def test_nothing_in_it_is_markup(words: str) -> None:
    shown = MarkdownIt("commonmark").enable("table").render(f"x {markdown.text(words)}")
    assert shown.count("<") == 2
    assert markdown.code(words) == f"<code>{markdown.text(words, limit=200)}</code>"


def test_it_is_cut_and_stays_on_one_line() -> None:
    assert markdown.text("a\nb | c") == "a b &#124; c"
    assert markdown.text("x" * 30, limit=10) == "xxxxxxxxxx… (20 more characters)"
