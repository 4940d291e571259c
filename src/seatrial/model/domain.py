"""A Domain is what a manager asks about: several areas of checks under one heading."""

from __future__ import annotations

import msgspec


class Domain(msgspec.Struct, frozen=True):
    id: str
    title: str
    areas: tuple[str, ...]
