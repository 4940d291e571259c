"""A cluster as it goes on: every kind is watched from where its list ended, and listed again only where that is lost.

What changed waits in an Inbox until somebody takes it. There, only the last word on each object is kept: however much
happens, it holds no more than there are objects.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress

import msgspec

from seatrial.cluster.amounts import Sieve, is_vouched_for
from seatrial.cluster.answer import Expired
from seatrial.cluster.client import Client
from seatrial.cluster.collect import collect_one
from seatrial.cluster.decode import name_of, one_reader, unreadable
from seatrial.cluster.discovery import Resource
from seatrial.cluster.likeness import Likeness
from seatrial.cluster.watch import OPENED, Heard, read
from seatrial.kit import text
from seatrial.kit.clock import Clock
from seatrial.model.errors import Refused, Rejected, Unreachable
from seatrial.model.fact import Fact, Gap, GapReason, Snapshot

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
_LONGEST_WAIT = 20.0  # for another who tries
_AT_ONCE = 6  # lists
_ALIKE = 20_000  # objects, after which what they have alike is forgotten: most of it is of objects that are gone

Changes = dict[str, dict[str, Fact | None]]
Gaps = dict[str, Gap | None]


class Inbox:
    """What has changed since somebody last took it."""

    def __init__(self) -> None:
        self.arrived = asyncio.Event()
        self.count = 0  # of events, ever
        self.lost: dict[str, str] = {}  # kinds of which nothing is heard at the moment, and why
        self._changes: Changes = {}
        self._lists: dict[str, dict[str, Fact]] = {}
        self._gaps: Gaps = {}
        self._look = asyncio.Event()
        self._reached = asyncio.Event()
        self._tries_for_all = ""
        self._broken: list[asyncio.Task[None]] = []

    def put(self, of: str, subject: str, fact: Fact | None) -> None:
        self._changes.setdefault(of, {})[subject] = fact
        self._something()

    def put_list(self, of: str, facts: Iterable[Fact]) -> None:
        """All that there is of one kind."""
        self._lists[of] = {fact.subject: fact for fact in facts}
        self._changes.pop(of, None)
        self._something()

    def put_gap(self, of: str, gap: Gap | None) -> None:
        self._gaps[of] = gap
        self._something()

    def is_heard(self, of: str, why_not: str = "") -> None:
        if why_not:
            self.lost[of] = why_not
        elif self.lost.pop(of, None) is None:
            return
        else:
            self._reached.set()
            self._reached = asyncio.Event()
            self._tries_for_all = ""
        self._something()

    async def turn_to_try(self, of: str, clock: Clock, pause: float) -> None:
        """One tries for all, or a server that is about to come back would have every follower at its door."""
        if self._tries_for_all in ("", of):
            self._tries_for_all = of
            await clock.sleep(pause)
            return
        with suppress(TimeoutError):  # the one that tries may be of a kind that is lost alone
            async with asyncio.timeout(_LONGEST_WAIT):
                await self._reached.wait()

    def end(self, follower: asyncio.Task[None]) -> None:
        """One that goes on for ever has ended all the same, unless it was told to."""
        if not follower.cancelled():
            self._broken.append(follower)
            self.arrived.set()

    def take(self, before: Snapshot) -> tuple[Changes, Gaps]:
        """All of it; what a list no longer has of what was known before is gone."""
        for follower in self._broken:
            follower.result()
        changes, gaps = self._changes, self._gaps
        for of, listed in self._lists.items():
            known = dict.fromkeys((fact.subject for fact in before.facts.get(of, ())), None)
            changes[of] = {**known, **listed, **changes.get(of, {})}
        self._changes, self._lists, self._gaps = {}, {}, {}
        self.arrived.clear()
        return changes, gaps

    def look_again(self) -> None:
        """For those who could not read or watch something: let them try once more."""
        self._look.set()
        self._look = asyncio.Event()

    async def next_look(self) -> None:
        await self._look.wait()

    def _something(self) -> None:
        self.count += 1
        self.arrived.set()


@asynccontextmanager
async def following(client: Client, kinds: Iterable[type[Fact]], since: Snapshot) -> AsyncIterator[Inbox]:
    """Fills the inbox for as long as one is inside."""
    inbox, turns = Inbox(), asyncio.Semaphore(_AT_ONCE)
    tasks = [
        asyncio.create_task(Follower(client, kind, since, inbox, turns).run(), name=f"follow {kind.of}")
        for kind in {kind.of: kind for kind in kinds}.values()
    ]
    for task in tasks:
        task.add_done_callback(inbox.end)
    try:
        yield inbox
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Metadata(msgspec.Struct, frozen=True, rename="camel"):
    name: str = ""
    namespace: str = ""
    resource_version: str = ""


class _Object(msgspec.Struct, frozen=True):
    metadata: _Metadata = _Metadata()


class Follower:
    """One kind, for ever."""

    def __init__(
        self, client: Client, kind: type[Fact], since: Snapshot, inbox: Inbox, turns: asyncio.Semaphore
    ) -> None:
        gap = since.gaps.get(kind.of)
        self._client, self._kind, self._inbox, self._turns = client, kind, inbox, turns
        self._version = since.versions.get(kind.of, "") if gap is None else ""
        self._waits = gap is not None and kind.of not in since.facts
        self._failures = 0  # in a row
        self._is_fresh = False  # listed, and not heard of since
        self._read, self._is_vouched_for = one_reader(kind), is_vouched_for(kind)
        self._left_out: dict[str, str] = {}
        self._likeness, self._shared = Likeness(), 0

    async def run(self) -> None:
        while True:
            try:
                if self._waits:
                    await self._inbox.next_look()
                    self._version, self._waits = "", False
                if not self._version:
                    await self._list()
                    continue
                await self._watch()
            except Expired:
                self._version = ""
            except (Refused, Rejected):
                # The kind may have gone, which a list tells; or only watching is not allowed, then it is listed now and then.
                self._version, self._waits = "", self._is_fresh
            except Unreachable as error:
                self._failures = min(self._failures + 1, 10)
                self._inbox.is_heard(self._kind.of, error.what)
                pause = min(_FIRST_PAUSE * 2**self._failures, _LONGEST_PAUSE)
                await self._inbox.turn_to_try(self._kind.of, self._client.clock, pause)

    async def _list(self) -> None:
        async with self._turns:
            found = await collect_one(self._client, await self._client.directory(), self._kind)
        if found.facts is None:
            if found.gap is not None and found.gap.reason is GapReason.UNREACHABLE:
                raise Unreachable(found.gap.detail)
            self._inbox.put_list(self._kind.of, ())
            self._waits = True
        else:
            self._left_out = {one.partition(": ")[0]: one for one in found.left_out}
            self._inbox.put_list(self._kind.of, found.facts)
            self._version, self._is_fresh = found.version, True
        self._inbox.put_gap(self._kind.of, found.gap)
        self._inbox.is_heard(self._kind.of)

    async def _watch(self) -> None:
        resource = await self._resource()
        if resource is None or "watch" not in resource.verbs:
            self._is_fresh = True
            raise Rejected(f"{self._kind.of} cannot be watched")
        async with AsyncExitStack() as stack, aclosing(self._client.events(resource.path(), self._version)) as events:
            await stack.enter_async_context(self._turns)
            async for event in events:
                await stack.aclose()  # it is open: the next one may begin
                self._inbox.is_heard(self._kind.of)
                self._is_fresh, self._failures = False, 0
                if event is not OPENED:
                    self.take(event)

    async def _resource(self) -> Resource | None:
        return (await self._client.directory()).named(self._kind.of)

    def take(self, event: Heard) -> None:
        metadata = read(event.object, _Object, self._client.address).metadata
        self._version = metadata.resource_version or self._version
        if event.type == "BOOKMARK":
            return
        subject = "/".join(filter(None, (self._kind.of, metadata.namespace, metadata.name)))
        name, before = name_of(event.object), dict(self._left_out)
        self._left_out.pop(name, None)
        fact = self._fact(event.object, name) if event.type != "DELETED" else None
        self._inbox.put(self._kind.of, subject, fact)
        if self._left_out != before:
            self._inbox.put_gap(
                self._kind.of, unreadable(self._kind.of, tuple(self._left_out[one] for one in sorted(self._left_out)))
            )

    def _fact(self, raw: msgspec.Raw, name: str) -> Fact | None:
        try:
            fact = self._read(raw)
        except (msgspec.ValidationError, RecursionError) as error:
            self._left_out[name] = f"{name}: {text.one_line(str(error))}"
            return None
        if not self._is_vouched_for and (wrong := Sieve(self._kind).why(fact)):
            self._left_out[name] = f"{name}: {wrong}"
            return None
        self._shared += 1
        if self._shared % _ALIKE == 0:
            self._likeness = Likeness()
        self._likeness.share((fact,))
        return fact
