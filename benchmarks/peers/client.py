"""What a load generator is to this benchmark: how it is had, how it is told to send a load, and how what it reports is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

MODEL = "simulated"
WORDS = 16  # of each prompt, about


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """Requests by chance at a rate for so many seconds; or so many in all, by streams that each ask again."""

    tokens: int
    rate: float = 0.0
    seconds: float = 0.0
    streams: int = 0
    total: int = 0
    each: bool = True  # what is told of each request is wanted; files that are not made by default cost time
    processes: int = 1  # of ours; nobody else is asked for several

    @property
    def requests(self) -> int:
        return self.total or round(self.rate * self.seconds)


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a run finds what it needs, and puts what it says."""

    home: Path  # the client's own environment
    folder: Path  # this run's
    tokenizer: Path
    url: str


class Command(msgspec.Struct, frozen=True):
    argv: tuple[str, ...]
    env: Mapping[str, str] = {}
    accepts: tuple[int, ...] = (0,)


class Saw(NamedTuple):
    """One answer that a client counts as a success, as it reports it."""

    id: str
    ttft: float  # seconds


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """An environment from the package index: the packages of its file in ``pins``, and of one more wheel only the files named."""

    python: tuple[int, int]
    pins: str
    parts_of: str = ""
    kept: tuple[str, ...] = ()
    standin: bool = False  # for torch


class Client(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    version: str
    needs: Needs | None  # nothing: it is this repository's
    command: Callable[[Place, Load], Command]
    read: Callable[[Place, Load], Iterable[Saw]]
    notes: tuple[str, ...] = ()
    measures: bool = True

    @property
    def title(self) -> str:
        return f"{self.name} {self.version}".strip()
