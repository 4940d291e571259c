"""The docstring of a check, a source or a metric, which is its published page."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

from seatrial.model.errors import CatalogError


def page(what: str, function: Callable[..., Any], first: str, second: str) -> tuple[str, str, str]:
    """The title, then what stands after the two words, each on one line."""
    text = inspect.getdoc(function) or ""
    match = re.fullmatch(rf"(.+?)\n\s*\n.*?{first}: (.+?)\n{second}: (.+)", text, re.DOTALL)
    if match is None:
        raise CatalogError(f"{what}: the docstring needs a title, then '{first}: …' and '{second}: …'")
    title, one, other = (" ".join(part.split()) for part in match.groups())
    return title, one, other
