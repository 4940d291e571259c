"""How quick a lab is: the limit is the same programs, started bare by a loop that does nothing else."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Iterator

from benchmarks.bare import bare_start
from benchmarks.figures import Figure
from seatrial.app import lab as labs
from seatrial.app.prove import prove
from seatrial.app.target import Target
from seatrial.lab import site as sites
from seatrial.model.lab import LabLevel, LabSpec

RUNS = 3
NAME = "bench"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: first}\nspec: {terminationGracePeriodSeconds: 0, containers: [{name: a, image: 'IMAGE', command: [/workload, work]}]}\n"


def control_plane() -> Iterator[Figure]:
    seen, limit = [], []
    spec = LabSpec(name=NAME, level=LabLevel.CONTROL_PLANE, fleet=labs.parse_fleet("h100:8x1"))
    _up(spec)  # builds, if anything is to be built, and warms the caches of the kernel
    for _ in range(RUNS):
        _down()
        begun = time.perf_counter()
        _up(spec)
        _schedules("h100-0000")
        seen.append(time.perf_counter() - begun)
        limit.append(bare_start(sites.need(NAME)))
    _down()
    yield Figure(
        "warm start until a pod is placed", seen, "s", limit, "the same programs, started bare until they are ready"
    )


def node() -> Iterator[Figure]:
    seen = []
    spec = LabSpec(name=NAME)
    _up(spec)
    for _ in range(RUNS):
        _down()
        begun = time.perf_counter()
        _up(spec)
        _runs("lab-node")
        seen.append(time.perf_counter() - begun)
    _down()
    yield Figure("warm start until a pod runs on the real node", seen, "s")


def fleet() -> Iterator[Figure]:
    nodes = 1000
    _down()
    begun = time.perf_counter()
    _up(LabSpec(name=NAME, level=LabLevel.CONTROL_PLANE, fleet=labs.parse_fleet(f"h100:8x{nodes}")))
    yield Figure(f"start of a lab with {nodes} nodes", [time.perf_counter() - begun], "s")
    (status,) = labs.status(NAME)
    yield Figure(f"memory of a lab with {nodes} nodes", [status.memory / 2**30], "GiB")
    _down()


def gang() -> Iterator[Figure]:
    spec = LabSpec(name=NAME, level=LabLevel.CONTROL_PLANE, fleet=labs.parse_fleet("h100:8x2"))
    _up(spec)
    seen = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        asyncio.run(prove(Target(lab=NAME), only=("gang_scheduling",), standard="cncf-ai@1.36", consent=lambda _: True))
        seen.append(time.perf_counter() - begun)
    _down()
    yield Figure("the gang proof on a warm lab, one scheduler", seen, "s")


def _up(spec: LabSpec) -> None:
    asyncio.run(labs.up(spec))


def _down() -> None:
    asyncio.run(labs.down(NAME))


def _schedules(node: str) -> None:
    _pod()
    _wait("--for=jsonpath={.spec.nodeName}=" + node)


def _runs(node: str) -> None:
    _pod()
    _wait("--for=jsonpath={.status.phase}=Running")


def _pod() -> None:
    from seatrial.lab.node.programs import IMAGE

    _wait_for_account()
    _kubectl("apply", "-f", "-", text=POD.replace("IMAGE", IMAGE))


def _wait_for_account() -> None:
    """Pods are refused until their namespace has its service account."""
    while subprocess.run([*_argv(), "get", "serviceaccount", "default"], capture_output=True, check=False).returncode:
        time.sleep(0.02)


def _wait(condition: str) -> None:
    _kubectl("wait", "pod/first", condition, "--timeout=60s")


def _kubectl(*args: str, text: str = "") -> None:
    subprocess.run([*_argv(), *args], input=text.encode(), capture_output=True, check=True)


def _argv() -> list[str]:
    site = sites.need(NAME)
    return [site.program("kubectl"), f"--kubeconfig={site.kubeconfig}"]
