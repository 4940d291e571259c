"""rbac: the least that the API server must allow for a choice of checks."""

from __future__ import annotations

from seatrial.app.prove import choose
from seatrial.engine.catalog import Catalog
from seatrial.engine.permissions import permissions
from seatrial.engine.plan import plan
from seatrial.model.fact import Obj


def rules(only: tuple[str, ...] = (), standard: str | None = None) -> list[Obj]:
    catalog = Catalog.installed()
    chosen = catalog.standard(standard) if standard else None
    return list(permissions(plan(catalog, choose(catalog, chosen, only))))
