"""What becomes of findings while a cluster is watched: each step is told by itself, and the Run at the end has the sum."""

from __future__ import annotations

import datetime as dt

import msgspec

from seatrial.model.verdict import Finding, Outcome


class Shift(msgspec.Struct, frozen=True):
    """One check says something else of one subject. Of what is well, and was not there before or is gone, nothing is told."""

    check: str
    subject: str
    before: Outcome | None
    after: Outcome | None
    finding: Finding | None = None  # as it is now; none where it is gone, or one of many that are well

    @property
    def key(self) -> str:
        return f"{self.check}@{self.subject}" if self.subject else self.check


class Rejudged(msgspec.Struct, frozen=True, kw_only=True):
    """Objects changed, or time has passed, and what that could alter was judged again."""

    at: dt.datetime
    changed: tuple[str, ...] = ()  # subjects, the first of them
    many: int = 0  # all of them
    by_time: bool = False  # everything was judged again, as of now
    seconds: float = 0.0
    shifts: tuple[Shift, ...] = ()


class Hearing(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the cluster is heard of. While it is not, what is known is as of the last change."""

    at: dt.datetime
    lost: str = ""  # why not; empty where it is again
    kinds: int = 0  # of which nothing is heard
