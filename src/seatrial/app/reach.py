"""From a Target to a cluster's facts: a live cluster, a lab, a saved snapshot or manifests, all behind one door."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from seatrial.app.metrics import with_metrics
from seatrial.app.target import Target
from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.cluster import collect, kubeconfig, manifests, recorded
from seatrial.cluster.client import Client, connect
from seatrial.cluster.dumps.reading import Dump
from seatrial.cluster.prometheus import Window
from seatrial.engine import systems
from seatrial.engine.catalog import Catalog
from seatrial.lab import site as sites
from seatrial.model.api import Api
from seatrial.model.errors import UsageError
from seatrial.model.fact import Fact, Series, Snapshot
from seatrial.model.run import Environment, EnvironmentKind

SIMULATED = "seatrial.dev/simulated"
_MOST_IMAGES = 1000


class Ground(msgspec.Struct, frozen=True):
    """What a command stands on: the facts, what they are of, and a connection where there is a cluster behind them."""

    snapshot: Snapshot
    environment: Environment
    client: Client | None
    look: Callable[[], Awaitable[Snapshot]] | None = None  # at the same things once more, where there is a cluster
    measure: Callable[[Snapshot], Awaitable[Snapshot]] | None = None  # the same snapshot, with the metrics of now
    kinds: tuple[type[Fact], ...] = ()  # of objects that were read of a cluster

    @property
    def told(self) -> str:
        """How much was read, and what is worth knowing of it."""
        notes = self.snapshot.notes if isinstance(self.snapshot, Dump) else ()
        return "; ".join((f"{sum(map(len, self.snapshot.facts.values()))} objects", *notes))


@asynccontextmanager
async def reach(target: Target, catalog: Catalog, kinds: Iterable[type[Fact]]) -> AsyncIterator[Ground]:
    every: tuple[type[Fact], ...] = (Node, *kinds, *_sightings(catalog))
    wanted = {kind.of: kind for kind in every}.values()
    metrics = [kind for kind in wanted if issubclass(kind, Series)]
    kind = _kind(target)
    if kind is EnvironmentKind.SNAPSHOT:
        assert target.snapshot is not None
        snapshot = recorded.load(
            target.snapshot, wanted, resources=_shown_by(catalog), largest=target.dump_limit, whole=target.dump_is_whole
        )
        name = " ".join(filter(None, (str(target.snapshot), _made_by(snapshot))))
        yield Ground(snapshot, _environment(kind, name, catalog, snapshot), None)
    elif kind is EnvironmentKind.MANIFESTS:
        assert target.manifests is not None
        found = manifests.load([target.manifests], wanted)
        yield Ground(found, _environment(kind, target.manifests, catalog, found), None)
    else:
        async with connect_to(target) as client:
            objects = tuple(kind for kind in wanted if not issubclass(kind, Series))

            async def measure(seen: Snapshot) -> Snapshot:
                window = Window(target.window, target.step)
                return (
                    await with_metrics(seen, metrics, catalog, client, address=target.prometheus, window=window)
                    if metrics
                    else seen
                )

            async def look() -> Snapshot:
                return await measure(await collect.collect(client, objects))

            live = await look()
            name = target.lab or client.access.name
            environment = _environment(kind, name, catalog, live)
            yield Ground(live, environment, client, look, measure, objects)


def connect_to(target: Target, *, at_once: int = 32) -> Client:
    """A client for the target's cluster, to enter with ``async with``. ``at_once`` as in ``connect``."""
    path = sites.need(target.lab).kubeconfig if target.lab is not None else target.kubeconfig
    access = kubeconfig.load(
        path,
        target.context,
        as_user=target.as_user or "",
        as_groups=target.as_groups,
        namespace=target.namespace or "",
    )
    return connect(access, timeout=target.request_timeout or 30.0, at_once=at_once)


@asynccontextmanager
async def connect_by_file(path: Path) -> AsyncIterator[Api]:
    """What a lab is handed, so that it needs no client of its own. Large definitions take its API server long on a busy machine."""
    async with connect(kubeconfig.load(path, env={}), timeout=120.0) as client:
        yield client


def _kind(target: Target) -> EnvironmentKind:
    given = {
        EnvironmentKind.LAB: target.lab,
        EnvironmentKind.SNAPSHOT: target.snapshot,
        EnvironmentKind.MANIFESTS: target.manifests,
    }
    named = [kind for kind, value in given.items() if value is not None]
    if len(named) > 1:
        raise UsageError(f"--{' and --'.join(named)} name different targets", way_out="give one of them")
    return named[0] if named else EnvironmentKind.LIVE


def _sightings(catalog: Catalog) -> tuple[type[Fact], ...]:
    return tuple(kind for system in catalog.systems.values() for kind in system.found_by.reads)


def _shown_by(catalog: Catalog) -> tuple[str, ...]:
    """The resources whose being served shows that a system is there."""
    return tuple(of for one in catalog.systems.values() for of in one.found_by.resources)


def _made_by(snapshot: Snapshot) -> str:
    return f"({snapshot.layout})" if isinstance(snapshot, Dump) else ""


def _environment(kind: EnvironmentKind, name: str, catalog: Catalog, snapshot: Snapshot) -> Environment:
    return Environment(
        kind=kind,
        simulated=_simulated(kind, snapshot),
        cluster=snapshot.cluster,
        name=name,
        systems=systems.seen(catalog.systems.values(), snapshot),
    )


def with_images(ground: Ground) -> Environment:
    """The environment with what its containers run, by digest, for evidence."""
    return msgspec.structs.replace(ground.environment, images=_images(ground.snapshot))


def _images(snapshot: Snapshot) -> tuple[str, ...]:
    ids = {one.image_id for pod in snapshot.all(Pod) for one in pod.status.container_statuses}
    return tuple(sorted(id for id in ids if "sha256:" in id)[:_MOST_IMAGES])


def _simulated(kind: EnvironmentKind, snapshot: Snapshot) -> bool | None:
    """A lab says so itself; elsewhere the nodes tell, as far as they can be read."""
    if kind is EnvironmentKind.LAB:
        return True
    nodes = snapshot.all(Node)
    if any(node.metadata.labels.get(SIMULATED) == "true" for node in nodes):
        return True
    whole = kind is not EnvironmentKind.MANIFESTS and nodes and snapshot.gap(Node) is None
    return False if whole else None
