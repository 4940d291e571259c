"""What the catalog holds, as rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from seatrial.engine.catalog import Catalog
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
    """An entry's id and what sorts it on one line, and what it is about below, so that 80 columns are enough."""
    page = Page()
    for row in table.rows:
        told = ", ".join(cell for cell in row[1:-1] if cell != "-")
        page.say(f"{row[0]}  ({told})" if told else row[0])
        page.say(row[-1], indent=4)
    return page.text()


def as_json(table: Table) -> str:
    records = [dict(zip(table.head, row, strict=True)) for row in table.rows]
    return msgspec.json.format(msgspec.json.encode(records), indent=2).decode() + "\n"


def _checks(catalog: Catalog) -> Table:
    return Table(
        ("id", "severity", "how", "title"),
        tuple(
            (one.id, one.severity.value, "active" if one.active else "reads", one.title)
            for one in catalog.checks.values()
        ),
    )


def _systems(catalog: Catalog) -> Table:
    return Table(
        ("id", "roles", "in the lab", "title"),
        tuple(
            (one.id, ",".join(sorted({role.title for role in one.roles})) or "-", one.proof.value, one.title)
            for one in catalog.systems.values()
        ),
    )


def _standards(catalog: Catalog) -> Table:
    return Table(
        ("id", "stated", "requirements", "title"),
        tuple(
            (one.key, one.stated.isoformat(), f"{len(one.requirements)} requirements", one.title)
            for one in catalog.standards.values()
        ),
    )


def _faults(catalog: Catalog) -> Table:
    return Table(
        ("id", "level", "needs", "title"),
        tuple((one.id, one.level, ",".join(one.needs) or "-", one.title) for one in catalog.faults.values()),
    )


KINDS: Mapping[str, Callable[[Catalog], Table]] = {
    "checks": _checks,
    "systems": _systems,
    "standards": _standards,
    "faults": _faults,
}
