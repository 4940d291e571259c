"""Metrics beside the objects of a cluster: from the server that is named, or from the first in the cluster that answers PromQL."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import msgspec

from seatrial.catalog.roles import Monitoring
from seatrial.cluster import prometheus
from seatrial.cluster.client import Client
from seatrial.cluster.decode import page_of_objects
from seatrial.engine import systems
from seatrial.engine.catalog import Catalog
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import Series, Snapshot
from seatrial.model.workbench import Door


async def with_metrics(
    snapshot: Snapshot,
    kinds: Sequence[type[Series]],
    catalog: Catalog,
    client: Client,
    *,
    address: str | None,
    window: prometheus.Window,
) -> Snapshot:
    ask = prometheus.by_address(address) if address else await _found(catalog, client)
    series, gaps = await prometheus.read(kinds, ask, window)
    facts = {**snapshot.facts, **series}
    return msgspec.structs.replace(snapshot, facts=facts, gaps={**snapshot.gaps, **gaps})


async def _found(catalog: Catalog, client: Client) -> prometheus.Ask | None:
    roles = [
        player.role
        for player in systems.players(catalog.systems.values(), Monitoring)
        if isinstance(player.role, Monitoring)
    ]
    try:
        services = await client.list_all((await client.resource("services")).path(), page_of_objects)
    except CannotJudge:
        return None  # then nobody is found, and every metric is a gap that says so
    for service in services.items:
        port = next((port for role in roles if (port := role.answers(service))), 0)
        if port:
            where = service["metadata"]
            return functools.partial(client.proxied, Door("services", where["namespace"], where["name"], port))
    return None
