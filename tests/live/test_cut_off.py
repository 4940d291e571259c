"""Proofs that are cut off: killed at any moment they leave nothing behind; an API server that dies meanwhile brings no wrong verdict.

Killed at 3 random moments by default; with SEATRIAL_TEST_MATRIX=whole at 20.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest

from seatrial.app import lab as labs
from seatrial.app.prove import prove
from seatrial.app.target import Target
from seatrial.lab import site as sites
from seatrial.lab.process import running
from seatrial.model.lab import LabLevel, LabSpec
from seatrial.model.verdict import Outcome
from tests.live.conftest import down, kubectl, tell, up
from tests.live.test_command_line import SEATRIAL, benches

NAME, GANG = "test-cut", "gang.starts-whole-or-not-at-all"
SPEC = LabSpec(name=NAME, level=LabLevel.CONTROL_PLANE, fleet=labs.parse_fleet("h100:8x2"), systems=("kueue",))
MOMENTS = 20 if os.environ.get("SEATRIAL_TEST_MATRIX") == "whole" else 3
OURS = ("namespaces", "clusterqueues.kueue.x-k8s.io", "resourceflavors.kueue.x-k8s.io")


@pytest.fixture(scope="module")
def cut_lab() -> Iterator[str]:
    up(SPEC)
    yield NAME
    down(NAME)


def left_behind() -> list[str]:
    found = [
        (kind, kubectl(NAME, "get", kind, "-l", "app.kubernetes.io/managed-by=seatrial")["items"]) for kind in OURS
    ]
    return [f"{kind}/{obj['metadata']['name']}" for kind, objs in found for obj in objs]


def test_killed_at_any_moment_a_proof_is_cleaned_up_by_the_next(cut_lab: str) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    moments = random.Random(seed)
    argv = [SEATRIAL, "prove", "--lab", cut_lab, "--only", GANG, "--yes"]
    dirty = 0
    for _ in range(MOMENTS):
        process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moments.uniform(0.5, 12))
        process.kill()
        process.wait()
        dirty += bool(left_behind())
    assert dirty  # the control: some kills came while something was there
    assert subprocess.run(argv, capture_output=True, check=False, timeout=300).returncode == 0
    assert left_behind() == []
    assert benches(cut_lab) == []


@pytest.mark.parametrize("after", [0.5, 5.0])
def test_an_api_server_that_dies_meanwhile_brings_no_wrong_verdict(cut_lab: str, after: float) -> None:
    async def proven() -> dict[str, tuple[Outcome, str]]:
        work = asyncio.create_task(prove(Target(lab=cut_lab), only=(GANG,), consent=lambda _: True, tell=tell))
        while not benches(cut_lab) and not work.done():  # noqa: ASYNC110 - what it waits for is in the cluster
            await asyncio.sleep(0.1)
        await asyncio.sleep(after)
        for alive in running(sites.need(cut_lab).root):
            if alive.name == "kube-apiserver":
                os.kill(alive.pid, signal.SIGKILL)
        await asyncio.sleep(1)
        await labs.up(SPEC, tell=tell)
        run = await work
        return {finding.subject: (finding.outcome, finding.because) for finding in run.findings}

    seen = asyncio.run(proven())
    assert set(seen) == {"kueue", "workload-api"}
    assert {outcome for outcome, _ in seen.values()} <= {Outcome.PASS, Outcome.UNKNOWN}, seen
    asyncio.run(prove(Target(lab=cut_lab), only=(GANG,), consent=lambda _: True, tell=tell))
    assert left_behind() == []
