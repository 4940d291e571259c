"""Remedies of other systems' objects, on a real API server with those systems' own definitions, and with their programs where
these decide what comes of it: KEDA makes the autoscaler, Kueue reads its configuration."""

from __future__ import annotations

import asyncio
import copy
import json
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from seatrial.app import harden
from seatrial.app.check import check
from seatrial.app.harden import Hardened
from seatrial.app.target import Target
from seatrial.cluster import kubeconfig
from seatrial.cluster.client import Client, connect
from seatrial.engine.catalog import Catalog
from seatrial.kit import yaml
from seatrial.lab import site as sites
from seatrial.lab.forge.obtain import Programs
from seatrial.lab.process import Service
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import Obj
from seatrial.model.lab import LabLevel, LabSpec
from seatrial.model.verdict import Outcome
from tests.live import beside, served
from tests.live.conftest import down, labs, up

NAME = "test-harden-systems"
SYSTEMS = ("gateway-api", "istio", "fluid", "prometheus-operator", "kueue")
DEFINED = ("inference-extension",)  # beside them, and its programs do not run
REMEDIES = (
    "accelerator-alerts",
    "backend-tls",
    "data-loads",
    "event-scalers",
    "gateway-clients",
    "image-peers",
    "kueue-waits",
    "mesh-strict",
    "steady-autoscalers",
)
REFUSED = ("notAField", "omits all key fields")  # the second where it is by that field that one is told from another
FREE = ("metadata", "labels", "annotations", "portLevelMtls")  # maps whose keys are no fields


@asynccontextmanager
async def api() -> AsyncIterator[Client]:
    async with connect(kubeconfig.load(sites.need(NAME).kubeconfig, env={}), timeout=120.0) as client:
        yield client


@pytest.fixture(scope="module")
def programs() -> Programs:
    return asyncio.run(beside.obtained(*DEFINED, "keda", "kueue"))


@pytest.fixture(scope="module")
def lab(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    async def define() -> None:
        async with api() as client:
            for name in DEFINED:
                at = beside.place(name, sites.need(NAME), tmp_path_factory.mktemp(name), programs, alone=True)
                await beside.install(client, at, programs, definitions=True)

    try:
        up(LabSpec(name=NAME, level=LabLevel.CONTROL_PLANE, fleet=labs.parse_fleet("h100:8x1"), systems=SYSTEMS))
        asyncio.run(define())
        yield NAME
    finally:
        down(NAME)


def kubectl(*args: str) -> subprocess.CompletedProcess[str]:
    site = sites.need(NAME)
    argv = (site.program("kubectl"), f"--kubeconfig={site.kubeconfig}", *args)
    return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=120)


def kueue_of(programs: Programs, folder: Path) -> tuple[Service, str]:
    """A second Kueue, and its configuration as the lab writes it, without what keeps gangs whole."""
    at = beside.place("kueue", sites.need(NAME), folder, programs)
    service = beside.services(at, {"wait_for_pods_ready": False})["kueue"]
    return service, next(text for path, text in service.files.items() if path.endswith("kueue.yaml"))


def test_each_is_applied_as_it_stands_and_the_checks_then_pass(lab: str, programs: Programs, tmp_path: Path) -> None:
    site = sites.need(NAME)
    keda = beside.place("keda", site, tmp_path / "keda", programs)
    kueue, config = kueue_of(programs, tmp_path / "kueue")
    operator, webhooks = (beside.services(keda)[name] for name in ("keda-operator", "keda-webhooks"))

    async def install() -> None:
        async with api() as client:
            await beside.install(client, keda, programs)

    asyncio.run(install())
    with beside.running(operator, webhooks):
        asyncio.run(arranged(config))
        before = failing()
        cures = {id: set(Catalog.installed().remedies[id].cures) for id in REMEDIES}
        assert {id for id, checks in cures.items() if not checks & before} == set()  # the control
        made = asyncio.run(harden.harden(Target(lab=NAME), only=REMEDIES))
        assert [one.remedy.id for one in made.chosen] == list(REMEDIES)
        assert made.left_out == ()
        out = tmp_path / "fixes"
        harden.write(out, made, force=False)
        asyncio.run(misspelt(made))

        kubectl("apply", "--server-side", "--force-conflicts", "--validate=strict", "-k", str(out / "enforce"))
        (hpa,) = wait_for_autoscaler(300)
        assert hpa["metadata"]["ownerReferences"][0]["kind"] == "ScaledObject"
        asyncio.run(by_hand(out))
        told = (out / "kueue-waits" / served.KUEUE_CONFIG).read_text()
        assert refuses(kueue, told.replace("blockAdmission", "blockAdmissions"))  # Kueue reads strictly
        with beside.running(with_config(kueue, told)):
            pass
        after = failing()
        assert {id: checks & after for id, checks in cures.items() if checks & after} == {}
        assert asyncio.run(harden.harden(Target(lab=NAME), only=REMEDIES)).chosen == ()


async def arranged(kueue: str) -> None:
    async with api() as client:
        for obj in served.scene(kueue):
            await client.apply(obj)
    wait_for_autoscaler(0)


def wait_for_autoscaler(window: int) -> list[Obj]:
    """KEDA makes it of the ScaledObject, and carries on what changes there."""
    until = time.monotonic() + 180
    while True:
        found = json.loads(kubectl("get", "hpa", "-n", served.PLAIN, "-o", "json").stdout)["items"]
        ours = [one for one in found if one["metadata"]["name"] == "keda-hpa-bursty"]
        if ours and ours[0]["spec"]["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == window:
            return ours
        assert time.monotonic() < until, [one["spec"].get("behavior") for one in ours]
        time.sleep(0.3)


def failing() -> set[str]:
    run = asyncio.run(check(Target(lab=NAME)))
    return {one.check for one in run.findings if one.outcome is Outcome.FAIL}


async def by_hand(out: Path) -> None:
    """What a person does with the files that are no objects: Kueue's file, and what Dragonfly's chart makes of its values."""
    (values,) = (one.value for one in yaml.documents((out / "image-peers/values.yaml").read_bytes(), name="values"))
    told = (out / "kueue-waits" / served.KUEUE_CONFIG).read_text()
    async with api() as client:
        await client.apply(served.kueue_config(told))
        assert values["client"]["dfinit"]["enable"] is True
        await client.apply(served.dfinit(values["client"]["dfinit"]["config"]))
        replicas = {"spec": {"replicas": values["seedClient"]["replicas"]}}
        await client.patch(f"/apis/apps/v1/namespaces/{served.DRAGONFLY}/statefulsets/seed-client", replicas)


async def misspelt(made: Hardened) -> None:
    """The control of each field: under another name the API server refuses it, so those that it took are real."""
    wrongly: list[str] = []
    async with api() as client:
        for obj in (each for one in made.chosen for each in one.fix.enforce):
            for where, wrong in spelt_wrong(obj):
                try:
                    await client.apply(wrong)
                except CannotJudge as error:
                    if not any(words in error.what for words in REFUSED):
                        wrongly.append(f"{obj['kind']} {where}: {error.what}")
                else:
                    wrongly.append(f"{obj['kind']} {where} was let in")
    assert wrongly == []


def spelt_wrong(obj: Obj) -> Iterator[tuple[str, Obj]]:
    for path in fields(obj["spec"], ()):
        wrong = copy.deepcopy(obj)
        at: Any = wrong["spec"]
        for key in path[:-1]:
            at = at[key]
        at["notAField"] = at.pop(path[-1])
        yield ".".join(map(str, path)), wrong


def fields(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for key, one in value.items():
            if not (path and path[-1] in FREE):
                yield (*path, key)
            if key not in FREE[:3]:
                yield from fields(one, (*path, key))
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from fields(one, (*path, place))


def with_config(service: Service, text: str) -> Service:
    files = {path: text if path.endswith("kueue.yaml") else old for path, old in service.files.items()}
    return msgspec.structs.replace(service, files=files)


def refuses(service: Service, text: str) -> bool:
    """The program ends by itself, and says which field it does not know."""
    wrong = with_config(service, text)
    try:
        with beside.running(wrong, within=60):
            return False
    except AssertionError:
        return "blockAdmissions" in beside.log_of(wrong).read_text()
