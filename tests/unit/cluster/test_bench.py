"""A bench: a fresh namespace, watches with deadlines, a record, and a clean end whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from seatrial.cluster import bench as benches
from seatrial.cluster.bench import Bench, open_bench
from seatrial.cluster.client import Client
from seatrial.kit import digest
from seatrial.kit.clock import SystemClock
from seatrial.model.errors import Refused, Rejected, Unreachable, UsageError
from seatrial.model.evidence import Step
from seatrial.model.fact import Obj
from seatrial.model.workbench import Workbench
from tests.unit.cluster.server import status
from tests.unit.cluster.store import Store

ROLE = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "r"}}
FORBIDDEN = status(403, 'forbidden: User "joe" cannot do this')


def pod(name: str, **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **metadata}, "spec": {"containers": []}}


@asynccontextmanager
async def lent(client: Client, **more: Any) -> AsyncIterator[Bench]:
    given = {"check": "gang.starts", "subject": "kueue", "image": "i:1", "clock": SystemClock(), **more}
    async with open_bench(client, **given) as bench:
        yield bench


def steps(bench: Bench, step: Step) -> list[str]:
    return [entry.what for entry in bench.evidence.entries if entry.step is step]


async def test_it_is_a_workbench_in_a_fresh_namespace(store: Store) -> None:
    async with store.client() as client, lent(client, run="r 1") as bench:
        promised: Workbench = bench
        assert promised.namespace.startswith("seatrial-gang-starts-")
        assert promised.image == "i:1"
        assert promised.cluster.version == "v1.37.1"
        assert promised.apis.versions("pods") == ("v1",)
        labels = store.objects["namespaces", "", bench.namespace]["metadata"]["labels"]
        assert labels == {
            "app.kubernetes.io/managed-by": "seatrial",
            "seatrial.dev/bench": bench.namespace,
            "seatrial.dev/run": "r-1",
        }
    assert store.objects == {}
    assert bench.leftovers == ()


async def test_everything_goes_newest_first_and_the_namespace_last(store: Store) -> None:
    async with store.client() as client, lent(client) as bench:
        await bench.create(ROLE)
        made = await bench.create(pod("p"))
        await bench.create({**ROLE, "metadata": {"generateName": "g-"}})
        assert made["metadata"]["namespace"] == bench.namespace
    generated, created, role, namespace = steps(bench, Step.REMOVED)
    assert generated.startswith("rbac.authorization.k8s.io/clusterroles/g-")
    assert (created, role) == (f"pods/{bench.namespace}/p", "rbac.authorization.k8s.io/clusterroles/r")
    assert namespace == f"namespaces/{bench.namespace}"
    assert store.objects == {}


@pytest.mark.parametrize("error", [RuntimeError("broken check"), asyncio.CancelledError()])
async def test_the_end_is_clean_after_an_error_and_a_cancellation(store: Store, error: BaseException) -> None:
    async def check(client: Client) -> None:
        async with lent(client) as bench:
            await bench.create(ROLE)
            raise error

    async with store.client() as client:
        with pytest.raises(type(error)):
            await check(client)
    assert store.objects == {}


async def test_a_second_cancellation_does_not_stop_the_clean_end(store: Store) -> None:
    lending = asyncio.Event()

    async def check(client: Client) -> None:
        async with lent(client) as bench:
            await bench.create(ROLE)
            lending.set()
            await asyncio.Event().wait()

    async with store.client() as client:
        task = asyncio.create_task(check(client))
        await lending.wait()
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert store.objects == {}


async def test_an_object_that_clings_is_reported(store: Store) -> None:
    async with store.client() as client, lent(client, removal=0.1) as bench:
        await bench.create({**ROLE, "metadata": {"name": "r", "finalizers": ["example.com/wait"]}})
    (left,) = bench.leftovers
    assert left.startswith("rbac.authorization.k8s.io/clusterroles/r: still there after its deletion")
    assert "finalizer example.com/wait" in left
    assert any("could not be removed" in what for what in steps(bench, Step.NOTED))


async def test_what_we_may_not_remove_is_reported(store: Store) -> None:
    async with store.client() as client, lent(client) as bench:
        await bench.create(ROLE)
        store.refused["DELETE", "clusterroles"] = FORBIDDEN
    (left,) = bench.leftovers
    assert 'User "joe" cannot' in left
    assert store.names("namespaces") == []


async def test_an_object_whose_creation_was_not_answered_is_found_by_its_label(store: Store) -> None:
    async with store.client() as client, lent(client) as bench:

        async def lost(request: Any) -> Any:
            body = await request.json()
            store.put("clusterroles", "", body)
            return await status(500, "the answer was lost")(request)

        store.refused["POST", "clusterroles"] = lost
        with pytest.raises(Unreachable):
            await bench.create({**ROLE, "metadata": {"generateName": "g-"}})
        store.put("clusterroles", "", {"metadata": {"name": "g-of-somebody-else", "labels": {}}})
    assert store.names("clusterroles") == ["g-of-somebody-else"]


async def test_an_object_of_somebody_else_stays(store: Store) -> None:
    store.put("clusterroles", "", {"metadata": {"name": "r"}})
    async with store.client() as client, lent(client) as bench:
        with pytest.raises(Rejected, match="already exists"):
            await bench.create(ROLE)
        for change in (bench.remove, lambda *a: bench.patch(*a, {"metadata": {"labels": {}}})):
            with pytest.raises(UsageError, match="not of this bench"):
                await change("rbac.authorization.k8s.io/clusterroles", "r")
    assert store.names("clusterroles") == ["r"]


async def test_an_object_that_was_replaced_meanwhile_stays(store: Store) -> None:
    async with store.client() as client, lent(client) as bench:
        await bench.create(ROLE)
        store.drop("clusterroles", "", "r")
        store.put("clusterroles", "", {"metadata": {"name": "r", "uid": "of-somebody-else"}})
    assert store.names("clusterroles") == ["r"]


async def test_until_sees_each_change(store: Store) -> None:
    async with store.client() as client, lent(client) as bench:
        waiting = asyncio.create_task(bench.until("pods", lambda pods: len(pods) == 2, within=5, what="two"))
        for name in ("a", "b"):
            await bench.create(pod(name))
        seen = await waiting
    assert seen.met
    assert {obj["metadata"]["name"] for obj in seen.objects} == {"a", "b"}
    (entry,) = [entry for entry in bench.evidence.entries if entry.what == "two"]
    assert entry.detail["met"] is True
    assert entry.detail["count"] == 2


async def test_until_ends_with_what_was_seen_last(store: Store) -> None:
    async with store.client() as client, lent(client) as bench:
        await bench.create(pod("a"))
        seen = await bench.until("pods", lambda pods: len(pods) == 2, within=0.05, what="two")
    assert not seen.met
    assert len(seen.objects) == 1


async def test_until_heeds_the_selector_and_the_namespace(store: Store) -> None:
    store.put("pods", "elsewhere", pod("z", labels={"a": "b"}))
    async with store.client() as client, lent(client) as bench:
        await bench.create(pod("a", labels={"a": "b"}))
        await bench.create(pod("c"))

        async def names(**where: Any) -> set[str]:
            seen = await bench.until("pods", bool, within=1, what="any", **where)
            assert {obj["metadata"]["name"] for obj in seen.objects} == {
                obj["metadata"]["name"] for obj in await bench.list("pods", **where)
            }
            return {obj["metadata"]["name"] for obj in seen.objects}

        assert await names() == {"a", "c"}
        assert await names(selector="a=b") == {"a"}
        assert await names(selector="a=b", everywhere=True) == {"a", "z"}


async def test_holds_notices_a_violation_at_once(store: Store) -> None:
    async with store.client() as client, lent(client) as bench:
        await bench.create(pod("a"))
        looked = asyncio.Event()

        def stays(pods: Sequence[Obj]) -> bool:
            looked.set()
            return len(pods) == 1

        waiting = asyncio.create_task(bench.holds("pods", stays, window=60, what="stays"))
        await looked.wait()
        await bench.remove("pods", "a")
        seen = await asyncio.wait_for(waiting, 30)
    assert not seen.met


async def test_holds_when_nothing_happens(store: Store) -> None:
    async with store.client() as client, lent(client) as bench:
        assert (await bench.holds("pods", lambda pods: not pods, window=0.05, what="none")).met


async def test_a_wait_that_saw_nothing_at_all_is_no_answer(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seatrial.cluster.bench._LIST_SECONDS", 0.05)
    async with store.client() as client, lent(client) as bench:

        async def never(request: Any) -> Any:
            await asyncio.sleep(0.2)
            return await status(500)(request)

        store.refused["GET", "pods"] = never
        with pytest.raises(Unreachable, match="did not list pods within"):
            await bench.holds("pods", lambda _: True, window=0.05, what="anything")


async def test_the_time_of_a_wait_runs_from_the_first_list(store: Store) -> None:
    """A busy API server that takes longer for it than the window is no reason to know nothing."""
    async with store.client() as client, lent(client) as bench:

        async def late(request: Any) -> Any:
            await asyncio.sleep(0.2)
            del store.refused["GET", "pods"]
            return await store.handle(request)

        store.refused["GET", "pods"] = late
        assert (await bench.holds("pods", lambda pods: not pods, window=0.05, what="none")).met


async def test_admits_asks_by_a_dry_run(store: Store) -> None:
    async with store.client() as client, lent(client) as bench:
        assert await bench.admits(pod("a"))
        assert store.names("pods") == []
        store.refused["POST", "pods"] = status(403, 'admission webhook "w" denied the request: no')
        assert not await bench.admits(pod("a"))
        for answer, error in (
            (FORBIDDEN, Refused),
            (status(500, "failed calling webhook"), Unreachable),
            (status(409, "already exists"), Rejected),
            (status(400, 'admission webhook "w" does not support dry run'), Rejected),
        ):
            store.refused["POST", "pods"] = answer
            with pytest.raises(error):
                await bench.admits(pod("a"))
    assert "a Pod for a dry run was refused" in steps(bench, Step.SAW)


async def test_reading_and_changing(store: Store) -> None:
    async with store.client() as client, lent(client) as bench:
        assert await bench.read("pods", "a") is None
        await bench.create(pod("a"))
        await bench.patch("pods", "a", {"metadata": {"labels": {"x": "y"}}})
        read = await bench.read("pods", "a")
        assert read is not None
        assert read["metadata"]["labels"]["x"] == "y"
        await bench.remove("pods", "a")
        assert await bench.read("pods", "a") is None


async def test_without_a_service_account_it_says_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.refused["GET", "serviceaccounts"] = FORBIDDEN
    async with store.client() as client:
        with pytest.raises(Refused):
            async with lent(client):
                pass
    assert not store.names("namespaces")
    monkeypatch.setattr(benches, "_ACCOUNT_SECONDS", 0.05)
    store.refused.clear()
    store.gives_accounts = False
    async with store.client() as client, lent(client) as bench:
        pass
    assert any("did not get its service account" in what for what in steps(bench, Step.NOTED))


async def test_evidence_is_ordered_redacted_and_hashed(store: Store) -> None:
    async with store.client() as client, lent(client, simulated=True) as bench:
        await bench.create(pod("a", annotations={"api-token": "hush-1"}))
        bench.note("seen at 10.1.2.3 on GPU-5a2b8f6c-1111-2222-3333-444455556666", header="Bearer hush-2-hush-2")
        bench.control("both", positive=True, pem="-----BEGIN CERTIFICATE-----\nhush\n-----END CERTIFICATE-----")
    evidence = bench.evidence
    text = digest.canonical_json(evidence).decode()
    assert "hush" not in text
    assert "10.1.2.3" not in text
    assert "5a2b8f6c" not in text
    assert [entry.after for entry in evidence.entries] == sorted(entry.after for entry in evidence.entries)
    assert evidence.digest == digest.of_value(evidence.entries)
    assert (evidence.id, evidence.check, evidence.subject, evidence.simulated) == (
        bench.namespace,
        "gang.starts",
        "kueue",
        True,
    )


async def test_a_record_has_a_limit(store: Store) -> None:
    async with store.client() as client, lent(client) as bench:
        for number in range(2_100):
            bench.note(f"note {number}")
        bench.note("large", text=["x" * 4000] * 100)
    assert len(bench.evidence.entries) < 2_010
    assert "more entries were left out" in bench.evidence.entries[-1].what
