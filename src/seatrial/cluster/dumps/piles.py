"""What was found of each kind, and of which namespaces it was asked for: from that follows whether it is all there is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from seatrial.cluster.decode import unreadable
from seatrial.cluster.dumps import names
from seatrial.kit import text
from seatrial.model.fact import Fact, Gap, GapReason

EVERYWHERE = ""  # asked of all namespaces, or of a kind that is in none
_ALWAYS_THERE = frozenset({"default", "kube-node-lease", "kube-public", "kube-system"})
_SHOWN = 3


@dataclass
class Pile:
    """Of one kind."""

    of: str
    found: dict[tuple[str, str], tuple[int, Fact]] = field(default_factory=dict)  # by namespace and name
    asked: set[str] = field(default_factory=set)
    homes: set[str] = field(default_factory=set)  # namespaces of which it has objects
    wrong: list[str] = field(default_factory=list)  # objects that cannot be read
    holes: list[str] = field(default_factory=list)  # parts of the dump that cannot be
    twice: int = 0
    believed: bool = False  # somebody says that this is all

    def put(self, key: tuple[str, str], version: int, fact: Fact) -> None:
        """Of two that are the same object, the newer one stays."""
        before = self.found.get(key)
        if before is None or version > before[0]:
            self.found[key] = (version, fact)
        if before is not None and before[1] != fact:
            self.twice += 1

    @property
    def facts(self) -> tuple[Fact, ...]:
        return tuple(fact for _, fact in self.found.values())

    @property
    def is_there(self) -> bool:
        return bool(self.found or self.asked or self.wrong)


def reaches_everywhere(asked: Iterable[str], namespaces: Pile) -> bool:
    """Of all namespaces that there are; or of those that every cluster has, and that nobody would name one by one."""
    asked = set(asked)
    if EVERYWHERE in asked:
        return True
    known = {name for _, name in namespaces.found}
    return asked >= _ALWAYS_THERE and (EVERYWHERE not in namespaces.asked or known <= asked)


def knows_all_namespaces(namespaces: Pile) -> bool:
    return {name for _, name in namespaces.found} >= _ALWAYS_THERE


def gap_of(pile: Pile, namespaces: Pile) -> Gap | None:
    """What is missing of a kind, if anything is."""
    if pile.holes:
        return Gap(pile.of, GapReason.UNREADABLE, _told(pile.holes, "part"))
    if pile.wrong:
        return unreadable(pile.of, tuple(pile.wrong))
    if not pile.is_there:
        how = f"kubectl get {names.kubectl(pile.of)} -A -o json"
        return _not_read(pile.of, f"the dump has none, and no empty list of them; it needs the output of: {how}")
    if pile.believed:
        return None
    if pile.of == namespaces.of and not knows_all_namespaces(namespaces):
        return _not_read(pile.of, "the dump has only some: not even those that every cluster has")
    if reaches_everywhere(pile.asked, namespaces):
        return None
    asked = pile.asked - {EVERYWHERE}
    if not asked:
        return _not_read(pile.of, "the dump has single objects, and no list that would show whether they are all")
    return _not_read(
        pile.of, f"the dump has only those of {_named(asked)}, and nothing shows that these are all namespaces"
    )


def _not_read(of: str, why: str) -> Gap:
    return Gap(of, GapReason.NOT_COLLECTED, why)


def _named(namespaces: Iterable[str]) -> str:
    those = sorted(namespaces)
    shown = ", ".join(text.one_line(one, limit=100) for one in those[:_SHOWN])
    more = f" and {len(those) - _SHOWN} more" if len(those) > _SHOWN else ""
    return f"the namespace{'s' if len(those) > 1 else ''} {shown}{more}"


def _told(holes: list[str], what: str) -> str:
    many = f"; {len(holes) - 1} more {what}s of the dump are unreadable, too" if len(holes) > 1 else ""
    return f"not all of them could be read: {holes[0]}{many}"


def notes(piles: Mapping[str, Pile]) -> Iterator[str]:
    """What a reader should know, and what is no gap."""
    if doubled := {of: pile.twice for of, pile in piles.items() if pile.twice}:
        those = ", ".join(f"{many} of {of}" for of, many in sorted(doubled.items()))
        yield f"some objects stand in it twice and differ, and the one with the newest resourceVersion was read: {those}"
