import html
import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from seatrial.kit.text import one_line, safe
from seatrial.report.hostile import html_text, json_text, markdown_code, markdown_text, pairs, value, xml_text

nasty = st.text(
    st.one_of(
        st.sampled_from("<>&\"'|`*_[]()\\~#@:/.!-\n\t\x00\x1b\x9b\u202e\u200b\ufffe\uffff"),
        st.characters(codec=None),
    ),
    max_size=120,
)


class _Tags(HTMLParser):
    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.text = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@given(nasty)
def test_html_has_no_tag_and_loses_no_text(text: str) -> None:
    escaped = html_text(text)
    assert html.unescape(escaped) == safe(text, limit=2000)
    parsed = _Tags(f"<p>{escaped}</p>")
    assert parsed.tags == ["p"]
    assert not set("<>\"'") & set(escaped)


@given(nasty)
def test_xml_parses_and_loses_no_text(text: str) -> None:
    escaped = xml_text(text)
    root = ET.fromstring(f'<a b="{escaped}">{escaped}</a>')
    assert (root.text or "") == re.sub("[\ufffe\uffff]", "\ufffd", safe(text, limit=4000))


@given(nasty)
def test_markdown_becomes_plain_text(text: str) -> None:
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(f"so: {markdown_text(text)}")
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    children = tokens[1].children or []
    assert {child.type for child in children} <= {"text", "text_special"}
    assert "".join(child.content for child in children) == f"so: {one_line(text)}".rstrip()


@given(nasty, nasty)
def test_markdown_stays_in_its_cell(left: str, right: str) -> None:
    table = f"| a | b |\n|---|---|\n| {markdown_code(left)} | {markdown_text(right)} |"
    kinds = [token.type for token in MarkdownIt("gfm-like", {"linkify": False}).parse(table)]
    assert (kinds.count("tr_open"), kinds.count("td_open")) == (2, 2)


def test_markdown_mentions_and_links_nobody() -> None:
    assert markdown_text("@all https://x www.x <b>") == "&#64;all https&#58;//x www&#46;x &#60;b&#62;"


@given(
    st.recursive(
        st.text(st.characters(codec="utf-8")),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    )
)
def test_json_means_the_same_and_shows_everything(data: object) -> None:
    text = json_text(msgspec.json.encode(data).decode())
    assert json.loads(text) == data
    assert not re.search("[\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


def test_values_read_like_words() -> None:
    assert value(["a", 2, True]) == "a, 2, yes"
    assert value([]) == value({}) == value(None) == "none"
    assert value({"running": 8, "pending": 4}) == "running 8, pending 4"
    assert value({"b": [1], "a": {}}) == '{"a":{},"b":[1]}'
    assert pairs({"left_running": "8/12"}) == [("left running", "8/12")]
