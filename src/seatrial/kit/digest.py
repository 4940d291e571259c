"""Digests that come out the same wherever and whenever they are made."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec


def of_text(text: str) -> str:
    """The sha256 of a text whose white space does not matter: ``" ".join(text.split())`` in UTF-8."""
    return of_bytes(" ".join(text.split()).encode())


def of_value(value: Any) -> str:
    """The sha256 of a value's canonical JSON: keys sorted, no spaces, UTF-8."""
    return of_bytes(canonical_json(value))


def of_bytes(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def canonical_json(value: Any) -> bytes:
    return msgspec.json.encode(value, order="sorted")
