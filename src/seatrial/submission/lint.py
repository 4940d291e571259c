"""Judges a submission: the rules of one profile, over one PRODUCT.yaml and its directory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import ModuleType

from seatrial.kit.text import one_line
from seatrial.submission import official, official_evidence, strict_answers, strict_evidence, strict_metadata
from seatrial.submission.checklist import Checklists
from seatrial.submission.document import Broken, compose
from seatrial.submission.folder import Folder
from seatrial.submission.members import Members
from seatrial.submission.message import Hit, Link, Message
from seatrial.submission.product import Product, read
from seatrial.submission.rule import Case, Profile, Rule

_VERSION = re.compile(r"v([0-9]+\.[0-9]+)")


def _collected(*modules: ModuleType) -> tuple[Rule, ...]:
    return tuple(value for module in modules for value in vars(module).values() if isinstance(value, Rule))


RULES = _collected(official, official_evidence, strict_answers, strict_metadata, strict_evidence)


def lint(case: Case, file: str) -> tuple[Message, ...]:
    """``file`` is how messages name the PRODUCT.yaml."""
    return tuple(sorted(_messages(case, file), key=lambda one: (one.file != file, one.file, one.line, one.column)))


def links(case: Case) -> tuple[Link, ...]:
    """Every address that the programme would call."""
    return () if case.broken else tuple(official_evidence.links(case))


def case_of(
    data: bytes,
    folder: Folder,
    *,
    profile: Profile,
    checklists: Checklists,
    members: Members,
) -> Case:
    """The version stands in the name of the folder's parent."""
    match = _VERSION.fullmatch(folder.parent)
    version = match[1] if match else ""
    product, broken = Product(), None
    try:
        product = read(compose(data))
    except Broken as error:
        broken = error
    return Case(
        profile=profile,
        version=version,
        product=product,
        broken=broken,
        checklist=checklists.get(version),
        checklists=checklists,
        members=members,
        folder=folder,
    )


def message(rule: Rule, hit: Hit, file: str) -> Message:
    where = f"{file.rpartition('/')[0]}/{hit.file}".lstrip("/") if hit.file else file
    return Message(
        file=one_line(where),
        line=hit.at.line,
        column=hit.at.column,
        rule=rule.id,
        grade=hit.grade or rule.grade,
        what=one_line(hit.what),
        way_out=one_line(hit.way_out),
    )


def rules(profile: Profile) -> tuple[Rule, ...]:
    return tuple(rule for rule in RULES if profile in rule.profiles)


def _messages(case: Case, file: str) -> Iterator[Message]:
    for rule in rules(case.profile):
        hits = list(rule.judge(case))
        yield from (message(rule, hit, file) for hit in hits)
        if rule.ends and hits:
            return
