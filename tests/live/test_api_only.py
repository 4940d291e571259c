"""Systems that do not run in the lab, held against the real API server: it has their own CRDs, which say what is a field and what is not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seatrial.cluster import kubeconfig
from seatrial.cluster.client import Client, connect
from seatrial.cluster.collect import collect
from seatrial.engine.catalog import Catalog
from seatrial.lab import site as sites
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import Obj, Snapshot
from seatrial.model.lab import LabLevel, LabSpec
from seatrial.model.system import Proof, System
from tests import documents
from tests.live.conftest import HERE, down, up

OBJECTS = HERE / "objects"
SYSTEMS = [one for one in Catalog.installed().systems.values() if one.proof is Proof.API_ONLY]
NAME = "test-api-only"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

each_system = pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.id)


@pytest.fixture(scope="module")
def api_lab() -> Iterator[Path]:
    """A control plane, and nothing of the systems but their definitions."""
    try:
        up(LabSpec(name=NAME, level=LabLevel.CONTROL_PLANE, systems=tuple(system.id for system in SYSTEMS)))
        yield sites.need(NAME).kubeconfig
    finally:
        down(NAME)


def client(path: Path) -> Client:
    return connect(kubeconfig.load(path, env={}), timeout=120.0)


async def stored(path: Path, system: System, good: list[Obj]) -> tuple[Snapshot, list[Obj]]:
    """Apply the documents, with what their controllers would say of them, and read everything back: as facts, and as it is."""
    async with client(path) as api:
        kept = []
        for obj in good:
            await api.apply(obj)
            resource = await api.resource_of(obj)
            if "status" in obj and await keeps_status_apart(
                api, f"{resource.plural}.{resource.group}", resource.version
            ):
                await api.apply(obj, subresource="status")
            got = await api.get(resource.path(namespace="default", name=obj["metadata"]["name"]))
            assert got is not None
            kept.append(got)
        return await collect(api, system.facts), kept


async def keeps_status_apart(api: Client, name: str, version: str) -> bool:
    definition = await api.get(f"{DEFINITIONS}/{name}")
    assert definition is not None
    (shown,) = (one for one in definition["spec"]["versions"] if one["name"] == version)
    return "status" in shown.get("subresources", {})


@each_system
def test_each_field_of_its_facts_is_one_that_the_api_server_keeps(api_lab: Path, system: System) -> None:
    """Server-side apply refuses fields that a definition does not have, so those that are there are the project's own."""
    good = documents.read(OBJECTS / f"{system.id}.yaml").good
    snapshot, kept = asyncio.run(stored(api_lab, system, good))
    sighting = system.found_by.look(snapshot)
    assert sighting.there is True, sighting.how
    for kind in system.facts:
        assert documents.missing(kind, good) == set()
        assert snapshot.gap(kind) is None
        facts = {fact.name: fact for fact in snapshot.all(kind)}
        pairs = [(obj, got) for obj, got in zip(good, kept, strict=True) if documents.is_of(kind, obj)]
        assert len(pairs) == len(facts) > 0
        for obj, got in pairs:
            assert documents.given(kind, obj).items() <= documents.given(kind, got).items()
            fact = facts[obj["metadata"]["name"]]
            assert documents.as_fact(kind, obj).items() <= documents.of_fact(fact).items()


@each_system
def test_what_the_definition_does_not_allow_is_refused(api_lab: Path, system: System) -> None:
    wrong: dict[str, Any] = documents.read(OBJECTS / f"{system.id}.yaml").wrong

    async def make() -> None:
        async with client(api_lab) as api:
            await api.create(wrong["object"])

    with pytest.raises(CannotJudge) as refused:
        asyncio.run(make())
    assert wrong["says"] in refused.value.what


@each_system
def test_a_field_that_nobody_has_is_refused_as_well(api_lab: Path, system: System) -> None:
    """The control: were unknown fields let through, the fields of the facts could be anything."""
    first = documents.read(OBJECTS / f"{system.id}.yaml").good[0]
    part = "spec" if "spec" in first else "resource"

    async def make() -> None:
        async with client(api_lab) as api:
            await api.apply({**first, part: {**first[part], "notAField": True}})

    with pytest.raises(CannotJudge) as refused:
        asyncio.run(make())
    assert "notAField" in refused.value.what
