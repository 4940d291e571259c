"""Documented objects, read as Kubernetes hands them out: each field of the facts is in one of them, and the systems are found."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from seatrial.cluster.decode import fact_from
from seatrial.engine.catalog import Catalog
from seatrial.model.fact import Apis, ClusterIdentity, Fact, Obj, Snapshot
from seatrial.model.system import Proof, Served, System
from tests import documents

HERE = Path(__file__).parent / "objects"
LIVE = Path(__file__).parents[3] / "live" / "objects"
SYSTEMS = Catalog.installed().systems
KNOWN = [SYSTEMS[path.stem] for folder in (HERE, LIVE) for path in sorted(folder.glob("*.yaml"))]

each_system = pytest.mark.parametrize("system", KNOWN, ids=lambda system: system.id)


def objects(system: System) -> list[Obj]:
    (path,) = (path for folder in (HERE, LIVE) if (path := folder / f"{system.id}.yaml").exists())
    return documents.read(path).good


def snapshot(system: System, objs: list[Obj]) -> Snapshot:
    """What a cluster with these objects, and nothing else, would show."""
    kinds: dict[str, type[Fact]] = {kind.of: kind for kind in (*system.facts, *system.found_by.reads)}
    facts = {
        of: tuple(fact_from(kind, obj) for obj in objs if documents.is_of(kind, obj)) for of, kind in kinds.items()
    }
    served = {of: ("v1",) for of, found in facts.items() if found}
    at = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
    return Snapshot(at, ClusterIdentity(), Apis(served), facts, {})


@each_system
def test_each_field_of_its_facts_stands_in_a_documented_object(system: System) -> None:
    for kind in system.facts:
        assert documents.missing(kind, objects(system)) == set(), kind.of


@each_system
def test_its_facts_tell_what_its_objects_say(system: System) -> None:
    for kind in system.facts:
        for obj in (obj for obj in objects(system) if documents.is_of(kind, obj)):
            assert set(documents.as_fact(kind, obj)) <= set(documents.given(kind, obj))
            assert documents.as_fact(kind, obj), "all of it was left out"


@each_system
def test_it_is_found_where_its_objects_are_and_nowhere_else(system: System) -> None:
    assert system.found_by.look(snapshot(system, objects(system))).there is True
    assert system.found_by.look(snapshot(system, [])).there is False


def test_every_system_whose_definitions_the_lab_installs_and_nothing_else_says_so() -> None:
    for system in SYSTEMS.values():
        only_api = system.recipe is not None and not system.recipe.programs
        assert (system.proof is Proof.API_ONLY) == only_api, system.id
        if only_api:
            assert isinstance(system.found_by, Served) or set(system.found_by.reads) <= set(system.facts)


def test_every_system_that_is_proven_by_its_documents_alone_and_adds_facts_has_them() -> None:
    wanted = {system.id for system in SYSTEMS.values() if system.proof is Proof.DOCUMENTS and system.facts}
    assert wanted - {system.id for system in KNOWN} == set()
