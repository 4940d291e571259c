"""Takes away what a bench created, newest first and its namespace last, and says what would not go."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from contextlib import aclosing
from typing import Any

from seatrial.cluster import marks
from seatrial.cluster.client import Client
from seatrial.cluster.decode import page_of_objects, part
from seatrial.cluster.discovery import Resource
from seatrial.cluster.record import Record
from seatrial.kit import text
from seatrial.kit.clock import Clock
from seatrial.model.errors import CannotJudge
from seatrial.model.evidence import Step
from seatrial.model.fact import Obj

_GRACE = 1  # seconds for the pods of a proof that is over


class Claim:
    """One object that we created, or may have: while there is no uid, the answer to our request has not been seen."""

    def __init__(self, resource: Resource, namespace: str, name: str, *, adopted: bool = False) -> None:
        self.resource, self.namespace, self.name = resource, namespace, name
        self.adopted = adopted  # the cluster made it for one of ours, so it does not carry our label
        self.uid = ""

    def confirm(self, created: Obj) -> None:
        metadata = part(created, "metadata")
        self.name, self.uid = str(metadata.get("name", self.name)), str(metadata.get("uid", ""))

    def is_about(self, resource: Resource, namespace: str, name: str) -> bool:
        return (self.resource.key, self.namespace, self.name) == (resource.key, namespace, name)

    @property
    def subject(self) -> str:
        return "/".join(part for part in (self.resource.key, self.namespace, self.name) if part)

    @property
    def path(self) -> str:
        return self.resource.path(namespace=self.namespace, name=self.name)


class Removal:
    def __init__(self, client: Client, record: Record, namespace: str, clock: Clock) -> None:
        self._client, self._record, self._namespace, self._clock = client, record, namespace, clock
        self._leftovers: list[str] = []

    async def strip(self, claims: Iterable[Claim], *, within: float) -> None:
        """Everything but namespaces, newest first; returns when it is gone, so that others may have what it held."""
        ends = self._clock.monotonic() + within
        mine = [claim for named in reversed(list(claims)) for claim in await self._identified(named)]
        await self._wait([claim for claim in mine if await self._delete(claim)], ends)

    async def finish(self, namespaces: Iterable[Claim], *, within: float) -> tuple[str, ...]:
        """The namespaces, last of all. Returns what is left of everything, each with the reason."""
        ends = self._clock.monotonic() + within
        mine = [claim for named in namespaces for claim in await self._identified(named)]
        await self._wait([claim for claim in mine if await self._delete(claim)], ends)
        return tuple(self._leftovers)

    async def _identified(self, claim: Claim) -> list[Claim]:
        """Where we do not know whether, or under which name, an object was created, our label tells."""
        if claim.uid:
            return [claim]
        if claim.adopted:
            return await self._read(claim)
        selector = {"labelSelector": f"{marks.BENCH}={self._namespace}"}
        path = claim.resource.path(namespace=claim.namespace)
        try:
            listing = await self._client.list_all(path, page_of_objects, selector)
        except CannotJudge as error:
            self._left(claim, error.what)
            return []
        found = []
        for obj in listing.items:
            one = Claim(claim.resource, claim.namespace, "")
            one.confirm(obj)
            if claim.name in ("", one.name):
                found.append(one)
        return found

    async def _read(self, claim: Claim) -> list[Claim]:
        try:
            obj = await self._client.get(claim.path)
        except CannotJudge as error:
            self._left(claim, error.what)
            return []
        if obj is None:
            return []
        claim.confirm(obj)
        return [claim]

    async def _delete(self, claim: Claim) -> bool:
        """Whether the deletion is under way."""
        try:
            deleted = await self._client.delete_at(claim.path, uid=claim.uid, grace=_GRACE)
        except CannotJudge as error:
            self._left(claim, error.what)
            return False
        if deleted:
            self._record.add(Step.REMOVED, claim.subject)
        return deleted

    async def _wait(self, claims: Iterable[Claim], ends: float) -> None:
        for claim in claims:
            left = max(ends - self._clock.monotonic(), 0.1)
            try:
                async with asyncio.timeout(left):
                    await gone(self._client, claim)
            except TimeoutError:
                self._left(claim, f"still there after its deletion: {await self._why(claim)}")
            except CannotJudge as error:
                self._left(claim, error.what)

    async def _why(self, claim: Claim) -> str:
        """What an object that is being deleted waits for, in the cluster's own words."""
        try:
            obj = await self._client.get(claim.path) or {}
        except CannotJudge as error:
            return error.what
        conditions = part(obj, "status").get("conditions")
        finalizers = part(obj, "metadata").get("finalizers")
        said = [
            str(item["message"])
            for item in (conditions if isinstance(conditions, list) else [])
            if isinstance(item, dict) and item.get("status") == "True" and item.get("message")
        ]
        said += [f"finalizer {finalizer}" for finalizer in (finalizers if isinstance(finalizers, list) else [])]
        return text.one_line("; ".join(said)) or "no reason given"

    def _left(self, claim: Claim, why: str) -> None:
        self._leftovers.append(f"{claim.subject}: {why}")
        self._record.add(Step.NOTED, f"{claim.subject} could not be removed", reason=why)


async def gone(client: Client, claim: Claim) -> None:
    """Returns when the object is no more, or is another one of the same name."""
    params = {"fieldSelector": f"metadata.name={claim.name}"}
    async with aclosing(client.changes(claim.resource.path(namespace=claim.namespace), params)) as states:
        async for state in states:
            uids = {str(part(obj, "metadata").get("uid", "")) for obj in state.objects}
            if claim.uid not in uids:
                return


async def to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Finish it even when we are cancelled meanwhile, however often; the cancellation comes through afterwards."""
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            cancelled = True
    task.result()
    if cancelled:
        raise asyncio.CancelledError
