"""Text that somebody else wrote, inside Markdown: no markup, no tag, no link, no mention, on one line."""

from __future__ import annotations

import re

from seatrial.kit.text import one_line

_MARKUP = re.compile(r"[\\`*\[\]<>&|~#@]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|:(?=//)|(?<=www)\.", re.IGNORECASE)


def text(words: str, *, limit: int = 500) -> str:
    """For a line (not at its start) or a table cell."""
    return _MARKUP.sub(lambda match: f"&#{ord(match[0])};", one_line(words, limit=limit))


def code(words: str, *, limit: int = 200) -> str:
    """As code. A tag, because backticks cannot hold every text inside a table cell."""
    return f"<code>{text(words, limit=limit)}</code>"
