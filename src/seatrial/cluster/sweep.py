"""Removes what killed runs left behind in a cluster: everything that carries a bench's label and is old enough."""

from __future__ import annotations

import asyncio
import datetime as dt

import msgspec

from seatrial.cluster import marks
from seatrial.cluster.client import Client
from seatrial.cluster.decode import page_reader, part
from seatrial.cluster.discovery import Resource
from seatrial.cluster.removal import Claim, gone
from seatrial.kit.clock import Clock, SystemClock
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import Fact

_AT_ONCE = 6


class Swept(msgspec.Struct, frozen=True):
    removed: tuple[str, ...]
    left: tuple[str, ...]  # could not be removed, each with the reason
    unseen: tuple[str, ...]  # resources that could not be looked through, each with the reason


async def sweep(
    client: Client, *, older_than: float = 3600.0, within: float = 120.0, clock: Clock | None = None
) -> Swept:
    """``older_than`` seconds, so that a bench that is at work right now, here or elsewhere, is left alone."""
    born_before = (clock or SystemClock()).now() - dt.timedelta(seconds=older_than)
    turns = asyncio.Semaphore(_AT_ONCE)
    unseen: list[str] = []

    async def look(resource: Resource) -> list[Claim]:
        async with turns:
            try:
                listing = await client.list_all(resource.path(), page_reader(_Marked), {"labelSelector": marks.BENCH})
            except CannotJudge as error:
                unseen.append(f"{resource.key}: {error.what}")
                return []
        unseen.extend(f"{resource.key}: {item}" for item in listing.left_out)
        return [_claim(resource, left) for left in listing.items if _born(left) <= born_before]

    found = [claim for claims in await asyncio.gather(*map(look, await _sweepable(client))) for claim in claims]
    namespaces = [claim for claim in found if claim.resource.key == "namespaces"]
    inside = {claim.name for claim in namespaces}
    others = [claim for claim in found if claim not in namespaces and claim.namespace not in inside]
    kept = [claim for namespace in namespaces for claim in await _adopted(client, namespace)]
    removed, left = await _remove(client, [*kept, *others, *namespaces], within)
    return Swept(tuple(removed), tuple(left), tuple(sorted(unseen)))


async def _adopted(client: Client, namespace: Claim) -> list[Claim]:
    """What the cluster made there for one of ours, and without whose end the namespace does not end. Nothing outside of it."""
    metadata = part(await client.get(namespace.path) or {}, "metadata")
    found = []
    for entry in str(part(metadata, "annotations").get(marks.ADOPTED, "")).split(","):
        key, _, name = entry.rpartition("/")
        resource = (await client.directory()).named(key)
        if name and resource is not None and resource.namespaced:
            found.append(Claim(resource, namespace.name, name, adopted=True))
    return found


async def _remove(client: Client, claims: list[Claim], within: float) -> tuple[list[str], list[str]]:
    removed: list[str] = []
    left: list[str] = []
    going: list[Claim] = []
    for claim in claims:
        try:
            if await client.delete_at(claim.path, uid=claim.uid, grace=1):
                going.append(claim)
        except CannotJudge as error:
            left.append(f"{claim.subject}: {error.what}")
    try:
        async with asyncio.timeout(within):
            for claim in going:
                await gone(client, claim)
                removed.append(claim.subject)
    except TimeoutError:
        left += [f"{claim.subject}: still there {within:g} s after its deletion" for claim in going[len(removed) :]]
    return removed, left


async def _sweepable(client: Client) -> list[Resource]:
    """Every resource that can be listed and deleted, once, in its preferred version."""
    await client.discover()
    directory = await client.directory()
    known = {resource.key: resource for resource in reversed(directory.resources)}
    return [resource for _, resource in sorted(known.items()) if {"list", "delete"} <= set(resource.verbs)]


class _Marked(Fact, frozen=True):
    """Any object: of what a bench left behind, only the metadata matters."""

    of = ""


def _claim(resource: Resource, left: _Marked) -> Claim:
    claim = Claim(resource, left.metadata.namespace, left.metadata.name)
    claim.uid = left.metadata.uid
    return claim


def _born(left: _Marked) -> dt.datetime:
    return left.metadata.creation_timestamp or dt.datetime.max.replace(tzinfo=dt.UTC)
