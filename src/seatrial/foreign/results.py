"""What one file of somebody else's results tells, whatever its format was."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import msgspec


class Ended(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    SKIP = "skip"
    UNFINISHED = "unfinished"  # it began, and nothing says how it ended


class Case(msgspec.Struct, frozen=True):
    name: str
    ended: Ended
    seconds: float | None = None
    because: str = ""

    @property
    def ran(self) -> bool:
        return self.ended is not Ended.SKIP

    @property
    def root(self) -> str:
        """The test of which this is a subtest, or itself."""
        return self.name.partition("/")[0]


class Identity(msgspec.Struct, frozen=True):
    """What a file says of the cluster that it is about; empty where it says nothing."""

    uid: str = ""  # of the kube-system namespace
    version: str = ""  # of the API server
    nodes: frozenset[str] = frozenset()

    def __or__(self, other: Identity) -> Identity:
        return Identity(self.uid or other.uid, self.version or other.version, self.nodes | other.nodes)


class Suite(StrEnum):
    AI = "AI conformance"  # the suite of kubernetes-sigs/ai-conformance, by go test
    BASE = "base conformance"  # the Kubernetes e2e suite with the focus [Conformance]
    OTHER = "another suite"


class Results(msgspec.Struct, frozen=True, kw_only=True):
    file: str
    suite: Suite
    cases: tuple[Case, ...]
    slips: tuple[str, ...] = ()  # where the file contradicts itself, or ends too early
    identity: Identity = Identity()
    focus: str = ""  # the expression that chose the cases, where the file says so


def lines(text: str) -> Iterator[str]:
    """Lines as the tools write them. Other separators come from what pods print, and must not put words at a margin."""
    return (line.removesuffix("\r") for line in text.split("\n"))
