"""A Rule is a function that looks at one submission and yields Hits. Its docstring is its published page."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum

import msgspec

from seatrial.submission.artifacts import BadArtifact, Results, parse
from seatrial.submission.checklist import Asked, Checklist, Checklists
from seatrial.submission.document import START, Broken
from seatrial.submission.folder import Folder, Unreadable
from seatrial.submission.members import Members
from seatrial.submission.message import Grade, Hit
from seatrial.submission.product import Entry, Product


class Profile(StrEnum):
    """Whose eyes a submission is read with. Each sees all that the one before it sees, in its own way."""

    OFFICIAL = "official-2026-08"
    NEWEST = "newest"
    STRICT = "strict"


ALL = frozenset(Profile)
SINCE_NEWEST = frozenset({Profile.NEWEST, Profile.STRICT})
STRICT_ONLY = frozenset({Profile.STRICT})


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One submission, with all that a rule may hold it against."""

    profile: Profile
    version: str  # by the path, such as 1.37; empty where the path names none
    product: Product
    broken: Broken | None
    checklist: Checklist | None
    checklists: Checklists
    members: Members
    folder: Folder
    dead: Mapping[str, str] = {}  # links that were called, and why they do not answer
    parsed: dict[str, Results | BadArtifact] = {}

    def results(self, path: str) -> Results:
        """The test results in a file of the directory; BadArtifact where there are none to be had."""
        if path not in self.parsed:
            try:
                self.parsed[path] = parse(path, self.folder.read(path))
            except Unreadable as error:
                self.parsed[path] = BadArtifact(str(error))
            except BadArtifact as error:
                self.parsed[path] = error
        found = self.parsed[path]
        if isinstance(found, BadArtifact):
            raise found
        return found

    def answers(self) -> Iterator[tuple[Asked, Entry]]:
        """What is asked, beside what the product says to it."""
        for name, asked in self.by_category():
            category = (self.product.spec or {}).get(name)
            entries = category.by_id if category else {}
            yield from ((one, entries[one.id]) for one in asked if one.id in entries)

    def counted(self) -> Iterator[tuple[Asked, Entry]]:
        """The answers without the SHOULDs that were left blank."""
        for asked, entry in self.answers():
            if asked.level != "SHOULD" or entry.status.text or entry.evidence:
                yield asked, entry

    def by_category(self) -> Iterator[tuple[str, list[Asked]]]:
        for name in self.checklist.categories if self.checklist else ():
            yield name, [one for one in self.checklist.asked if one.category == name] if self.checklist else []


Judge = Callable[[Case], Iterable[Hit]]


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    grade: Grade
    profiles: frozenset[Profile]
    title: str
    why: str
    fix: str
    judge: Judge
    ends: bool = False  # after a hit there is nothing left to look at


def rule(grade: Grade, *profiles: frozenset[Profile], ends: bool = False) -> Callable[[Judge], Rule]:
    """Make a function a Rule; its name is the id. ``Why:`` and ``Fix:`` follow the title in its docstring."""

    def make(judge: Judge) -> Rule:
        page = re.fullmatch(
            r"(?P<title>.+?)\n\s*\nWhy: (?P<why>.+?)\nFix: (?P<fix>.+)", inspect.getdoc(judge) or "", re.DOTALL
        )
        if page is None:
            raise TypeError(f"rule {judge.__name__}: the docstring needs a title, then 'Why: …' and 'Fix: …'")
        title, why, fix = (" ".join(page[part].split()) for part in ("title", "why", "fix"))
        return Rule(
            id=judge.__name__.replace("_", "-"),
            grade=grade,
            profiles=frozenset().union(*profiles),
            title=title,
            why=why,
            fix=fix,
            judge=judge,
            ends=ends,
        )

    return make


def nowhere(what: str, way_out: str = "") -> Hit:
    return Hit(START, what, way_out)
