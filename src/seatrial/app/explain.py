"""The page of anything that the catalog names: a check, a standard, a requirement, a system, a fault, a reason to wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from seatrial.engine.catalog import Catalog
from seatrial.kit.nearest import meant
from seatrial.model.check import Check, Want
from seatrial.model.claim import Claim
from seatrial.model.errors import UsageError
from seatrial.model.fault import Fault
from seatrial.model.metric import Metric
from seatrial.model.standard import Automated, Requirement, Standard
from seatrial.model.system import System
from seatrial.model.wait import Source
from seatrial.report.lines import Page

_LONGEST = 4000
DECK = "deck"  # every item of the talk behind this project


def page(id: str, *, colour: bool = False) -> str:
    return page_of(Catalog.installed(), id, colour=colour)


def page_of(catalog: Catalog, id: str, *, colour: bool = False) -> str:
    """Everything of that name, one after the other: versions of a standard share their requirements' names."""
    sheet = Page(colour=colour)
    for write in _found(catalog, id):
        sheet.gap()
        write(sheet)
    return sheet.text()


def names(catalog: Catalog | None = None) -> list[str]:
    """Every id that has a page."""
    catalog = catalog or Catalog.installed()
    requirements = {one.id for standard in catalog.standards.values() for one in standard.requirements}
    parts = {one.part for one in catalog.claims.values()}
    named = (
        catalog.checks,
        catalog.systems,
        catalog.standards,
        catalog.faults,
        catalog.claims,
        catalog.metrics,
        catalog.sources,
    )
    return sorted({DECK, *parts, *requirements, *(id for entries in named for id in entries)})


def _found(catalog: Catalog, id: str) -> list[Callable[[Page], None]]:
    found = list(_matches(catalog, id))
    if not found:
        everything = "seatrial list checks shows what there is"
        raise UsageError(f"nothing in the catalog is called {id!r}", way_out=meant(id, names(catalog), everything))
    return found


def _matches(catalog: Catalog, id: str) -> Iterator[Callable[[Page], None]]:
    if check := catalog.checks.get(id):
        yield partial(_check, catalog=catalog, check=check)
    if system := catalog.systems.get(id):
        yield partial(_system, system=system)
    if metric := catalog.metrics.get(id):
        yield partial(_metric, metric=metric)
    if fault := catalog.faults.get(id):
        yield partial(_fault, fault=fault)
    if source := catalog.sources.get(id):
        yield partial(_source, source=source)
    for claim in catalog.claims.values():
        if id in (DECK, claim.part, claim.id):
            yield partial(_claim, catalog=catalog, claim=claim)
    if standard := catalog.standards.get(id):
        yield partial(_standard, standard=standard)
    for requirement, standards in _requirements(catalog, id):
        yield partial(_requirement, requirement=requirement, title=f"{requirement.id} ({', '.join(standards)})")


def _requirements(catalog: Catalog, id: str) -> list[tuple[Requirement, list[str]]]:
    """Requirements of that name; versions that say the same are one."""
    found: list[tuple[Requirement, list[str]]] = []
    for standard in catalog.standards.values():
        for one in standard.requirements:
            if id not in (one.id, f"{standard.key}/{one.id}"):
                continue
            where = f"{one.level} in {standard.key}"
            same = [names for other, names in found if (other.gist, other.coverage) == (one.gist, one.coverage)]
            if same:
                same[0].append(where)
            else:
                found.append((one, [where]))
    return found


def _claim(sheet: Page, catalog: Catalog, claim: Claim) -> None:
    sheet.say(claim.id, paint="bold")
    sheet.say(f"It says: {claim.said}", indent=2, limit=_LONGEST)
    sheet.say(f"{claim.standing.value}: {claim.truth}", indent=2, limit=_LONGEST)
    for id in claim.checks:
        how = "proves" if catalog.checks[id].active else "checks"
        sheet.say(f"{how}: {catalog.checks[id].title} ({id})", indent=2, mark="·", limit=_LONGEST)
    for id in claim.metrics:
        sheet.say(
            f"measures: {catalog.metrics[id].title} (seatrial bench {catalog.metrics[id].area})", indent=2, mark="·"
        )
    for id in claim.systems:
        sheet.say(f"{catalog.systems[id].title}: {catalog.systems[id].proof.value} in the lab", indent=2, mark="·")
    for id in claim.faults:
        sheet.say(f"seatrial lab break {id}", indent=2, mark="·")
    if claim.later:
        sheet.say(f"Not covered: {claim.later}", indent=2)


def _check(sheet: Page, catalog: Catalog, check: Check) -> None:
    sheet.say(check.id, paint="bold")
    sheet.say(check.title)
    sheet.gap()
    _row(sheet, "Why", check.why)
    _row(sheet, "Fix", check.fix)
    _row(sheet, "Severity", check.severity.value)
    _row(sheet, "Runs", _runs(check))
    _row(sheet, "Reads", ", ".join(kind.of for kind in check.reads))
    _row(sheet, "Creates", ", ".join(check.creates))
    _row(sheet, "Proves", ", ".join(_asking(catalog, check.id)))
    _row(sheet, "Must fail under", ", ".join(_breaking(catalog, check.id)))


def _metric(sheet: Page, metric: Metric) -> None:
    sheet.say(metric.id, paint="bold")
    sheet.say(metric.title)
    sheet.gap()
    _row(sheet, "How", metric.how)
    _row(sheet, "Fix", metric.fix)
    _row(
        sheet,
        "Target",
        f"{metric.target.text} ({metric.target.source})" if metric.target else "none; --target sets one",
    )
    _row(sheet, "Reads", ", ".join(kind.of for kind in metric.reads))
    _row(sheet, "Creates", ", ".join(metric.creates))


def _source(sheet: Page, source: Source) -> None:
    sheet.say(source.id, paint="bold")
    sheet.say(source.title)
    sheet.gap()
    _row(sheet, "Why", source.why)
    _row(sheet, "Prevent", source.prevent)
    _row(sheet, "Reads", ", ".join(sorted({kind.of for kind in source.reads})))


def _runs(check: Check) -> str:
    loop = next((one for one in check.parameters if one.want in (Want.ONE, Want.ROLE)), None)
    often = "once"
    if loop is not None:
        often = f"once per {loop.kind.title}" if loop.want is Want.ROLE else f"once for each of {loop.kind.of}"
    return f"{often}; {'active, so it asks first' if check.active else 'only reads'}"


def _asking(catalog: Catalog, check: str) -> Iterator[str]:
    for standard in catalog.standards.values():
        for requirement in standard.requirements:
            if isinstance(requirement.coverage, Automated) and check in requirement.coverage.checks:
                yield f"{standard.key}/{requirement.id}"


def _breaking(catalog: Catalog, check: str) -> list[str]:
    return [fault.id for fault in catalog.faults.values() if any(key.split("@")[0] == check for key in fault.fails)]


def _standard(sheet: Page, standard: Standard) -> None:
    sheet.say(f"{standard.key}: {standard.title}", paint="bold")
    sheet.say(standard.source, indent=2)
    _row(sheet, "Read on", standard.stated.isoformat())
    for requirement in standard.requirements:
        sheet.gap()
        _requirement(sheet, requirement, f"{requirement.id} ({requirement.level}, {requirement.category})")


def _requirement(sheet: Page, requirement: Requirement, title: str) -> None:
    sheet.say(title, paint="bold")
    sheet.say(requirement.gist, indent=2, limit=_LONGEST)
    coverage = requirement.coverage
    if isinstance(coverage, Automated):
        how = "one subject that passes is enough" if coverage.any_of else "all must pass"
        _row(sheet, "Proven by", f"{', '.join(coverage.checks)} ({how})")
    else:
        _row(sheet, type(coverage).__name__.replace("NotYet", "Not yet"), coverage.why)


def _system(sheet: Page, system: System) -> None:
    sheet.say(f"{system.id}: {system.title}", paint="bold")
    _row(sheet, "Home", system.home)
    _row(sheet, "Roles", ", ".join(f"{role.title} ({role.player})" for role in system.roles))
    _row(sheet, "Facts", ", ".join(sorted({kind.of for kind in system.facts})))
    _row(sheet, "In the lab", system.proof.value)
    if system.recipe:
        _row(sheet, "Built from", f"{system.recipe.module}@{system.recipe.version}")


def _fault(sheet: Page, fault: Fault) -> None:
    sheet.say(f"{fault.id}: {fault.title}", paint="bold")
    _row(sheet, "Must then fail", ", ".join(fault.fails))
    _row(sheet, "Is diagnosed as", fault.diagnosed)
    _row(sheet, "Needs", ", ".join((f"level {fault.level}", *fault.needs)))
    _row(sheet, "Kubernetes", ", ".join(fault.kubernetes) or "every version of the lab")


def _row(sheet: Page, name: str, value: str) -> None:
    if value:
        sheet.say(value, indent=2, mark=f"{name}:", limit=_LONGEST)
