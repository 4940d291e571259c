"""Text that somebody else wrote, made safe to print: nothing in it can move the cursor, hide a word or flood a page."""

from __future__ import annotations

import re

# C0 without tab and newline, DEL, C1; zero-width and direction marks; line separators; surrogates; tag characters.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)


def safe(text: str, *, limit: int = 4000) -> str:
    """The text with every control and invisible character spelled out, such as ``\\x1b``, and cut at ``limit``."""
    cut = text[:limit]
    shown = _UNSAFE.sub(_spell_out, cut)
    rest = len(text) - len(cut)
    return f"{shown}… ({rest} more characters)" if rest else shown


def one_line(text: str, *, limit: int = 500) -> str:
    """Safe, and on one line: every run of white space becomes one space."""
    return safe(" ".join(text[: 4 * limit].split()), limit=limit)


def _spell_out(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape", "surrogatepass").decode("ascii")
