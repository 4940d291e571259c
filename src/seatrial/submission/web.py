"""Addresses of the web, taken apart and put together as far as the rules need it."""

from __future__ import annotations

import re

import msgspec

_URL = re.compile(
    r"(?P<scheme>https?)://(?:(?P<user>[^/?#@]*)@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^/?#@:\s\[\]]+)(?::[0-9]*)?"
    r"(?P<path>/[^?#\s]*)?(?:\?(?P<query>[^#\s]*))?(?:#.*)?"
)


class Url(msgspec.Struct, frozen=True):
    host: str
    path: str
    query: str
    has_user: bool


def split(text: str) -> Url | None:
    """None where it is no address of the web."""
    match = _URL.fullmatch(text)
    if match is None:
        return None
    host = match["host"].strip("[]").lower().removesuffix(".")
    return Url(host, match["path"] or "", match["query"] or "", match["user"] is not None) if host else None
