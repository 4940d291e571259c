"""Waiting, as data: who waits for whom and for what. A Source draws that from facts; a Diagnosis is what follows from it.

``Wait`` is one edge. A ``Contest`` is one thing of which several want a part, as accelerators are. A ``Party`` is whoever
waits or holds: pods that belong together. Whether they lock each other up is for the engine to find, never for a Source.
"""

from __future__ import annotations

import datetime as dt
import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

import msgspec

from seatrial.model.docstring import page
from seatrial.model.errors import CatalogError
from seatrial.model.fact import All, Fact, Gap, sources
from seatrial.model.run import Environment
from seatrial.model.verdict import Severity

SCHEMA = "seatrial.dev/diagnosis/v1"
DEADLOCK = "deadlock"  # the engine finds it; no source does


class Certainty(StrEnum):
    CERTAIN = "certain"  # the cluster says so itself
    COMPUTED = "computed"  # it follows from what was read
    LIKELY = "likely"  # it fits what was read, and something else might, too


class Action(msgspec.Struct, frozen=True):
    """One thing that somebody may do, and what it costs."""

    what: str
    command: str = ""
    lost: int = 0  # accelerators whose work is lost by it


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """Pods that belong together: a gang, what one controller makes, or a pod alone."""

    subject: str
    waiting: int  # pods
    running: int = 0
    needed: int = 0  # pods of which none is of use without the others; 0 where each is
    accelerators: int = 0  # that its waiting pods would use
    held: int = 0  # accelerators that it holds
    members: tuple[str, ...] = ()  # its waiting pods
    release: Action | None = None  # how it gives back what it holds


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    waiter: str
    holder: str  # who or what it waits for
    what: str
    because: str
    missing: int = 0  # how many of it; 0 where that has no number
    certainty: Certainty = Certainty.COMPUTED
    stops: bool = True  # False: it runs, and runs badly
    actions: tuple[Action, ...] = ()
    source: str = ""  # the engine writes it in


class Piece(msgspec.Struct, frozen=True):
    """So many equal parts, each from one place."""

    count: int
    size: int
    places: frozenset[str] | None = None  # None: any


class Stake(msgspec.Struct, frozen=True, kw_only=True):
    """What one party has of a thing, and what it still wants."""

    party: str
    holds: Mapping[str, int] = {}  # by place
    wants: tuple[Piece, ...] = ()
    tied: bool = True  # it is of use only as a whole: nothing comes back before the party has all that it wants
    ends: bool = True  # what it holds comes back by itself some day

    @property
    def amount(self) -> int:
        return sum(self.holds.values())

    @property
    def missing(self) -> int:
        return sum(piece.count * piece.size for piece in self.wants)


class Contest(msgspec.Struct, frozen=True, kw_only=True):
    """One thing of which several want a part."""

    what: str
    free: Mapping[str, int]  # by place
    stakes: tuple[Stake, ...]
    place: str = "nodes"
    unit: int = 1  # what one is told as: amounts are thousandths where it is 1000
    source: str = ""


Found = Wait | Contest | Party
Find = Callable[..., Iterable[Found]]


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A function that finds waiting of one kind. Its signature is its manifest, as a check's is."""

    id: str
    title: str
    why: str
    prevent: str
    find: Find
    parameters: Mapping[str, type[Fact]]

    @property
    def reads(self) -> tuple[type[Fact], ...]:
        return tuple(kind for asked in self.parameters.values() for kind in sources(asked))


def source(id: str) -> Callable[[Find], Source]:
    """Make a function a Source. Its docstring says what is the matter, then ``Why:`` and ``Prevent:``."""

    def make(find: Find) -> Source:
        title, why, prevent = page(f"source {id}", find, "Why", "Prevent")
        return Source(id=id, title=title, why=why, prevent=prevent, find=find, parameters=_manifest(id, find))

    return make


def _manifest(id: str, find: Find) -> dict[str, type[Fact]]:
    hints = typing.get_type_hints(find)
    found: dict[str, type[Fact]] = {}
    for name in inspect.signature(find).parameters:
        if typing.get_origin(hints.get(name)) is not All:
            raise CatalogError(f"source {id}: parameter {name!r} is {hints.get(name)!r}; use All[Fact]")
        found[name] = typing.get_args(hints[name])[0]
    return found


class Blocked(msgspec.Struct, frozen=True, kw_only=True):
    """One that waits because of a cause: for it alone, or for somebody who waits for it."""

    subject: str
    because: str
    pods: int = 0
    accelerators: int = 0
    directly: bool = True


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """What others wait for and what itself waits for nobody, or a circle of those who wait for each other."""

    rank: int = 0
    source: str
    holder: str
    what: str
    because: str
    certainty: Certainty
    stops: bool = True
    deadlock: bool = False
    cycle: tuple[str, ...] = ()
    blocked: tuple[Blocked, ...] = ()  # the largest first, and no more than a page of them
    waiters: int = 0  # all of them
    pods: int = 0
    accelerators: int = 0
    actions: tuple[Action, ...] = ()
    smallest: bool | None = (
        None  # whether the actions are the smallest set there is; None where nobody chose among sets
    )
    bound: str = ""  # where they may not be: how far off they can be
    prevent: str = ""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One constraint of one waiting pod, and on how many nodes it is not met."""

    constraint: str
    nodes: int


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Of one thing that somebody asked about: where a place for it was looked for, and what the scheduler says."""

    subject: str
    nodes: int
    fits: int
    fails: tuple[Trial, ...] = ()  # the one that most nodes fail first
    first: str = ""  # its name
    needs: str = ""  # what would make it fit, and how near the best node comes
    actions: tuple[Action, ...] = ()
    scheduler: str = ""  # its own words
    agrees: bool | None = None  # None: nothing to compare
    differs: tuple[str, ...] = ()


class Near(msgspec.Struct, frozen=True):
    """Something that may explain a failure: it has to do with what the check wrote and looked at."""

    subject: str
    does: str


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """A failing finding of a saved Run: nothing need wait for it."""

    check: str
    subject: str
    severity: Severity
    because: str
    fix: str = ""
    near: tuple[Near, ...] = ()


class Standing(StrEnum):
    FLOWS = "flows"  # nothing waits
    STUCK = "stuck"
    BADLY = "badly"  # nothing waits, and something runs badly
    BROKEN = "broken"  # nothing waits, and a check or a proof failed
    UNKNOWN = "unknown"  # nothing was seen to wait, and not all could be seen


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    schema: str = SCHEMA
    seatrial: str
    command: str
    taken_at: dt.datetime
    environment: Environment
    about: str = ""  # the one thing that was asked about
    standing: Standing
    headline: str
    causes: tuple[Cause, ...] = ()
    waits: tuple[Wait, ...] = ()  # the edges behind the causes
    explanations: tuple[Explanation, ...] = ()
    broken: tuple[Broken, ...] = ()  # of the Run that was handed in, the worst first
    waiting_pods: int = 0
    waiting_accelerators: int = 0
    blind: tuple[Gap, ...] = ()  # what could not be looked into
    left_out: Mapping[str, int] = {}  # what is not told, by what it is
