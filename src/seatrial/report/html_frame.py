"""What every page of ours is made of: one HTML file, nothing loaded, and no style or script but the one that is in it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from importlib.resources import files

from seatrial.report.hostile import html_text as e

WAVE = '<svg viewBox="0 0 32 20" aria-hidden="true"><path d="M2 7q5-6 10 0t10 0 8-2M2 15q5-6 10 0t10 0 8-2"/></svg>'


def document(title: str, body: Iterable[str], *, skip: str, style: str = "", script: str = "") -> str:
    """``skip``: the link to what matters, as HTML. ``style`` comes after that of all pages."""
    style = part("page.css") + style
    run = f"<script>{script}</script>\n" if script else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_policy(style, script)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{e(title)}</title>
<style>{style}</style>
</head>
<body>
{skip}
<div class="page">
{joined(body)}
</div>
{run}</body>
</html>
"""


def part(name: str) -> str:
    """A style or a script that lies beside this module."""
    return files("seatrial.report").joinpath(name).read_text("utf-8")


def joined(parts: Iterable[str]) -> str:
    return "\n".join(part for part in parts if part)


def _policy(style: str, script: str) -> str:
    """Nothing may load or run but this very style and this very script."""
    scripts = f" script-src '{_digest(script)}';" if script else ""
    return f"default-src 'none'; style-src '{_digest(style)}';{scripts} base-uri 'none'; form-action 'none'"


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
