"""What the catalog holds, as rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from seatrial.engine.catalog import Catalog
from seatrial.model.system import System
from seatrial.report.lines import Page


class Table(msgspec.Struct, frozen=True):
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def rows(kind: str) -> Table:
    """``kind`` is one of ``KINDS``."""
    return KINDS[kind](Catalog.installed())


def ids(kind: str) -> list[str]:
    return [row[0] for row in rows(kind).rows]


def as_text(table: Table) -> str:
    """An entry's id on a line of its own, and what there is to say about it below, so that 80 columns are enough."""
    page = Page()
    for id, title, *cells in table.rows:
        page.say(id)
        page.say(title, indent=4)
        told = zip(table.head[2:], cells, strict=True)
        page.say("; ".join(f"{name}: {cell}" for name, cell in told if cell != "-"), indent=4)
    return page.text()


def as_json(table: Table) -> str:
    records = [dict(zip(table.head, row, strict=True)) for row in table.rows]
    return msgspec.json.format(msgspec.json.encode(records), indent=2).decode() + "\n"


def _checks(catalog: Catalog) -> Table:
    return Table(
        ("id", "title", "severity", "how"),
        tuple(
            (one.id, one.title, one.severity.value, "active" if one.active else "reads")
            for one in catalog.checks.values()
        ),
    )


def _systems(catalog: Catalog) -> Table:
    return Table(
        ("id", "title", "roles", "in the lab", "version", "found by", "faults"),
        tuple(
            (
                one.id,
                one.title,
                ", ".join(sorted({role.title for role in one.roles})) or "-",
                one.proof.value,
                one.recipe.version if one.recipe else "-",
                one.found_by.told,
                ", ".join(_faults_of(catalog, one)) or "-",
            )
            for one in catalog.systems.values()
        ),
    )


def _faults_of(catalog: Catalog, system: System) -> list[str]:
    """Those under which a finding about this system fails."""
    players = {role.player for role in system.roles}
    return [fault.id for fault in catalog.faults.values() if players & {key.partition("@")[2] for key in fault.fails}]


def _standards(catalog: Catalog) -> Table:
    return Table(
        ("id", "title", "stated", "requirements"),
        tuple(
            (one.key, one.title, one.stated.isoformat(), str(len(one.requirements)))
            for one in catalog.standards.values()
        ),
    )


def _faults(catalog: Catalog) -> Table:
    return Table(
        ("id", "title", "level", "needs"),
        tuple((one.id, one.title, one.level, ", ".join(one.needs) or "-") for one in catalog.faults.values()),
    )


def _remedies(catalog: Catalog) -> Table:
    return Table(
        ("id", "title", "cures", "eases", "needs"),
        tuple(
            (one.id, one.title, ", ".join(one.cures) or "-", ", ".join(one.eases) or "-", ", ".join(one.needs) or "-")
            for one in catalog.remedies.values()
        ),
    )


def _metrics(catalog: Catalog) -> Table:
    return Table(
        ("id", "title", "unit", "target", "how"),
        tuple(
            (one.id, one.title, one.unit, one.target.text if one.target else "-", "active" if one.active else "reads")
            for one in catalog.metrics.values()
        ),
    )


KINDS: Mapping[str, Callable[[Catalog], Table]] = {
    "checks": _checks,
    "systems": _systems,
    "standards": _standards,
    "faults": _faults,
    "remedies": _remedies,
    "metrics": _metrics,
}
