"""A Remedy is a fix as objects for Git: what it cures, how it is made for one cluster, and what shows that it works."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

import msgspec

from seatrial.model.fact import Fact, Obj, Snapshot
from seatrial.model.verdict import Finding


class Fate(StrEnum):
    REFUSED = "refused"
    DEPENDS = "depends"  # on who makes it
    CHANGED = "changed"
    CUT = "cut"  # it goes on running, and loses ways to others or from them at once
    UNKNOWN = "unknown"  # what it depends on is not among what was read


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """Objects that are there, and what would become of them with the remedy in force: mostly, if they were made again."""

    subject: str  # what makes them, or the object itself
    namespace: str = ""
    fate: Fate
    because: tuple[str, ...]  # in the words of the policy
    objects: int = 1  # of them; pods of a controller, for instance


class Impact(msgspec.Struct, frozen=True, kw_only=True):
    """What a remedy would do to what is there now."""

    of: str  # what was looked at, such as "pods"
    looked_at: int = 0  # objects
    hits: tuple[Hit, ...] = ()
    unknown: tuple[str, ...] = ()  # why there may be more than is told
    by_server: bool = (
        False  # the API server said so; otherwise it is told from facts, and nothing was written to find out
    )

    def count(self, fate: Fate) -> int:
        return sum(one.objects for one in self.hits if one.fate is fate)


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """The objects of a Remedy for one cluster, in the two steps in which they are put in force."""

    base: tuple[Obj, ...] = ()  # of both steps; of no effect by themselves, unless there is nothing beside them
    audit: tuple[
        Obj, ...
    ] = ()  # tell what would be refused, and refuse nothing; empty where Kubernetes has no such mode
    enforce: tuple[Obj, ...] = ()
    caution: str = ""  # what a person has to look at first, as it could not be read
    beside: Mapping[str, Obj] = {}  # files that no API server takes as objects, by their names
    impact: Impact | None = None  # without one it lets in whatever was let in before
    about: tuple[Finding, ...] | None = None  # of the findings those that it answers; without it all of them

    @property
    def is_empty(self) -> bool:
        return not (self.base or self.enforce or self.beside)


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """An object that is offered to an API server on which the remedy is in force."""

    what: str
    obj: Obj
    refused: str = ""  # a part of what it is refused with; empty: it is let in
    becomes: Obj = {}  # what is then found in it
    user: str = ""  # who offers it; without one, somebody who may do everything
    extra: Mapping[str, str] = {}  # what the user's credentials say beside his name


Render = Callable[[Snapshot, Sequence[Finding]], Fix]


class Remedy(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str
    why: str
    effect: str  # what is otherwise from then on, and what a person has to see to
    undo: str = ""  # where deleting its objects is not the way back
    cures: tuple[str, ...] = ()  # checks that pass once it is in force and what it refuses is gone
    eases: tuple[str, ...] = ()  # checks that go on failing, as they judge something else: it takes their danger away
    refuses: bool = False  # what fails those that it cures would be refused if it were made again
    serves: tuple[str, ...] = ()  # resources that the API server must serve for it
    needs: tuple[str, ...] = ()  # systems that must be in the cluster
    reads: tuple[type[Fact], ...] = ()  # what it is made from, beyond the findings
    render: Render
    trials: tuple[Trial, ...] = ()  # both what is refused and what is let in

    @property
    def answers(self) -> tuple[str, ...]:
        """The checks that call for it when they fail."""
        return (*self.cures, *self.eases)
