"""rbac: the least that the API server must allow for a choice of checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from seatrial.app import bench, check, diagnose, prove
from seatrial.engine.catalog import Catalog
from seatrial.engine.permissions import permissions
from seatrial.engine.plan import Plan, plan
from seatrial.model.check import Check
from seatrial.model.errors import UsageError
from seatrial.model.fact import Obj

VERBS: Mapping[str, Callable[[Catalog], tuple[Check, ...]]] = {
    "check": lambda catalog: check.choose(catalog, ()),
    "prove": lambda catalog: prove.choose(catalog, None, ()),
}


def rules(only: tuple[str, ...] = (), standard: str | None = None, verb: str | None = None) -> list[Obj]:
    """For the checks that are named, or of a standard, or all that one command uses; without any of these, for all."""
    catalog = Catalog.installed()
    if verb == "diagnose":
        return list(permissions(Plan(checks=(), facts=diagnose.facts(catalog), acts=())))
    if verb == "bench":
        return list(permissions(bench.permitted(catalog)))
    if verb is not None:
        if only or standard:
            raise UsageError("--for names all checks of a command", way_out="leave out --only and --standard, or --for")
        return list(permissions(plan(catalog, VERBS[verb](catalog))))
    if not only and not standard:
        return list(permissions(plan(catalog, [one for all_of in VERBS.values() for one in all_of(catalog)])))
    chosen = catalog.standard(standard) if standard else None
    return list(permissions(plan(catalog, prove.choose(catalog, chosen, only))))
