"""Whether the entries of a catalog fit together: ids match names, and whatever one entry names is there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from seatrial.model.check import Check
from seatrial.model.fact import Fact
from seatrial.model.fault import Fault
from seatrial.model.metric import Metric
from seatrial.model.remedy import Remedy
from seatrial.model.standard import Automated, Standard
from seatrial.model.system import System
from seatrial.model.wait import DEADLOCK, Source

_CHECK_ID = re.compile(r"[a-z][a-z0-9-]*\.[a-z][a-z0-9-]*")


def contradictions(
    checks: Mapping[str, Check],
    systems: Mapping[str, System],
    standards: Mapping[str, Standard],
    faults: Mapping[str, Fault],
    sources: Mapping[str, Source],
) -> list[str]:
    """Everything that does not fit, one line each."""
    return [
        *(line for check in checks.values() for line in _names(check)),
        *_facts(checks.values(), systems.values(), sources.values()),
        *_players(systems.values()),
        *(line for standard in standards.values() for line in _coverage(standard, checks)),
        *(line for fault in faults.values() for line in _breaks(fault, checks, systems, sources)),
        *(line for one in sources.values() for line in _source(one)),
    ]


def _names(check: Check) -> Iterator[str]:
    module, function = check.judge.__module__, check.judge.__name__
    if not _CHECK_ID.fullmatch(check.id):
        yield f"check {check.id!r} in {module} is not named <area>.<good-state>"
        return
    area, suffix = check.id.split(".", 1)
    if suffix != function.replace("_", "-"):
        yield f"check {check.id} in {module} is the function {function}; the names must match"
    if area not in module.replace("_", "-").split("."):
        yield f"check {check.id} stands in {module}; its area is that module's name"


def _source(one: Source) -> Iterator[str]:
    module, function = one.find.__module__, one.find.__name__
    if one.id != f"{module.rpartition('.')[2]}.{function}".replace("_", "-"):
        yield f"source {one.id} in {module} is the function {function}; the names must match"


def _facts(checks: Iterable[Check], systems: Iterable[System], waits: Iterable[Source]) -> Iterator[str]:
    """A resource is read in one shape, so one type stands for it."""
    kinds: dict[str, type[Fact]] = {}
    read = [kind for check in checks for kind in check.reads] + [kind for one in waits for kind in one.reads]
    added = [kind for system in systems for kind in (*system.facts, *system.found_by.reads)]
    for kind in (*read, *added):
        if not getattr(kind, "of", ""):
            yield f"fact {_where(kind)} names no resource in `of`"
        elif kinds.setdefault(kind.of, kind) is not kind:
            yield f"{kind.of} is read as {_where(kinds[kind.of])} and as {_where(kind)}"


def _where(kind: type[Fact]) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _players(systems: Iterable[System]) -> Iterator[str]:
    """Findings name a system by its player, so no two may share one in the same role."""
    taken: dict[tuple[type, str], str] = {}
    for system in systems:
        for role in system.roles:
            other = taken.setdefault((type(role), role.player), system.id)
            if other != system.id:
                yield f"the player {role.player} of {role.title} belongs to system {other} and to system {system.id}"


def _coverage(standard: Standard, checks: Mapping[str, Check]) -> Iterator[str]:
    for requirement in standard.requirements:
        if isinstance(requirement.coverage, Automated):
            for check in requirement.coverage.checks:
                if check not in checks:
                    yield f"standard {standard.key} covers {requirement.id} with {check}, which does not exist"


def _breaks(
    fault: Fault, checks: Mapping[str, Check], systems: Mapping[str, System], sources: Mapping[str, Source]
) -> Iterator[str]:
    if fault.diagnosed and fault.diagnosed not in (*sources, DEADLOCK):
        yield f"fault {fault.id} is diagnosed as {fault.diagnosed}, which is no source of waiting"
    for finding in fault.fails:
        if finding.split("@", 1)[0] not in checks:
            yield f"fault {fault.id} must fail {finding}, whose check does not exist"
    for system in fault.needs:
        if system not in systems:
            yield f"fault {fault.id} needs system {system}, which does not exist"


def unanswerable(
    remedies: Iterable[Remedy], checks: Mapping[str, Check], systems: Mapping[str, System]
) -> Iterator[str]:
    """What remedies name that is not there; one that answers no check would never be called for."""
    for remedy in remedies:
        if not remedy.answers:
            yield f"remedy {remedy.id} answers no check"
        for check in remedy.answers:
            if check not in checks:
                yield f"remedy {remedy.id} answers {check}, which does not exist"
        for system in remedy.needs:
            if system not in systems:
                yield f"remedy {remedy.id} needs system {system}, which does not exist"


def misnamed(metrics: Iterable[Metric]) -> Iterator[str]:
    for one in metrics:
        module, function = one.take.__module__, one.take.__name__
        if one.id != f"{module.rpartition('.')[2]}.{function}".replace("_", "-"):
            yield f"metric {one.id} in {module} is the function {function}; the names must match"
