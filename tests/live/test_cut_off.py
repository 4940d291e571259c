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

import pytest

from seatrial.app import lab as labs
from seatrial.app.prove import prove
from seatrial.app.target import Target
from seatrial.lab import site as sites
from seatrial.lab.process import running
from seatrial.model.verdict import Outcome
from tests.live.conftest import SMALL, WHOLE, kubectl, tell
from tests.live.test_command_line import SEATRIAL, benches

GANG = "gang.starts-whole-or-not-at-all"
MOMENTS = 20 if WHOLE else 3
OURS = ("namespaces", "clusterqueues.kueue.x-k8s.io", "resourceflavors.kueue.x-k8s.io")


def left_behind(lab: str) -> list[str]:
    found = [(kind, kubectl(lab, "get", kind, "-l", "app.kubernetes.io/managed-by=seatrial")["items"]) for kind in OURS]
    return [f"{kind}/{obj['metadata']['name']}" for kind, objs in found for obj in objs]


def test_killed_at_any_moment_a_proof_is_cleaned_up_by_the_next(small_lab: str) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    moments = random.Random(seed)
    argv = [SEATRIAL, "prove", "--lab", small_lab, "--only", GANG, "--yes"]
    dirty = 0
    for _ in range(MOMENTS):
        before = set(benches(small_lab))
        process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 120
        while not set(benches(small_lab)) - before:  # it has begun: how soon it does depends on the machine
            assert time.monotonic() < until
        time.sleep(moments.uniform(0, 8))
        process.kill()
        process.wait()
        dirty += bool(left_behind(small_lab))
    assert dirty  # the control: some kills came while something was there
    assert subprocess.run(argv, capture_output=True, check=False, timeout=300).returncode == 0
    assert left_behind(small_lab) == []
    assert benches(small_lab) == []


@pytest.mark.parametrize("after", [0.5, 5.0])
def test_an_api_server_that_dies_meanwhile_brings_no_wrong_verdict(small_lab: str, after: float) -> None:
    async def proven() -> dict[str, tuple[Outcome, str]]:
        work = asyncio.create_task(prove(Target(lab=small_lab), only=(GANG,), consent=lambda _: True, tell=tell))
        while not benches(small_lab) and not work.done():  # noqa: ASYNC110 - what it waits for is in the cluster
            await asyncio.sleep(0.1)
        await asyncio.sleep(after)
        for alive in running(sites.need(small_lab).root):
            if alive.name == "kube-apiserver":
                os.kill(alive.pid, signal.SIGKILL)
        await asyncio.sleep(1)
        await labs.up(SMALL, tell=tell)
        run = await work
        return {finding.subject: (finding.outcome, finding.because) for finding in run.findings}

    seen = asyncio.run(proven())
    assert set(seen) == {"kueue", "workload-api"}
    assert {outcome for outcome, _ in seen.values()} <= {Outcome.PASS, Outcome.UNKNOWN}, seen
    asyncio.run(prove(Target(lab=small_lab), only=(GANG,), consent=lambda _: True, tell=tell))
    assert left_behind(small_lab) == []
