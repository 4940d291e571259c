"""Lends a Workbench on a live cluster: a fresh namespace, a record of all that happens, and a clean end, whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

from seatrial.cluster import marks
from seatrial.cluster.answer import Conflict, NoDryRun, NoSuchObject
from seatrial.cluster.client import Client
from seatrial.cluster.collect import identify
from seatrial.cluster.decode import page_of_objects, part
from seatrial.cluster.discovery import Resource
from seatrial.cluster.record import Record
from seatrial.cluster.removal import Claim, Removal, to_the_end
from seatrial.cluster.sweep import sweep
from seatrial.cluster.watch import Current
from seatrial.kit import text
from seatrial.kit.clock import Clock
from seatrial.model.errors import Refused, Rejected, Unreachable, UsageError
from seatrial.model.evidence import Evidence, Step
from seatrial.model.fact import Apis, ClusterIdentity, Obj
from seatrial.model.workbench import Condition, Door, Heard, Observation, Ran

__all__ = ["Bench", "open_bench", "sweep"]

_ACCOUNT_SECONDS = 15.0  # for the controller manager to give the fresh namespace its service account
_LIST_SECONDS = 15.0  # for the API server to say what there is
_SHOWN = 50
_ASK_AGAIN = 0.3  # seconds


@asynccontextmanager
async def open_bench(
    client: Client,
    *,
    check: str,
    subject: str,
    image: str,
    clock: Clock,
    run: str = "",
    window: float = 30.0,
    patience: float = 300.0,
    simulated: bool | None = None,
    removal: float = 120.0,
) -> AsyncIterator[Bench]:
    """``removal`` is how many seconds everything may take to be gone at the end. What is not is in ``leftovers``."""
    directory, cluster = await client.directory(), await identify(client)
    namespace = marks.new_namespace(check)
    record = Record(id=namespace, check=check, subject=subject, simulated=simulated, clock=clock)
    bench = Bench(
        client,
        namespace,
        apis=directory.apis,
        cluster=cluster,
        image=image,
        window=window,
        patience=patience,
        run=run,
        record=record,
        clock=clock,
    )
    try:
        await bench.set_up()
        yield bench
    finally:
        await to_the_end(bench.clear(within=removal))


class Bench:
    """Implements ``model.workbench.Workbench``."""

    def __init__(
        self,
        client: Client,
        namespace: str,
        *,
        apis: Apis,
        cluster: ClusterIdentity,
        image: str,
        window: float,
        patience: float,
        run: str,
        record: Record,
        clock: Clock,
    ) -> None:
        self._client, self._namespace = client, namespace
        self._apis, self._cluster, self._image, self._run = apis, cluster, image, run
        self._window, self._patience = window, patience
        self._record, self._clock = record, clock
        self._claims: list[Claim] = []
        self._removal = Removal(client, record, namespace, clock)
        self._leftovers: tuple[str, ...] = ()

    @property
    def namespace(self) -> str:
        return self._namespace

    @property
    def apis(self) -> Apis:
        return self._apis

    @property
    def cluster(self) -> ClusterIdentity:
        return self._cluster

    @property
    def image(self) -> str:
        return self._image

    @property
    def window(self) -> float:
        return self._window

    @property
    def patience(self) -> float:
        return self._patience

    @property
    def evidence(self) -> Evidence:
        """Whole once the bench is closed."""
        return self._record.evidence

    @property
    def leftovers(self) -> tuple[str, ...]:
        """What could not be removed at the end, each with the reason."""
        return self._leftovers

    async def set_up(self) -> None:
        await self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self._namespace}})
        ready = await self._observe("serviceaccounts", bool, _ACCOUNT_SECONDS, "", False, stop_when=True)
        if not ready.met:
            self.note("the namespace did not get its service account; pods without one are rejected")

    async def strip(self, *, within: float = 60.0) -> None:
        """Take away all but the namespace: what this bench held, the next one may have."""
        claims, self._claims = self._claims, [claim for claim in self._claims if _is_namespace(claim)]
        await self._removal.strip([claim for claim in claims if not _is_namespace(claim)], within=within)

    async def clear(self, *, within: float) -> None:
        await self.strip(within=within)
        self._leftovers = await self._removal.finish(self._claims, within=within)

    async def adopt(self, resource: str, name: str) -> None:
        found = await self._client.resource(resource)
        self._claims.append(Claim(found, self._namespace, name, adopted=True))
        adopted = ",".join(f"{one.resource.key}/{one.name}" for one in self._claims if one.adopted)
        home = (await self._client.resource("namespaces")).path(name=self._namespace)
        await self._client.patch(
            home, {"metadata": {"annotations": {marks.ADOPTED: adopted}}}
        )  # for whoever comes after a kill

    async def admits(self, obj: Obj) -> bool:
        _, obj = await self._marked(obj)
        what = f"a {obj['kind']} for a dry run"
        try:
            await self._client.create(obj, dry_run=True)
        except (Conflict, NoSuchObject, NoDryRun):
            raise  # this says nothing of admission
        except Rejected as error:
            self._record.add(Step.SAW, f"{what} was refused", object=obj, reason=error.what)
            return False
        self._record.add(Step.SAW, f"{what} was admitted", object=obj)
        return True

    async def create(self, obj: Obj) -> Obj:
        resource, obj = await self._marked(obj)
        metadata = obj["metadata"]
        claim = Claim(resource, str(metadata.get("namespace", "")), str(metadata.get("name", "")))
        self._claims.append(claim)  # before it exists, so that nothing that we may have created is ever forgotten
        try:
            created = await self._client.create(obj)
        except (Refused, Rejected) as error:
            self._claims.remove(claim)
            self._record.add(Step.NOTED, f"{claim.subject} was not created", reason=error.what)
            raise
        claim.confirm(created)
        self._record.add(Step.CREATED, claim.subject, object=obj)
        return created

    async def remove(self, resource: str, name: str, *, namespace: str | None = None) -> None:
        """A pod gets a second to end, so that its object does not go before its containers: without one it would."""
        found, path = await self._own(resource, name, namespace)
        gone = await self._client.delete_at(path, grace=1 if found.key == "pods" else None)
        self._record.add(Step.REMOVED, f"{found.key}/{name}", was_there=gone)

    async def patch(self, resource: str, name: str, merge: Obj, *, namespace: str | None = None) -> Obj:
        found, path = await self._own(resource, name, namespace)
        patched = await self._client.patch(path, merge)
        self._record.add(Step.NOTED, f"changed {found.key}/{name}", merge=merge)
        return patched

    async def read(self, resource: str, name: str, *, namespace: str | None = None) -> Obj | None:
        found = await self._client.resource(resource)
        return await self._client.get(found.path(namespace=self._in(found, namespace), name=name))

    async def list(self, resource: str, *, selector: str = "", everywhere: bool = False) -> tuple[Obj, ...]:
        path, params = await self._where(resource, selector, everywhere)
        return tuple((await self._client.list_all(path, page_of_objects, params)).items)

    async def until(
        self,
        resource: str,
        condition: Condition,
        *,
        within: float,
        what: str,
        selector: str = "",
        everywhere: bool = False,
    ) -> Observation:
        seen = await self._observe(resource, condition, within, selector, everywhere, stop_when=True)
        return self._saw(what, seen, f"until, within {within:g} s")

    async def holds(
        self,
        resource: str,
        condition: Condition,
        *,
        window: float,
        what: str,
        selector: str = "",
        everywhere: bool = False,
    ) -> Observation:
        seen = await self._observe(resource, condition, window, selector, everywhere, stop_when=False)
        return self._saw(what, seen, f"at every moment of {window:g} s")

    async def run(self, pod: str, argv: Sequence[str], *, container: str = "", within: float = 20.0) -> Ran:
        try:
            async with asyncio.timeout(within):
                ran = await self._client.execute(self._namespace, pod, argv, container=container)
        except TimeoutError as error:
            what = text.one_line(" ".join(argv), limit=200)
            raise Unreachable(f"{what!r} in the pod {pod} did not end within {within:g} s") from error
        self._record.add(
            Step.RAN, f"a command in {pod}", argv=list(argv), code=ran.code, stdout=ran.stdout, stderr=ran.stderr
        )
        return ran

    async def logs(self, pod: str, *, container: str = "") -> str:
        said = await self._client.logs(self._namespace, pod, container=container)
        self._record.add(Step.SAW, f"the log of {pod}", log=said)
        return said

    async def ask(
        self,
        door: Door,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        until: Callable[[str], bool] | None = None,
        within: float = 0.0,
        what: str = "",
    ) -> Heard:
        """Nobody tells when an answer changes, so it is asked for every few moments. Until the time is up, no answer is none yet."""
        begun, missing = self._clock.monotonic(), None
        heard = ""
        while True:
            try:
                heard, missing = await self._client.proxied(door, path, query or {}), None
            except (Unreachable, Rejected) as error:
                missing = error
            seconds = round(self._clock.monotonic() - begun, 3)
            met = missing is None and (until is None or until(heard))
            if met or until is None or seconds >= within:
                break
            await self._clock.sleep(max(_ASK_AGAIN, within / 100))
        if missing is not None:
            raise missing
        asked = {"query": dict(query)} if query else {}
        self._record.add(Step.SAW, what or f"{door}{path}", met=met, **asked, seconds=seconds, characters=len(heard))
        return Heard(met, heard, seconds)

    def note(self, what: str, **detail: Any) -> None:
        self._record.add(Step.NOTED, what, **detail)

    def control(self, what: str, **detail: Any) -> None:
        self._record.add(Step.CONTROL, what, **detail)

    async def _marked(self, obj: Obj) -> tuple[Resource, Obj]:
        resource = await self._client.resource_of(obj)
        namespace = self._namespace if resource.namespaced else ""
        return resource, marks.marked(obj, bench=self._namespace, run=self._run, namespace=namespace)

    async def _observe(
        self, resource: str, condition: Condition, seconds: float, selector: str, everywhere: bool, *, stop_when: bool
    ) -> Observation:
        """Look after the first list and after each event until the condition is ``stop_when``, or the time is up.

        The time runs from the first list on: how long a busy API server takes for that says nothing of what is waited for.
        """
        path, params = await self._where(resource, selector, everywhere)
        begun = self._clock.monotonic()
        last: Current | None = None
        stopped, longest = False, max(seconds, _LIST_SECONDS)
        try:
            async with asyncio.timeout(longest) as limit, aclosing(self._client.changes(path, params)) as states:
                async for state in states:
                    if last is None:
                        limit.reschedule(asyncio.get_running_loop().time() + seconds)
                    last = state
                    if bool(condition(last.objects)) is stop_when:
                        stopped = True
                        break
        except TimeoutError:
            pass  # the time is up: what was seen until now is the answer
        if last is None:
            raise Unreachable(f"the API server did not list {resource} within {longest:g} s")
        return Observation(stopped is stop_when, last.objects, round(self._clock.monotonic() - begun, 3))

    def _saw(self, what: str, seen: Observation, how: str) -> Observation:
        objects = [_brief(obj) for obj in seen.objects[:_SHOWN]]
        self._record.add(
            Step.SAW, what, met=seen.met, how=how, seconds=seen.seconds, count=len(seen.objects), objects=objects
        )
        return seen

    async def _where(self, resource: str, selector: str, everywhere: bool) -> tuple[str, dict[str, str]]:
        found = await self._client.resource(resource)
        path = found.path(namespace="" if everywhere else self._namespace)
        return path, {"labelSelector": selector} if selector else {}

    async def _own(self, resource: str, name: str, namespace: str | None) -> tuple[Resource, str]:
        """The path of an object that this bench may change: in its own namespace, or created by it elsewhere."""
        found = await self._client.resource(resource)
        inside = self._in(found, namespace)
        claimed = any(claim.is_about(found, inside, name) for claim in self._claims)
        if not claimed and not (found.namespaced and inside == self._namespace):
            raise UsageError(f"{found.key} {inside}/{name} is not of this bench, and only what is may be changed")
        return found, found.path(namespace=inside, name=name)

    def _in(self, resource: Resource, namespace: str | None) -> str:
        return (namespace or self._namespace) if resource.namespaced else ""


def _brief(obj: Obj) -> Obj:
    """Enough of an object to follow a proof."""
    metadata, spec, status = (part(obj, name) for name in ("metadata", "spec", "status"))
    conditions = status.get("conditions")
    brief = {
        "name": metadata.get("name"),
        "node": spec.get("nodeName"),
        "phase": status.get("phase"),
        "deleted": metadata.get("deletionTimestamp"),
        "conditions": {str(item.get("type")): item.get("status") for item in conditions if isinstance(item, dict)}
        if isinstance(conditions, list)
        else None,
    }
    return {key: value for key, value in brief.items() if value}


def _is_namespace(claim: Claim) -> bool:
    return claim.resource.key == "namespaces"
