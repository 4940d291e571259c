"""Who may hand something in: the names of the foundation's members, as its landscape spells them.

``members.txt`` holds the digests of those names, with the day of the list. A file of names takes its place.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable
from difflib import get_close_matches
from importlib.resources import files
from typing import Any

import msgspec

from seatrial.kit import yaml
from seatrial.kit.text import one_line
from seatrial.model.errors import UsageError

_SUFFIXES = (" (member)", " (supporter)")
_LEGAL = re.compile(
    r"\b(?:inc|ltd|llc|gmbh|corp|corporation|limited|co|company|ag|sa|bv|oy|ab|plc|pte|srl|kk|technologies|technology|group)\b"
)


class Members(msgspec.Struct, frozen=True, kw_only=True):
    stated: dt.date | None  # the day of the list; None where nobody says
    complete: bool
    exact: frozenset[str]  # digests of the names
    loose: frozenset[str]  # digests of the names without case, punctuation and legal form
    names: tuple[str, ...] = ()  # only where the list is of names

    def has(self, vendor: str) -> bool | None:
        """None where the list does not hold it and is not all there is."""
        return True if mark(vendor) in self.exact else False if self.complete else None

    def hint(self, vendor: str) -> str:
        near = get_close_matches(vendor, self.names, n=1, cutoff=0.75)
        if near:
            return f"did you mean {near[0]!r}?"
        if loosened(vendor) and mark(loosened(vendor)) in self.loose:
            return "a member's name differs from it only in case, punctuation or legal form"
        return ""


def shipped() -> Members:
    return parse(files("seatrial.submission").joinpath("members.txt").read_bytes(), name="members.txt")


def as_digests(members: Members, *, source: str) -> str:
    """``members.txt`` from a list of names."""
    head = (
        f"# date: {members.stated or ''}",
        f"# source: {source}",
        f"# complete: {'yes' if members.complete else 'no'}",
        "# form: digests",
        "# A line: the digest of a name, and of the same name without case, punctuation and legal form.",
    )
    return "\n".join([*head, *sorted(f"{mark(name)} {mark(loosened(name))}" for name in members.names)]) + "\n"


def mark(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def loosened(name: str) -> str:
    return " ".join(_LEGAL.sub(" ", re.sub(r"[^a-z0-9]+", " ", name.casefold())).split())


def of_names(names: Iterable[str], *, stated: dt.date | None = None, complete: bool = True) -> Members:
    kept = tuple(dict.fromkeys(name for name in map(_member, names) if name))
    return Members(
        stated=stated,
        complete=complete,
        exact=frozenset(map(mark, kept)),
        loose=frozenset(mark(loosened(name)) for name in kept),
        names=kept,
    )


def parse(data: bytes, *, name: str) -> Members:
    """Lines with one name each, the landscape's own YAML, or the digests that are shipped. ``#`` begins a comment."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not UTF-8 text", way_out="a list of names, or the landscape's YAML") from error
    if re.search(r"(?m)^landscape:", text):
        return of_names(_of_landscape(data, name))
    lines = [line.strip() for line in text.splitlines()]
    said = dict(line[1:].strip().split(": ", 1) for line in lines if line.startswith("#") and ": " in line)
    rows = [line for line in lines if line and not line.startswith("#")]
    stated, complete = _date(said.get("date", "")), said.get("complete", "yes") == "yes"
    if said.get("form") != "digests":
        return of_names(rows, stated=stated, complete=complete)
    pairs = [row.split() for row in rows]
    return Members(
        stated=stated,
        complete=complete,
        exact=frozenset(pair[0] for pair in pairs),
        loose=frozenset(pair[-1] for pair in pairs),
    )


def _date(text: str) -> dt.date | None:
    return dt.date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None


def _member(name: str) -> str:
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return name.strip()


class _Item(msgspec.Struct):
    name: str = ""


class _Subcategory(msgspec.Struct):
    items: list[_Item] | None = None


class _Category(msgspec.Struct):
    name: str = ""
    subcategories: list[_Subcategory] | None = None


class _Landscape(msgspec.Struct):
    landscape: list[_Category]


def _of_landscape(data: bytes, name: str) -> list[str]:
    try:
        raw: Any = yaml.load(data, name=name)
        found = msgspec.convert(raw, _Landscape, strict=False)
    except (yaml.YamlError, msgspec.ValidationError) as error:
        raise UsageError(
            f"{name} is not the landscape: {one_line(str(error).removeprefix(name).lstrip(':'))}"
        ) from error
    category = next((one for one in found.landscape if one.name == "CNCF Members"), None)
    if category is None:
        raise UsageError(f"{name} has no category 'CNCF Members'", way_out="take landscape.yml of cncf/landscape")
    return [item.name for sub in category.subcategories or [] for item in sub.items or []]
