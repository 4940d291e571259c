"""Dumps of clusters as platforms set them up: no check breaks, and none blames anybody for what is by design there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seatrial.app.check import check
from seatrial.app.diagnose import diagnose
from seatrial.app.target import Target
from seatrial.cluster.dumps import names
from seatrial.cluster.objects import resources
from seatrial.model.verdict import Outcome
from seatrial.model.wait import Standing
from tests.platforms.clusters import PLATFORMS
from tests.platforms.making import Obj, listed

_READ_TOO = (
    "resource.k8s.io/resourceclaims",
    "resource.k8s.io/resourceslices",
    "resource.k8s.io/resourceclaimtemplates",
    "resource.k8s.io/deviceclasses",
    "kueue.x-k8s.io/workloads",
)
_EVERYWHERE = {
    "bursts.servers-have-a-second-replica@apps/deployments/team/chat",
    "pod-security.standards-are-of-a-version@namespaces/team",
    "quotas.containers-have-defaults@namespaces/team",
}
_UNVERIFIED = {"supply-chain.images-are-verified@namespaces/team"}
_UNHEARD = {"blind-spots.every-accelerator-node-has-an-exporter"}
MENDABLE = {
    "gke": _UNVERIFIED,
    "eks": _UNVERIFIED | _UNHEARD,
    "aks": _UNHEARD,  # with Gatekeeper, whose templates were not read
    "openshift": _UNVERIFIED | {"blind-spots.device-errors-are-counted@apps/daemonsets/nvidia-gpu-operator/nvidia-dcgm-exporter"},
    "rke2": _UNVERIFIED | _UNHEARD,
    "neocloud": _UNVERIFIED | _UNHEARD | {"volcano.queues-are-bounded@scheduling.volcano.sh/queues/default"},
    "amd": _UNVERIFIED,
}  # fmt: skip


def dumped(objects: list[Obj], folder: Path) -> Path:
    """As ``kubectl get -A -o json`` writes it: one file of all, and an empty list of each kind that there is none of."""
    (folder / "all.json").write_text(json.dumps(listed(objects), indent=4))
    there = {of for one in objects for of in resources(one["apiVersion"], one["kind"])}
    for of in {*names.SERVED, *_READ_TOO} - there:
        (folder / f"{names.kubectl(of)}.json").write_text(json.dumps(listed(())))
    return folder


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_what_a_platform_does_by_design_is_no_failure(platform: str, tmp_path: Path) -> None:
    run = await check(Target(snapshot=dumped(PLATFORMS[platform](), tmp_path), dump_is_whole=True))
    failed = {one.key for one in run.findings if one.outcome is Outcome.FAIL}
    assert failed == _EVERYWHERE | MENDABLE[platform]
    assert not [one.because for one in run.findings if one.outcome is Outcome.ERROR]
    assert {one.outcome for one in run.findings} >= {Outcome.PASS, Outcome.UNKNOWN}


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_nothing_waits_there(platform: str, tmp_path: Path) -> None:
    found = await diagnose(Target(snapshot=dumped(PLATFORMS[platform](), tmp_path), dump_is_whole=True))
    assert not found.waits
    assert found.standing in (Standing.FLOWS, Standing.UNKNOWN)


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_pods_and_nodes_alone_prove_little(platform: str, tmp_path: Path) -> None:
    """What most people send first. Nothing is well then that is not with the whole, and nothing is blamed that is not."""
    everything = PLATFORMS[platform]()
    whole = await check(Target(snapshot=dumped(everything, tmp_path), dump_is_whole=True))
    some = tmp_path / "some.json"
    some.write_text(json.dumps(listed(one for one in everything if one["kind"] in ("Pod", "Node"))))
    run = await check(Target(snapshot=some))
    sure = {(one.check, outcome) for one in whole.findings if (outcome := one.outcome) in (Outcome.PASS, Outcome.FAIL)}
    new = {(one.check, one.outcome, one.subject) for one in run.findings if one.outcome in (Outcome.PASS, Outcome.FAIL)}
    assert not [(id, subject) for id, outcome, subject in new if (id, outcome) not in sure]
