"""What a rule has to say about a file, where exactly, and the way out."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from seatrial.submission.document import START, Place


class Grade(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"  # neither right nor wrong: it could not be told


class Hit(msgspec.Struct, frozen=True):
    """A rule's word, before it is known which file it is about."""

    at: Place
    what: str
    way_out: str = ""
    grade: Grade | None = None  # None: that of the rule
    file: str = ""  # inside the directory; empty for the PRODUCT.yaml


class Message(msgspec.Struct, frozen=True, kw_only=True):
    file: str
    line: int
    column: int
    rule: str
    grade: Grade
    what: str
    way_out: str = ""


class Link(msgspec.Struct, frozen=True):
    """An address that the programme would call."""

    url: str
    of: str  # a field of the metadata, or a requirement
    at: Place = START


class Report(msgspec.Struct, frozen=True):
    """All that was said about some files, and how many links nobody called."""

    profile: str
    files: tuple[str, ...]
    messages: tuple[Message, ...]
    links_not_checked: int = 0

    def number(self, grade: Grade) -> int:
        return sum(message.grade is grade for message in self.messages)

    @property
    def clean(self) -> bool:
        return not self.number(Grade.ERROR)
