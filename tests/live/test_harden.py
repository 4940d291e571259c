"""Every remedy on a real API server: what it refuses was let in before, and what it lets in still is; then the checks pass."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seatrial.app import harden
from seatrial.app.check import check
from seatrial.app.target import Target
from seatrial.catalog.remedies.pods import pod
from seatrial.cluster import kubeconfig
from seatrial.cluster.client import Client, connect
from seatrial.engine.catalog import Catalog
from seatrial.lab import controlplane
from seatrial.lab import site as sites
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import Obj
from seatrial.model.lab import LabLevel, LabSpec
from seatrial.model.remedy import Remedy, Trial
from seatrial.model.verdict import Outcome
from tests.live.conftest import down, labs, up
from tests.live.tenant import (
    BAD,
    CLAIM,
    ELSEWHERE,
    GOOD,
    PLUGIN,
    TENANT,
    audit_policy,
    door,
    named,
    scene,
    server_of_api,
)

NAME = "test-harden"
CATALOG = Catalog.installed()
EVERY = {  # those made of what proofs find: tests/live/test_mended.py
    id: one for id, one in CATALOG.remedies.items() if not all(CATALOG.check(check).active for check in one.answers)
}
REMEDIES = {id: one for id, one in EVERY.items() if not one.needs}
ENGINES = {"gatekeeper", "kyverno", "policy-controller"}  # not here, and called for by the tenant's images


class Ground:
    """The lab, as the test asks it."""

    def __init__(self) -> None:
        site = sites.need(NAME)
        self._path = site.kubeconfig
        self._argv = (site.program("kubectl"), f"--kubeconfig={site.kubeconfig}")

    def kubectl(self, *args: str, given: Obj | None = None, ok: bool = True) -> subprocess.CompletedProcess[str]:
        stdin = json.dumps(given) if given is not None else ""
        argv = [*self._argv, *args]
        return subprocess.run(argv, input=stdin, check=ok, capture_output=True, text=True, timeout=120)

    def client(self) -> Client:
        return connect(kubeconfig.load(self._path, env={}), timeout=120.0)

    async def offer(self, api: Client, trial: Trial, namespace: str) -> tuple[Obj | None, str]:
        """What would be stored, or why it would not be. Users other than the lab's own come by kubectl."""
        obj = trial.obj
        if obj["kind"] not in ("Namespace", "ResourceSlice"):
            obj = named(obj, obj["metadata"]["name"], namespace)
        if not trial.user:
            try:
                return await api.create(obj, dry_run=True), ""
            except CannotJudge as error:
                return None, error.what
        extra = [f"--as-user-extra={key}={value}" for key, value in trial.extra.items()]
        argv = ("create", "--dry-run=server", "-o", "json", "--as", trial.user, *extra, "-f", "-")
        done = await asyncio.to_thread(self.kubectl, *argv, given=obj, ok=False)
        return (json.loads(done.stdout), "") if done.returncode == 0 else (None, done.stderr)


def holds(wanted: Any, found: Any) -> bool:
    """Everything that is wanted is there; ``None`` means that it is not."""
    if isinstance(wanted, dict):
        return all(holds(value, found.get(key) if isinstance(found, dict) else None) for key, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(found, list) and all(map(holds, wanted, found))
    return bool(wanted == found)


def home(remedy: Remedy) -> str:
    """Most policies hold for every namespace; what else there is stands in that of the tenant."""
    return ELSEWHERE if remedy.serves and remedy.id != "model-services" else TENANT


async def outcomes(ground: Ground, namespace: str = "") -> dict[tuple[str, str], tuple[Trial, Obj | None, str]]:
    async with ground.client() as api:
        return {
            (id, trial.what): (trial, *await ground.offer(api, trial, namespace or home(remedy)))
            for id, remedy in REMEDIES.items()
            for trial in remedy.trials
        }


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    try:
        up(LabSpec(name=NAME, level=LabLevel.CONTROL_PLANE, fleet=labs.parse_fleet("h100:8x2,h200:8x1/dra")))
        yield Ground()
    finally:
        down(NAME)


def in_force(ground: Ground) -> None:
    """New policies take a moment until the API server goes by them; the last that was applied is the one to wait for."""
    until = time.monotonic() + 60
    while True:
        found = asyncio.run(outcomes(ground))
        wrong = {key: why for key, (trial, got, why) in found.items() if trial.refused and got is not None}
        if not wrong:
            return
        assert time.monotonic() < until, wrong


def test_each_remedy_refuses_what_was_let_in_and_the_checks_then_pass(ground: Ground, tmp_path: Path) -> None:
    async def given() -> None:
        async with ground.client() as api:
            for obj in scene():
                await api.apply(obj)

    asyncio.run(given())
    before = asyncio.run(outcomes(ground))
    refused_before = {key: why for key, (_, got, why) in before.items() if got is None}
    assert refused_before == {}  # the control: whatever is refused later was let in
    as_they_were = {key for key, (trial, got, _) in before.items() if holds(trial.becomes, got)}

    made = asyncio.run(harden.harden(Target(lab=NAME)))
    assert [one.remedy.id for one in made.chosen] == sorted(REMEDIES)
    left_out = {id for id, _ in made.left_out}
    assert {id for id, one in EVERY.items() if set(one.needs) & ENGINES} <= left_out
    assert left_out <= {id for id, one in EVERY.items() if one.needs}  # what has nothing to cure here is not spoken of
    assert asyncio.run(harden.harden(Target(lab=NAME))).files == made.files
    out = tmp_path / "fixes"
    harden.write(out, made, force=False)

    ground.kubectl("apply", "--server-side", "-k", str(out / "audit"))
    tag = REMEDIES["images"].trials[0]
    until = time.monotonic() + 60
    while True:
        told = ground.kubectl(
            "create", "--dry-run=server", "-f", "-", given=named(tag.obj, "trial", ELSEWHERE)
        )  # it is let in
        if "Warning" in told.stderr and tag.refused in told.stderr:
            break
        assert time.monotonic() < until, told.stderr

    ground.kubectl("apply", "--server-side", "--force-conflicts", "-k", str(out / "enforce"))
    in_force(ground)
    after = asyncio.run(outcomes(ground))
    for key, (trial, got, why) in after.items():
        if trial.refused:
            assert trial.refused in why, (key, why)
        else:
            assert got is not None, (key, why)
            assert holds(trial.becomes, got), (key, trial.becomes, got)
    changing = {id for id, one in REMEDIES.items() if any(trial.becomes for trial in one.trials)}
    assert changing == {id for id, what in after.keys() - as_they_were}

    of_system = asyncio.run(outcomes(ground, "kube-system"))
    refused = {key: why for key, (trial, got, why) in of_system.items() if got is None and not trial.user}
    assert refused == {}  # nothing of all that holds for the system's own

    one_at_a_time(ground)
    policy = out / "audit-policy" / "audit-policy.yaml"
    recorded(policy, tmp_path / "audit.log", tmp_path / "kubeconfig")
    asyncio.run(exchanged(ground, policy.read_text()))
    ground.kubectl("rollout", "status", "daemonset/dcgm-exporter", "-n", PLUGIN, "--timeout=60s")
    cures = {check for remedy in REMEDIES.values() for check in remedy.cures}
    run = asyncio.run(check(Target(lab=NAME), only=tuple(sorted(cures))))
    by_outcome = {id: {one.outcome for one in run.findings if one.check == id} for id in cures}
    assert all(Outcome.PASS in found for found in by_outcome.values()), by_outcome
    bad = [(one.check, one.subject, one.because) for one in run.findings if one.outcome not in FINE]
    assert bad == []
    assert not {one.remedy.id for one in asyncio.run(harden.harden(Target(lab=NAME))).chosen if one.remedy.cures}


FINE = (Outcome.PASS, Outcome.NOT_APPLICABLE)


def one_at_a_time(ground: Ground) -> None:
    """Of two replicas one may be evicted. On nodes that take nothing new no third comes in between."""
    ground.kubectl("wait", "--for=jsonpath={.status.disruptionsAllowed}=1", "pdb/server-deployment", "-n", TENANT)
    pods = json.loads(ground.kubectl("get", "pods", "-n", TENANT, "-l", "app=server", "-o", "json").stdout)["items"]
    nodes = [
        one["metadata"]["name"] for one in json.loads(ground.kubectl("get", "nodes", "-o", "json").stdout)["items"]
    ]
    ground.kubectl("cordon", *nodes)
    said = []
    for one in pods:
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": one["metadata"]["name"]}}
        path = f"/api/v1/namespaces/{TENANT}/pods/{one['metadata']['name']}/eviction"
        done = ground.kubectl("create", "--raw", path, "-f", "-", given=eviction, ok=False)
        said.append(done.stderr)
    ground.kubectl("uncordon", *nodes)
    assert len(said) == 2
    assert said[0] == ""
    assert "disruption budget" in said[1]


def recorded(policy: Path, log: Path, config: Path) -> None:
    """A second API server on the same etcd goes by the policy, and writes down what it owes."""
    site = sites.need(NAME)
    service = next(one for one in controlplane.services(site) if one.name == "kube-apiserver")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    flags = (f"--secure-port={port}", f"--audit-policy-file={policy}", f"--audit-log-path={log}")
    config.write_text(site.kubeconfig.read_text().replace(site.server, f"https://127.0.0.1:{port}"))
    with (log.with_suffix(".err")).open("wb") as errors:
        process = subprocess.Popen([*service.argv, *flags], env={**os.environ, **service.env}, stderr=errors)
    try:
        asyncio.run(asked(config, process))
    finally:
        process.terminate()
        process.wait(timeout=60)
    events = [json.loads(line) for line in log.read_text().splitlines()]
    found = {(one["objectRef"].get("resource"), one["verb"]): one for one in events if "objectRef" in one}
    assert {resource for resource, _ in found} == {
        "resourceclaims",
        "pods",
    }  # and of the ConfigMap that was read nothing
    claim = found["resourceclaims", "create"]
    assert claim["level"] == "Request"
    assert claim["user"]["username"] == "seatrial:admin"
    assert claim["requestObject"]["spec"]["devices"]["requests"][0]["exactly"]["deviceClassName"] == "gpu.nvidia.com"
    assert found["pods", "create"]["level"] == "Metadata"
    assert "requestObject" not in found["pods", "create"]


async def asked(config: Path, process: subprocess.Popen[bytes]) -> None:
    async with connect(kubeconfig.load(config, env={}), timeout=60.0) as api:
        until = time.monotonic() + 60
        while True:
            try:
                assert await api.read("/readyz", accept="*/*") == b"ok"
            except CannotJudge:
                assert process.poll() is None
                assert time.monotonic() < until
                await asyncio.sleep(0.2)
            else:
                break
        await api.create(named(CLAIM, "asked", ELSEWHERE), dry_run=True)
        await api.create(named(pod(), "asked", ELSEWHERE), dry_run=True)
        assert await api.get("/api/v1/namespaces/kube-system/configmaps/audit-policy")


async def exchanged(ground: Ground, policy: str) -> None:
    """The tenant's pods are made again: as they were they are refused, in good order they come back."""
    async with ground.client() as api:
        await api.apply(door("ClusterIP"))
        await api.apply(audit_policy(policy))
        await api.delete(server_of_api())
        await api.create(server_of_api("--audit-policy-file=/etc/policy.yaml", "--audit-log-path=/var/log/audit.log"))
        for bad in BAD:
            assert await api.delete(bad)
        for bad in BAD:
            with pytest.raises(CannotJudge, match=r"denied|forbidden"):
                await api.create(bad)
        for good in GOOD:
            await come_back(api, good)


async def come_back(api: Client, obj: Obj) -> None:
    """Quotas forget what was deleted after a moment."""
    until = time.monotonic() + 60
    while True:
        try:
            await api.create(obj)
        except CannotJudge as error:
            if "exceeded quota" not in error.what or time.monotonic() > until:
                raise
            await asyncio.sleep(0.2)
        else:
            return
