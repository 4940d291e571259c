"""The directory of one submission, as the rules see it: on a disk, or in memory before it is written."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

import msgspec


class Presence(StrEnum):
    THERE = "there"
    MISSING = "missing"
    UNCLEAR = "unclear"  # the name is too long, or leads through a file: the programme takes it for there


class Unreadable(Exception):
    """Why a file that is there could not be read."""


class Folder(Protocol):
    @property
    def name(self) -> str:
        """The product's directory, such as ``gke``."""
        ...

    @property
    def parent(self) -> str:
        """The version's directory, such as ``v1.37``."""
        ...

    def presence(self, path: str) -> Presence:
        """Of a path relative to the directory, which may lead out of it."""
        ...

    def read(self, path: str) -> bytes:
        """A regular file inside the directory, of a bounded size; Unreadable otherwise."""
        ...

    def names(self) -> tuple[str, ...]:
        """Every regular file inside, relative to the directory."""
        ...


def inside(path: str) -> str:
    """The path with its dots resolved, as words alone: ``a/../b`` is ``b``, and a leading slash means nothing."""
    return posixpath.normpath(posixpath.join(".", path.lstrip("/")))


class MemoryFolder(msgspec.Struct, frozen=True):
    files: Mapping[str, bytes]
    name: str = "product"
    parent: str = "v1.37"

    def presence(self, path: str) -> Presence:
        wanted = inside(path)
        there = wanted == "." or any(name == wanted or name.startswith(f"{wanted}/") for name in self.files)
        return Presence.THERE if there else Presence.MISSING

    def read(self, path: str) -> bytes:
        try:
            return self.files[inside(path)]
        except KeyError:
            raise Unreadable("it is not a file") from None

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self.files))
