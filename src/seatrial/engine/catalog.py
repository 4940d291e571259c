"""The Catalog: every Check, System, Standard, Fault, Metric and Source of waiting, collected once from the packages that hold them.

There is no list to register with: a module-level value of one of those types, in ``seatrial.catalog`` or in a package
that a plug-in names under the entry point group ``seatrial.plugins``, is in. What does not fit together fails here.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType
from typing import TypeVar

import msgspec

from seatrial.engine.coherence import contradictions, misnamed, unanswerable
from seatrial.kit.nearest import meant
from seatrial.model.check import Check
from seatrial.model.claim import Claim
from seatrial.model.domain import Domain
from seatrial.model.errors import CatalogError, UsageError
from seatrial.model.fault import Fault
from seatrial.model.metric import Metric
from seatrial.model.remedy import Remedy
from seatrial.model.run import Page
from seatrial.model.standard import Standard
from seatrial.model.system import System
from seatrial.model.verdict import Finding
from seatrial.model.wait import Source

PLUGINS = "seatrial.plugins"

Entry = Check | System | Standard | Fault | Domain | Source | Claim | Remedy | Metric
T = TypeVar("T", Check, System, Standard, Fault, Domain, Source, Claim, Remedy, Metric)

_KINDS: tuple[type[Entry], ...] = (Check, System, Standard, Fault, Domain, Source, Claim, Remedy, Metric)


class Catalog(msgspec.Struct, frozen=True):
    """What we know, by id; a Standard by ``id@version``."""

    checks: Mapping[str, Check] = {}
    systems: Mapping[str, System] = {}
    standards: Mapping[str, Standard] = {}
    faults: Mapping[str, Fault] = {}
    sources: Mapping[str, Source] = {}
    domains: Mapping[str, Domain] = {}
    claims: Mapping[str, Claim] = {}
    remedies: Mapping[str, Remedy] = {}
    metrics: Mapping[str, Metric] = {}

    @classmethod
    def load(cls, *packages: str) -> Catalog:
        """Collect from these packages and everything below them, and refuse what contradicts itself."""
        catalog = cls.of(entry for package in packages for module in _modules(package) for entry in _entries(module))
        if wrong := [
            *contradictions(catalog.checks, catalog.systems, catalog.standards, catalog.faults, catalog.sources),
            *misnamed(catalog.metrics.values()),
            *unanswerable(catalog.remedies.values(), catalog.checks, catalog.systems),
        ]:
            raise CatalogError(
                f"the catalog contradicts itself: {'; '.join(wrong)}",
                way_out="correct the module that is named, or remove the plug-in that brings it",
            )
        return catalog

    @classmethod
    def installed(cls) -> Catalog:
        """Our own catalog with that of every plug-in that is installed."""
        return cls.load("seatrial.catalog", *plugins())

    @classmethod
    def of(cls, entries: Iterable[tuple[str, Entry]]) -> Catalog:
        """Sort entries, each with the module it comes from, by their type and id."""
        found: dict[type[Entry], dict[str, tuple[str, Entry]]] = {kind: {} for kind in _KINDS}
        for module, entry in entries:
            there, other = found[type(entry)].setdefault(_key(entry), (module, entry))
            if other is not entry:
                raise CatalogError(
                    f"{type(entry).__name__.lower()} {_key(entry)} is defined twice: in {there} and in {module}",
                    way_out="rename one of them, or remove the plug-in that brings it",
                )
        return cls(
            checks=_only(Check, found),
            systems=_only(System, found),
            standards=_only(Standard, found),
            faults=_only(Fault, found),
            domains=_only(Domain, found),
            sources=_only(Source, found),
            claims=_only(Claim, found),
            remedies=_only(Remedy, found),
            metrics=_only(Metric, found),
        )

    def check(self, id: str) -> Check:
        return _named(self.checks, id, "check")

    def pages(self, findings: Iterable[Finding]) -> dict[str, Page]:
        """What the checks and metrics behind these findings say of themselves."""
        named = {one.check for one in findings}
        judged = {id: self._page(self.checks[id]) for id in sorted(named & set(self.checks))}
        return judged | {id: Page(one.title, one.how) for id, one in self.metrics.items() if id in named}

    def _page(self, check: Check) -> Page:
        title = next((one.title for one in self.domains.values() if check.area in one.areas), "")
        return Page(check.title, check.why, title)

    def system(self, id: str) -> System:
        return _named(self.systems, id, "system")

    def standard(self, key: str) -> Standard:
        return _named(self.standards, key, "standard")

    def fault(self, id: str) -> Fault:
        return _named(self.faults, id, "fault")

    def remedy(self, id: str) -> Remedy:
        return _named(self.remedies, id, "remedy")


def plugins() -> tuple[str, ...]:
    """The packages that installed plug-ins name."""
    return tuple(sorted({point.value for point in importlib.metadata.entry_points(group=PLUGINS)}))


def _modules(package: str) -> Iterator[ModuleType]:
    try:
        root = importlib.import_module(package)
        yield root
        for module in pkgutil.walk_packages(getattr(root, "__path__", ()), f"{package}.", onerror=_refuse):
            yield importlib.import_module(module.name)
    except ImportError as error:
        raise CatalogError(
            f"the catalog package {package} cannot be imported: {error}",
            way_out=f"install what it needs, or remove the plug-in that names it under {PLUGINS}",
        ) from error


def _refuse(package: str) -> None:
    raise ImportError(f"{package} does not import")


def _entries(module: ModuleType) -> Iterator[tuple[str, Entry]]:
    for value in vars(module).values():
        if isinstance(value, Check):
            yield value.judge.__module__, value
        elif isinstance(value, Source):
            yield value.find.__module__, value
        elif isinstance(value, Metric):
            yield value.take.__module__, value
        elif isinstance(value, _KINDS):
            yield module.__name__, value


def _key(entry: Entry) -> str:
    return entry.key if isinstance(entry, Standard) else entry.id


def _only(kind: type[T], found: Mapping[type[Entry], Mapping[str, tuple[str, Entry]]]) -> dict[str, T]:
    return {key: entry for key, (_, entry) in sorted(found[kind].items()) if isinstance(entry, kind)}


_PLURALS = {"remedy": "remedies"}


def _named(entries: Mapping[str, T], id: str, what: str) -> T:
    if id in entries:
        return entries[id]
    everything = f"seatrial list {_PLURALS.get(what, f'{what}s')} shows all {len(entries)}"
    raise UsageError(f"there is no {what} {id!r}", way_out=meant(id, entries, everything))
