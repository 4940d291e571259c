"""What `harden` says that a policy would do, held against what the API server does: over a table of pods both agree."""

from __future__ import annotations

import asyncio
import copy
import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from seatrial.app import harden
from seatrial.app.target import Target
from seatrial.catalog.remedies.pods import IMAGE, container, plain, pod
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.systems.prometheus import Service
from seatrial.cluster import kubeconfig
from seatrial.cluster.client import Client, connect
from seatrial.engine.catalog import Catalog
from seatrial.lab import site as sites
from seatrial.model.errors import CannotJudge, ConsentRefused
from seatrial.model.fact import Fact, Obj, Snapshot
from seatrial.model.lab import LabLevel, LabSpec
from seatrial.model.remedy import Fate, Fix, Impact
from tests.live.conftest import down, up
from tests.live.tenant import BAD, GOOD, TENANT, named
from tests.unit.catalog.test_remedies import door, failing, gpu_pod, snapshot

NAME, HOME = "test-harden-impact", "team-a"
REMEDIES = Catalog.installed().remedies
VALIDATE = ("images", "privilege", "unconfined")
MUTATE = ("accelerator-label", "system-calls")
SERVICES: tuple[Obj, ...] = (
    {"type": "ClusterIP"},
    {"type": "NodePort"},
    {"type": "LoadBalancer"},
    {"externalIPs": ["192.0.2.1"]},
)
ENV = "NVIDIA_VISIBLE_DEVICES"


def _containers() -> Iterator[Obj]:
    """Each with one thing that is said of it, with an accelerator and without."""
    contexts: tuple[Obj, ...] = (
        {},
        {"privileged": True},
        {"capabilities": {"add": ["SYS_ADMIN"]}},
        {"capabilities": {"add": ["cap_sys_ptrace", "IPC_LOCK"]}},
        {"capabilities": {"add": ["NET_BIND_SERVICE"]}},
        {"seccompProfile": {"type": "Unconfined"}},
        {"seccompProfile": {"type": "RuntimeDefault"}},
    )
    images = (IMAGE, "server", "registry.example.com/a:1", "localhost/a:1", "models/a@" + IMAGE.partition("@")[2])
    envs: tuple[list[Obj], ...] = (
        [{"name": ENV, "value": "all"}],
        [{"name": ENV, "value": "None"}],
        [{"name": ENV}],
        [{"name": ENV, "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        [{"name": "OTHER", "value": "all"}],
    )
    for make in (container, plain):
        yield from (make(securityContext=context) for context in contexts)
        yield from (make(image=image) for image in images)
        yield from (make(env=env) for env in envs)
    yield plain(resources={"limits": {"rdma/hca": "1"}})
    yield plain(resources={"limits": {"example.com/networking": "1", "ephemeral-storage": "1Gi"}})
    yield plain(resources={"limits": {"amd.com/gpu": "1"}}, ports=[{"containerPort": 80, "hostPort": 80}])


def _specs() -> Iterator[Obj]:
    """What is said of the whole pod."""
    paths = ("/", "/dev", "/dev/nvidia0", "//dev/./kfd", "/devel", "/var/run/docker.sock", "/var/lib/kubelet/", "/srv")
    yield from ({"volumes": [{"name": "host", "hostPath": {"path": path}}]} for path in paths)
    yield from ({name: True} for name in ("hostPID", "hostIPC", "hostNetwork"))
    yield from ({"securityContext": {"seccompProfile": {"type": type}}} for type in ("Unconfined", "RuntimeDefault"))
    yield from ({"volumes": [{"name": "m", "image": {"reference": one}}]} for one in (IMAGE, "models/a:1"))
    yield {"resourceClaims": [{"name": "gpu", "resourceClaimTemplateName": "a"}]}
    yield {}


def table() -> list[Obj]:
    """Each container alone and as an init container, each pod with either kind, and what the remedies are tried on."""
    found: list[Obj] = []
    for one in _containers():
        found += [pod(containers=[one]), pod(containers=[plain()], initContainers=[{**one, "name": "before"}])]
    for spec, one in itertools.product(_specs(), (container(), plain(), plain(securityContext={"privileged": True}))):
        found.append(pod(containers=[one], **spec))
    found += [trial.obj for id in (*VALIDATE, *MUTATE) for trial in REMEDIES[id].trials if not trial.user]
    named = [copy.deepcopy(one) for one in found]
    for number, one in enumerate(named):
        one["metadata"] = {**one["metadata"], "name": f"trial-{number}", "namespace": HOME}
    return named


def facts(pods: list[Obj]) -> Snapshot:
    return snapshot(*((Pod, one) for one in pods))


def rendered(id: str, at: Snapshot) -> Fix:
    subjects = {"model-services": "services/team-a/server"}
    checks = REMEDIES[id].answers
    return REMEDIES[id].render(at, [failing(check, subjects.get(id, f"namespaces/{HOME}")) for check in checks])


def said(impact: Impact | None) -> dict[str, tuple[Fate, tuple[str, ...]]]:
    assert impact is not None
    return {hit.subject: (hit.fate, hit.because) for hit in impact.hits}


@asynccontextmanager
async def api() -> AsyncIterator[Client]:
    async with connect(kubeconfig.load(sites.need(NAME).kubeconfig, env={}), timeout=120.0) as client:
        yield client


@pytest.fixture(scope="module")
def lab() -> Iterator[str]:
    async def prepared() -> None:
        async with api() as client:
            await client.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": HOME}})
            account = {"apiVersion": "v1", "kind": "ServiceAccount"}
            await client.apply({**account, "metadata": {"name": "default", "namespace": HOME}})

    try:
        up(LabSpec(name=NAME, level=LabLevel.CONTROL_PLANE))
        asyncio.run(prepared())
        yield NAME
    finally:
        down(NAME)


async def answers(client: Client, objects: list[Obj]) -> list[tuple[Obj | None, str]]:
    async def ask(obj: Obj) -> tuple[Obj | None, str]:
        try:
            return await client.create(obj, dry_run=True), ""
        except CannotJudge as error:
            return None, error.what

    return list(await asyncio.gather(*map(ask, objects)))


@asynccontextmanager
async def in_force(client: Client, fix: Fix, probe: Obj) -> AsyncIterator[None]:
    """Until the API server goes by it, which ``probe`` shows; and gone afterwards, which it shows, too."""
    before = (await answers(client, [probe]))[0]
    parts = [*fix.base, *(one for one in fix.enforce if one["kind"] != "NetworkPolicy")]
    for one in parts:
        await client.apply(one)
    await until_other(client, probe, before, same=False)
    try:
        yield
    finally:
        for one in reversed(parts):
            if one["kind"] != "Namespace":
                await client.delete(one)
                continue
            label = {"pod-security.kubernetes.io/enforce": None, "pod-security.kubernetes.io/enforce-version": None}
            await client.patch(f"/api/v1/namespaces/{HOME}", {"metadata": {"labels": label}})
        await until_other(client, probe, before, same=True)


async def until_other(client: Client, probe: Obj, before: tuple[Obj | None, str], *, same: bool) -> None:
    end = time.monotonic() + 120
    while (essence((await answers(client, [probe]))[0]) == essence(before)) is not same:
        assert time.monotonic() < end
        await asyncio.sleep(0.3)


def essence(answer: tuple[Obj | None, str]) -> Any:
    """Without what the API server makes anew each time."""
    obj, why = answer
    return (obj["spec"].get("securityContext"), obj["metadata"].get("labels")) if obj is not None else why


def test_both_agree_on_whom_a_policy_refuses(lab: str) -> None:
    asyncio.run(agree_on_pods())


async def agree_on_pods() -> None:
    pods = table()
    at = facts(pods)
    async with api() as client:
        valid = [obj for obj, (got, _) in zip(pods, await answers(client, pods), strict=True) if got is not None]
        assert len(valid) == len(pods)  # the control: nothing is refused by anything else
        for id in (*VALIDATE, "pod-security"):
            fix = rendered(id, at)
            foretold = said(fix.impact)
            assert 0 < len(foretold) < len(pods), id
            probe = next(one for one in pods if f"pods/{HOME}/{one['metadata']['name']}" in foretold)
            async with in_force(client, fix, probe):
                wrong = []
                for obj, (got, why) in zip(pods, await answers(client, pods), strict=True):
                    _, because = foretold.get(f"pods/{HOME}/{obj['metadata']['name']}", (None, ()))
                    agreed = got is not None if not because else got is None and any(word in why for word in because)
                    if not agreed:
                        wrong.append((id, obj["spec"], because, why))
                assert wrong == []
            print(f"{id}: {len(foretold)} of {len(pods)} pods are refused, as was foretold")


def test_both_agree_on_what_is_changed(lab: str) -> None:
    asyncio.run(agree_on_changes())


async def agree_on_changes() -> None:
    pods = table()
    at = snapshot(*((Pod, one) for one in pods), policy())
    async with api() as client:
        before = [essence(one) for one in await answers(client, pods)]
        for id in MUTATE:
            fix = rendered_label(id, at)
            foretold = said(fix.impact)
            assert 0 < len(foretold) < len(pods), id
            probe = next(one for one in pods if f"pods/{HOME}/{one['metadata']['name']}" in foretold)
            async with in_force(client, fix, probe):
                after = [essence(one) for one in await answers(client, pods)]
                changed = {
                    f"pods/{HOME}/{obj['metadata']['name']}"
                    for obj, old, new in zip(pods, before, after, strict=True)
                    if old != new
                }
                assert changed == set(foretold)


def policy() -> tuple[type[Fact], Obj]:
    from seatrial.catalog.systems.kubernetes.governance import NetworkPolicy

    spec = {"podSelector": {"matchLabels": {"nvidia.com/gpu": "true"}}, "policyTypes": ["Ingress"]}
    return NetworkPolicy, {"metadata": {"name": "labelled", "namespace": HOME}, "spec": spec}


def rendered_label(id: str, at: Snapshot) -> Fix:
    subject = (
        f"networking.k8s.io/networkpolicies/{HOME}/labelled" if id == "accelerator-label" else f"namespaces/{HOME}"
    )
    return REMEDIES[id].render(at, [failing(check, subject) for check in REMEDIES[id].answers])


def test_both_agree_on_services(lab: str) -> None:
    asyncio.run(agree_on_services())


async def agree_on_services() -> None:
    made = []
    for number, spec in enumerate(SERVICES):
        for labels in ({}, {"gateway.networking.k8s.io/gateway-name": "front"}):
            metadata = {"name": f"s{number}-{len(labels)}", "namespace": HOME, "labels": labels}
            whole = {"selector": {"app": "a"}, "ports": [{"port": 80}], **spec}
            made.append({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": whole})
    at = snapshot(gpu_pod("a"), door("server"), *((Service, one) for one in made))
    fix = rendered("model-services", at)
    foretold = said(fix.impact)
    probe = next(one for one in made if f"services/{HOME}/{one['metadata']['name']}" in foretold)
    async with api() as client:
        assert all(got is not None for got, _ in await answers(client, made))
        await client.apply(fix.base[0])
        await client.apply(fix.enforce[0])
        end = time.monotonic() + 120
        while (await answers(client, [probe]))[0][0] is not None:
            assert time.monotonic() < end
            await asyncio.sleep(0.3)
        refused = {
            f"services/{HOME}/{obj['metadata']['name']}"
            for obj, (got, _) in zip(made, await answers(client, made), strict=True)
            if got is None
        }
        assert refused == set(foretold)
        assert 0 < len(refused) < len(made)
        await client.delete(fix.enforce[0])
        await client.delete(fix.base[0])


def test_quotas_stop_those_updates_that_were_foretold(lab: str) -> None:
    asyncio.run(updated_under_quota())


async def updated_under_quota() -> None:
    """An update that may take a pod away first begins; one that may not finds no room for a pod more."""
    async with api() as client:
        try:
            await updated(client)
        finally:
            for name in ("stands", "goes"):  # the tests after this one count pods
                await client.delete(deployment(name, name, 0))
                await until_pods(client, name, lambda pods: not pods)


async def updated(client: Client) -> None:
    for name, away in (("stands", 0), ("goes", 1)):
        await client.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        await client.apply(deployment(name, name, away))
        await until_pods(client, name, lambda pods: len(pods) == 2)
    (chosen,) = (await harden.harden(Target(lab=NAME), only=("quotas",))).chosen
    impact = chosen.fix.impact
    assert impact is not None
    assert [(hit.subject, hit.fate) for hit in impact.hits] == [("apps/deployments/stands/stands", Fate.REFUSED)]
    for one in chosen.fix.enforce:
        await client.apply(one)
    anew = {"spec": {"template": {"metadata": {"annotations": {"example.com/anew": "1"}}}}}
    for name in ("stands", "goes"):
        await until_object(client, f"/api/v1/namespaces/{name}/resourcequotas/seatrial-accelerators", full)
        await client.patch(f"/apis/apps/v1/namespaces/{name}/deployments/{name}", anew)
    await until_pods(client, "goes", lambda pods: any(map(made_anew, pods)))  # there are no nodes: it waits for one
    path = "/apis/apps/v1/namespaces/stands/deployments/stands"
    await until_object(client, path, lambda one: any("exceeded quota" in told for told in conditions(one)))
    await until_pods(client, "stands", lambda pods: not any(map(made_anew, pods)))


def deployment(name: str, namespace: str, away: int) -> Obj:
    rolling = {"maxUnavailable": away, "maxSurge": 1}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": 2,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling},
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": pod()["spec"]},
        },
    }


def full(quota: Obj) -> bool:
    used: Obj = quota.get("status", {}).get("used", {})
    return bool(used.get("requests.nvidia.com/gpu") == "2")


def made_anew(one: Obj) -> bool:
    return "example.com/anew" in (one["metadata"].get("annotations") or {})


def conditions(one: Obj) -> list[str]:
    return [told.get("message", "") for told in one.get("status", {}).get("conditions", ())]


async def until_pods(client: Client, namespace: str, met: Callable[[list[Obj]], bool]) -> None:
    await until_object(client, f"/api/v1/namespaces/{namespace}/pods", lambda found: met(found["items"]))


async def until_object(client: Client, path: str, met: Callable[[Obj], bool]) -> None:
    end = time.monotonic() + 120
    while not ((found := await client.get(path)) and met(found)):
        assert time.monotonic() < end, found
        await asyncio.sleep(0.3)


def test_the_api_server_says_the_same_when_it_is_asked(lab: str) -> None:
    asyncio.run(stored([*GOOD, *BAD]))
    told = asyncio.run(harden.harden(Target(lab=NAME), only=VALIDATE))
    wanted: list[str] = []
    asked = asyncio.run(harden.harden(Target(lab=NAME), only=VALIDATE, consent=lambda lines: not wanted.extend(lines)))
    assert len(wanted) == len(VALIDATE)
    for one, same in zip(told.chosen, asked.chosen, strict=True):
        foretold, found = one.fix.impact, same.fix.impact
        assert foretold is not None
        assert found is not None
        assert (foretold.by_server, found.by_server) == (False, True)
        assert foretold.looked_at == found.looked_at == len(GOOD) + len(BAD)
        assert found.unknown == ()
        assert {hit.subject for hit in found.hits} == {hit.subject for hit in foretold.hits} != set()
        for hit in found.hits:  # it stops at the first rule that is broken
            assert set(hit.because) <= set(said(foretold)[hit.subject][1])
    assert b"the API server says" in asked.files["README.md"]
    asyncio.run(nothing_is_left())
    with pytest.raises(ConsentRefused):
        asyncio.run(harden.harden(Target(lab=NAME), only=VALIDATE, consent=lambda lines: False))
    asyncio.run(nothing_is_left())


async def stored(pods: list[Obj]) -> None:
    async with api() as client:
        await client.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": TENANT}})
        await client.apply(
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": TENANT}}
        )
        for number, one in enumerate(pods):
            await client.create(named(one, f"stored-{number}"))


async def nothing_is_left() -> None:
    async with api() as client:
        for path in (
            "/api/v1/namespaces",
            "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
            "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
        ):
            found = await client.get(path)
            assert found is not None
            assert [
                one["metadata"]["name"]
                for one in found["items"]
                if one["metadata"]["name"].startswith("seatrial-harden-")
            ] == []
