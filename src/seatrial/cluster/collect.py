"""A live cluster becomes a Snapshot: every kind once, at the same time; what cannot be read becomes a Gap."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import msgspec

from seatrial.cluster.amounts import Sieve, is_vouched_for
from seatrial.cluster.answer import NoSuchObject
from seatrial.cluster.client import Client
from seatrial.cluster.decode import TooMany, bounded, page_reader, part, unreadable
from seatrial.cluster.discovery import Directory
from seatrial.cluster.lists import Unreadable
from seatrial.cluster.templates import long_list_reader
from seatrial.kit import text
from seatrial.kit.clock import Clock, SystemClock
from seatrial.model.errors import CannotJudge, Refused
from seatrial.model.fact import ClusterIdentity, Fact, Gap, GapReason, Obj, Snapshot

_AT_ONCE = 6  # lists; more would only make the API server queue them


class Collected(msgspec.Struct, frozen=True):
    """One kind: its facts where it could be listed, what is missing, and from where on its changes can be followed."""

    facts: tuple[Fact, ...] | None
    gap: Gap | None
    version: str = ""
    left_out: tuple[str, ...] = ()


async def collect(client: Client, kinds: Iterable[type[Fact]], *, clock: Clock | None = None) -> Snapshot:
    taken_at = (clock or SystemClock()).now()
    apis = await client.discover()
    directory = await client.directory()
    turns = asyncio.Semaphore(_AT_ONCE)
    # Kubernetes' own first: among them is the longest list, which all others can be read beside.
    wanted = dict(sorted(((kind.of, kind) for kind in kinds), key=lambda one: "/" in one[0]))

    async def one(kind: type[Fact]) -> Collected:
        async with turns:
            return await collect_one(client, directory, kind)

    cluster = await identify(client)
    collected = await asyncio.gather(*map(one, wanted.values()))
    facts: dict[str, tuple[Fact, ...]] = {}
    gaps: dict[str, Gap] = {}
    for of, found in zip(wanted, collected, strict=True):
        if found.facts is not None:
            facts[of] = found.facts
        if found.gap is not None:
            gaps[of] = found.gap
    versions = {of: found.version for of, found in zip(wanted, collected, strict=True)}
    return Snapshot(taken_at=taken_at, cluster=cluster, apis=apis, facts=facts, gaps=gaps, versions=versions)


async def identify(client: Client) -> ClusterIdentity:
    """As much of the cluster's identity as we may see."""
    version = await client.version()
    system = await _seen(client, "/api/v1/namespaces/kube-system")
    return ClusterIdentity(
        uid=text.one_line(str(part(system, "metadata").get("uid", "")), limit=100),
        version=text.one_line(str(version.get("gitVersion", "")), limit=100),
        platform=text.one_line(str(version.get("platform", "")), limit=100),
    )


async def _seen(client: Client, path: str) -> Obj:
    try:
        return await client.get(path) or {}
    except CannotJudge:
        return {}  # what we may not see stays empty; whether anything else can be read, each list says for itself


async def collect_one(client: Client, directory: Directory, kind: type[Fact]) -> Collected:
    resource = directory.named(kind.of)
    if resource is None or "list" not in resource.verbs:
        return Collected(None, _not_served(kind.of, directory, known=resource is not None))
    try:
        read = bounded(long_list_reader(kind, page_reader(kind)), kind)
        listing = await client.list_all(resource.path(), read)
    except CannotJudge as error:
        return Collected(None, gap_of(kind.of, error))
    facts, wrong = (listing.items, ()) if is_vouched_for(kind) else Sieve(kind).parted(listing.items)
    left_out = (*listing.left_out, *wrong)
    return Collected(tuple(facts), unreadable(kind.of, left_out), listing.resource_version, left_out)


def gap_of(of: str, error: CannotJudge) -> Gap:
    return Gap(of, _reason(error), error.what)


def _not_served(of: str, directory: Directory, *, known: bool) -> Gap:
    if broken := directory.apis.why_broken(of):
        return Gap(of, GapReason.UNREACHABLE, f"whether {of} is served is not known: {broken}")
    what = "cannot be listed" if known else "is not served"
    return Gap(of, GapReason.ABSENT, f"{of} {what} by this cluster")


def _reason(error: CannotJudge) -> GapReason:
    return next(reason for kind, reason in _REASONS if isinstance(error, kind))


_REASONS: tuple[tuple[type[CannotJudge], GapReason], ...] = (
    (Refused, GapReason.FORBIDDEN),
    (NoSuchObject, GapReason.ABSENT),  # gone since discovery
    (Unreadable, GapReason.UNREADABLE),
    (TooMany, GapReason.UNREADABLE),
    (CannotJudge, GapReason.UNREACHABLE),
)
