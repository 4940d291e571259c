"""lab: start, change and stop the local cluster. Here the lab meets the catalog's recipes and faults."""

from __future__ import annotations

import functools
from pathlib import Path

import msgspec

from seatrial.app.reach import connect_by_file
from seatrial.engine.catalog import Catalog
from seatrial.lab import forge, images, lifecycle
from seatrial.lab import site as sites
from seatrial.lab.fleet import profile
from seatrial.lab.node.programs import IMAGE
from seatrial.lab.process import log_path
from seatrial.lab.status import status as status_of
from seatrial.model.errors import UsageError
from seatrial.model.fault import Fault
from seatrial.model.lab import FleetGroup, LabLevel, LabSpec, LabStatus
from seatrial.model.progress import Tell, silent
from seatrial.model.system import Recipe


def recipes(catalog: Catalog) -> dict[str, Recipe]:
    """The systems that the lab can run, by id."""
    return {system.id: system.recipe for system in catalog.systems.values() if system.recipe is not None}


DEFAULT, ALL = "default", "all"  # sets of systems, where one may name systems


def _chosen(known: dict[str, Recipe], names: tuple[str, ...], level: LabLevel) -> tuple[str, ...]:
    """Systems by name. ``all`` is what a lab of this level can run, ``default`` leaves out what takes long to build."""
    possible = {id: recipe for id, recipe in known.items() if _can_run(recipe, level)}
    sets = {ALL: tuple(possible), DEFAULT: tuple(id for id, recipe in possible.items() if recipe.by_default)}
    chosen = (id for name in names for id in sets.get(name, (name,)))
    wanted = dict.fromkeys(one for id in chosen for one in _with_needs(known, id))
    return tuple(dict.fromkeys(one for id in wanted for one in (*_before(known, id), id) if one in wanted))


def _with_needs(known: dict[str, Recipe], id: str) -> tuple[str, ...]:
    """A system after those that have to be there before it."""
    needs = known[id].needs if id in known else ()
    return (*(one for need in needs for one in _with_needs(known, need)), id)


def _before(known: dict[str, Recipe], id: str) -> tuple[str, ...]:
    """Systems that start before this one, where the lab has them."""
    return known[id].after if id in known else ()


def _can_run(recipe: Recipe, level: LabLevel) -> bool:
    return recipe.level is LabLevel.CONTROL_PLANE or level is LabLevel.NODE


def parse_fleet(text: str) -> tuple[FleetGroup, ...]:
    """``h100:8x64,mi300x:8x16/dra`` as fleet groups."""
    return profile.parse(text)


def resolved(spec: LabSpec) -> LabSpec:
    """The spec with its systems one by one, in the order in which they start; what no lab here could run is refused."""
    known = recipes(Catalog.installed())
    spec = msgspec.structs.replace(spec, systems=_chosen(known, spec.systems, spec.level))
    lifecycle.check(spec, known)
    return spec


def outlook(spec: LabSpec) -> float:
    """Seconds that the builds for such a lab take on this machine; 0.0 where all is there."""
    known = recipes(Catalog.installed())
    return forge.outlook(lifecycle.needed(spec), kubernetes=spec.kubernetes, systems=known)


def yard(spec: LabSpec, *, within: float | None, tell: Tell = silent) -> forge.Yard:
    """Builds the systems of a resolved spec beside the lab, to be entered with ``async with``."""
    known = recipes(Catalog.installed())
    return forge.Yard(spec.systems, known, kubernetes=spec.kubernetes, within=within, tell=tell)


async def up(spec: LabSpec, *, tell: Tell = silent) -> LabStatus:
    known = recipes(Catalog.installed())
    spec = msgspec.structs.replace(spec, systems=_chosen(known, spec.systems, spec.level))
    site = await lifecycle.up(spec, recipes=known, connect=connect_by_file, tell=tell)
    return _status(site.name)


async def down(name: str, *, tell: Tell = silent) -> None:
    await lifecycle.down(name, tell=tell)


def status(name: str | None = None) -> tuple[LabStatus, ...]:
    return tuple(_status(one) for one in ([name] if name is not None else sites.names()))


def _status(name: str) -> LabStatus:
    known = recipes(Catalog.installed())
    systems = sites.need(name).spec.systems
    return status_of(
        name, tuple(process.name or process.program for system in systems for process in known[system].processes)
    )


def is_there(name: str) -> bool:
    return sites.load_if_sound(name) is not None


def kubeconfig(name: str) -> Path:
    return sites.need(name).kubeconfig


async def change(name: str, *fault_ids: str, broken: bool, tell: Tell = silent) -> LabStatus:
    """Break the lab with faults, or mend those again."""
    catalog = Catalog.installed()
    site = sites.need(name)
    for fault in map(catalog.fault, fault_ids):
        if broken:
            _fits(fault, site.base)
    active = tuple(one for one in site.faults if one not in fault_ids) + (fault_ids if broken else ())
    spec = functools.reduce(lambda so_far, one: one.change(so_far), map(catalog.fault, active), site.base)
    await lifecycle.change(name, spec, active, recipes=recipes(catalog), connect=connect_by_file, tell=tell)
    return _status(name)


def _fits(fault: Fault, spec: LabSpec) -> None:
    missing = [system for system in fault.needs if system not in spec.systems]
    if missing:
        way_out = f"seatrial lab up --name {spec.name} --with {','.join((*spec.systems, *missing))}"
        raise UsageError(f"fault {fault.id} needs {', '.join(missing)} in the lab", way_out=way_out)
    if fault.level is LabLevel.NODE and spec.level is not LabLevel.NODE:
        raise UsageError(f"fault {fault.id} needs a real node in the lab", way_out="seatrial lab up --level node")
    if fault.kubernetes and spec.kubernetes not in fault.kubernetes:
        raise UsageError(
            f"fault {fault.id} does not exist on Kubernetes {spec.kubernetes}",
            way_out=f"start a lab with --kubernetes {' or '.join(fault.kubernetes)}",
        )


async def image(output: Path, *, tell: Tell = silent) -> str:
    """Write the image that the pods of a proof run, as an OCI archive; returns its digest."""
    programs = await forge.obtain(["workload"], tell=tell)
    return images.archive(programs["workload"], IMAGE, ("/workload", "pause"), output)


def logs(name: str, component: str) -> Path:
    site = sites.need(name)
    path = log_path(site.root, component)
    if not path.exists():
        there = sorted(entry.stem for entry in path.parent.glob("*.log"))
        raise UsageError(f"lab {name!r} has no log of {component!r}", way_out=f"one of: {', '.join(there) or 'none'}")
    return path
