"""Exceptions: failures for which somebody answers until a day. They are told all the same, and do not count.

A file has a list ``exceptions``; each names a ``check``, the ``subjects`` (patterns such as ``deployments/team-a/*``), an
``owner``, the day ``until`` which it holds, and ``why``. One that has run out accepts nothing any more, and says so.
"""

from __future__ import annotations

import datetime as dt
import fnmatch
from collections.abc import Iterable
from pathlib import Path

import msgspec

from seatrial.engine.catalog import Catalog
from seatrial.kit import text, yaml
from seatrial.model.errors import UsageError
from seatrial.model.verdict import Accepted, Finding, Outcome

_LARGEST = 4 << 20
_LONGEST = dt.timedelta(days=366)  # what nobody has looked at for a year is no exception but a habit


class Acceptance(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    check: str
    subjects: tuple[str, ...] = ("*",)
    owner: str
    until: dt.date
    why: str

    def covers(self, finding: Finding) -> bool:
        return finding.check == self.check and any(fnmatch.fnmatchcase(finding.subject, one) for one in self.subjects)


def read(path: Path, catalog: Catalog) -> tuple[Acceptance, ...]:
    """All of them, or an error that names the file and the line."""
    data = _data(path)
    try:
        documents = list(yaml.documents(data, name=str(path)))
    except yaml.YamlError as error:
        raise UsageError(str(error)) from error
    found: list[Acceptance] = []
    for document in documents:
        value = document.value
        if not isinstance(value, dict) or set(value) != {"exceptions"} or not isinstance(value["exceptions"], list):
            raise UsageError(f"{path}:{document.line}: one key is expected here, a list called exceptions")
        found += [_one(one, f"{path}:{document.line_of(one)}", catalog) for one in value["exceptions"]]
    return tuple(found)


def _data(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > _LARGEST:
        raise UsageError(f"{path}: more than {_LARGEST >> 20} MiB")
    return data


def _one(value: object, where: str, catalog: Catalog) -> Acceptance:
    try:
        one = msgspec.convert(value, Acceptance)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"{where}: {text.one_line(str(error))}",
            way_out="an exception has check, subjects, owner, until (as 2027-01-31) and why",
        ) from error
    if not one.owner.strip() or not one.why.strip():
        raise UsageError(f"{where}: an exception needs an owner, and a why")
    catalog.check(one.check)
    return one


def applied(accepted: Iterable[Acceptance], findings: Iterable[Finding], *, today: dt.date) -> tuple[Finding, ...]:
    accepted = tuple(accepted)
    return tuple(_applied(accepted, finding, today) for finding in findings)


def _applied(accepted: tuple[Acceptance, ...], finding: Finding, today: dt.date) -> Finding:
    if finding.outcome is not Outcome.FAIL:
        return finding
    covering = [one for one in accepted if one.covers(finding)]
    holding = [one for one in covering if today <= one.until <= today + _LONGEST]
    if holding:
        one = max(holding, key=lambda each: each.until)
        return msgspec.structs.replace(finding, accepted=Accepted(owner=one.owner, until=one.until, why=one.why))
    if covering:
        late = max(covering, key=lambda each: each.until)
        told = "ran out" if late.until < today else "is for more than a year, which is no exception; it was to end"
        because = f"{finding.because} (an exception of {late.owner} {told} on {late.until})"
        return msgspec.structs.replace(finding, because=because)
    return finding
