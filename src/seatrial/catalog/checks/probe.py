"""Pods that look at devices from inside, and what they saw: evidence by what a container can open, not by what a manifest says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from seatrial.catalog.roles import AcceleratorSource, SharedAccelerators, VirtualAccelerators
from seatrial.catalog.systems.kubernetes.core import HOST, container
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import Obj
from seatrial.model.verdict import Verdict, unknown
from seatrial.model.workbench import Ran, Workbench

MAIN, SIBLING = "main", "sibling"

T = TypeVar("T")


class Device(msgspec.Struct, frozen=True):
    """One device node as a container saw it."""

    path: str
    how: str = ""
    major: int = 0
    minor: int = 0
    opened: bool = False
    error: str = ""
    identity: str = ""

    @property
    def number(self) -> str:
        return f"{self.major}:{self.minor}"


class _Report(msgspec.Struct, frozen=True):
    devices: tuple[Device, ...]


def unrecognised(source: AcceleratorSource | VirtualAccelerators) -> Verdict:
    """Never a failure, and never a pass: what a device of this kind looks like is not known."""
    return unknown(f"accelerators of kind {source.kind!r} are not recognised, so what to look for is not known")


def pod(bench: Workbench, name: str, *, containers: tuple[str, ...] = (MAIN,), node: str = "", **spec: object) -> Obj:
    """A pod that waits to be asked, in each of its containers."""
    pinned: Obj = {"nodeSelector": {HOST: node}} if node else {}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": bench.namespace},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 0,
            "containers": [container(one, bench.image, ("work",)) for one in containers],
            **pinned,
            **spec,
        },
    }


async def asks(
    bench: Workbench, source: AcceleratorSource | VirtualAccelerators, plain: Obj, count: int = 1
) -> Obj | None:
    """Create the pod with a request for accelerators in its main container; the running pod, or ``None`` if it never runs."""
    requesting, *beside = source.request(plain, MAIN, count)
    for obj in beside:
        await bench.create(obj)
    return await runs(bench, requesting)


async def runs(bench: Workbench, plain: Obj) -> Obj | None:
    await bench.create(plain)
    name = plain["metadata"]["name"]
    seen = await bench.until(
        "pods",
        lambda pods: any(_runs(pod, name) for pod in pods),
        within=bench.patience,
        what=f"every container of pod {name} runs",
    )
    return next((pod for pod in seen.objects if _runs(pod, name)), None)


def _runs(pod: Obj, name: str) -> bool:
    """The phase says Running as soon as one container does."""
    statuses = pod.get("status", {}).get("containerStatuses", ())
    everyone = len(statuses) == len(pod["spec"]["containers"])
    return pod["metadata"]["name"] == name and everyone and all("running" in one.get("state", {}) for one in statuses)


async def look(
    bench: Workbench,
    source: AcceleratorSource | SharedAccelerators | VirtualAccelerators,
    name: str,
    of: str = MAIN,
    *,
    forge: tuple[str, ...] = (),
    paths: tuple[str, ...] = (),
) -> tuple[Device, ...]:
    """What the container sees of the source's devices; ``forge`` are device numbers that it makes nodes for, to break in."""
    argv = ["/workload", "devices", "--glob", source.devices]
    argv += [part for number in forge for part in ("--also-mknod", number)]
    argv += [part for path in paths for part in ("--also-open", path)]
    ran = await bench.run(name, argv, container=of)
    return reported(ran, _Report, f"pod {name} did not report its devices").devices


def reported(ran: Ran, kind: type[T], silence: str) -> T:
    """What a command of the proof's image printed; ``silence`` says in words that it printed something else."""
    try:
        return msgspec.json.decode(ran.stdout, type=kind)
    except msgspec.DecodeError as error:
        raise CannotJudge(f"{silence} (code {ran.code}): {(ran.stderr or ran.stdout)[:200]}") from error


def refusal(pods: Sequence[Obj]) -> str:
    """What the scheduler says of the first of these pods that it has no place for."""
    for one in pods:
        for condition in one.get("status", {}).get("conditions", ()):
            if condition["type"] == "PodScheduled" and condition.get("reason") == "Unschedulable":
                return str(condition.get("message", ""))
    return ""


def opened(devices: tuple[Device, ...]) -> tuple[Device, ...]:
    return tuple(device for device in devices if device.opened)


def numbers(devices: tuple[Device, ...]) -> tuple[str, ...]:
    return tuple(sorted({device.number for device in devices}))
