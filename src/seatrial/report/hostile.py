"""What came from a cluster, made harmless for each face. No face writes such text in any other way."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from seatrial.kit.markdown import code as markdown_code
from seatrial.kit.markdown import text as markdown_text
from seatrial.kit.text import safe

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff]")

_PLAIN = (str, int, float)

__all__ = ["html_text", "json_text", "markdown_code", "markdown_text", "pairs", "value", "xml_text"]


def html_text(text: str, *, limit: int = 2000) -> str:
    """For HTML, between tags and inside a quoted attribute alike."""
    return html.escape(safe(text, limit=limit), quote=True)


def xml_text(text: str, *, limit: int = 4000) -> str:
    """For XML, between tags and inside a quoted attribute alike."""
    return html.escape(_NOT_XML.sub("\ufffd", safe(text, limit=limit)), quote=True)


def json_text(text: str) -> str:
    """JSON whose invisible characters are spelled out, which means the same; they can only stand inside strings."""
    return _UNSAFE_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def value(seen: Any) -> str:
    """What a check saw, as one reads it: with commas, or as JSON where it goes deeper."""
    if seen is None:
        return "none"
    if isinstance(seen, bool):
        return "yes" if seen else "no"
    if isinstance(seen, str):
        return seen
    if isinstance(seen, Sequence) and all(isinstance(item, _PLAIN) for item in seen):
        return ", ".join(value(item) for item in seen) or "none"
    if isinstance(seen, Mapping) and all(isinstance(item, _PLAIN) for item in seen.values()):
        return ", ".join(f"{key} {value(item)}" for key, item in seen.items()) or "none"
    return msgspec.json.encode(seen, order="sorted").decode()


def pairs(seen: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(str(key).replace("_", " "), value(item)) for key, item in seen.items()]
