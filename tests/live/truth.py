"""Truths that a test puts into a cluster from outside, for a measure to find: what is impossible, and what takes exactly so long."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from seatrial.app.reach import connect_to
from seatrial.app.target import Target
from seatrial.catalog.faults.policies import mutated
from seatrial.cluster.client import Client
from seatrial.lab import site as sites
from seatrial.model.fact import Obj
from seatrial.model.lab import LabSpec

OURS = {"app.kubernetes.io/managed-by": "seatrial"}
GATE = "seatrial.dev/held"
SPACE = "truth"


def apply(lab: str, *objects: Obj) -> None:
    _kubectl(lab, "apply", "--server-side", "--force-conflicts", "-f", "-", given=_listed(objects))


def remove(lab: str, *objects: Obj) -> None:
    _kubectl(lab, "delete", "--ignore-not-found", "-f", "-", given=_listed(objects))


def annotate(lab: str, node: str, **notes: str) -> None:
    _kubectl(
        lab,
        "annotate",
        "--overwrite",
        "node",
        node,
        *(f"seatrial.dev/{key.replace('_', '-')}={value}" for key, value in notes.items()),
    )


def kill(lab: str, namespace: str, pod: str) -> None:
    """As if its node had taken it away: no grace, and nobody waits."""
    _kubectl(lab, "delete", "pod", pod, f"--namespace={namespace}", "--grace-period=0", "--force", "--wait=false")


def log(lab: str, namespace: str, pod: str) -> str:
    """What it has said so far; nothing where it has not begun, or has gone."""
    site = sites.need(lab)
    argv = [site.program("kubectl"), f"--kubeconfig={site.kubeconfig}", "logs", pod, f"--namespace={namespace}"]
    return subprocess.run(argv, check=False, capture_output=True, text=True).stdout


def until_ready(lab: str, pod: str) -> None:
    _kubectl(lab, "wait", "--for=condition=Ready", f"pod/{pod}", "--timeout=60s")


def execute(lab: str, pod: str, *argv: str) -> Any:
    """What a command of the workload's program printed in a pod."""
    return json.loads(_kubectl(lab, "exec", pod, "--", "/workload", *argv))


def _listed(objects: Sequence[Obj]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})


def _kubectl(lab: str, *args: str, given: str = "") -> str:
    site = sites.need(lab)
    argv = [site.program("kubectl"), f"--kubeconfig={site.kubeconfig}", *args]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, input=given)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def spoiled(name: str, condition: str, patches: str) -> tuple[Obj, ...]:
    """A policy that changes those pods of a proof for which the condition holds, and its binding."""
    expression = f"({condition}) ? [{patches}] : []"
    return mutated(name, group="", resource="pods", expression=expression, as_patch=True)(LabSpec()).objects


def impossible_gangs(*numbers: int) -> tuple[Obj, ...]:
    """Gangs of these numbers ask for nodes that nobody has."""
    which = "|".join(map(str, numbers))
    condition = (
        "has(object.metadata.labels) && 'seatrial.dev/gang' in object.metadata.labels && "
        f"object.metadata.labels['seatrial.dev/gang'].matches('^gang-({which})-')"
    )
    patch = 'JSONPatch{op: "add", path: "/spec/nodeSelector", value: {"seatrial.dev/no-such-label": "true"}}'
    return spoiled("seatrial-test-impossible", condition, patch)


def held_pods(app: str, *, until: str) -> tuple[Obj, ...]:
    """Pods of an app are held by a gate: before they are placed, or before they are ready."""
    gates = f'[{{"name": "{GATE}"}}]' if until == "scheduling" else f'[{{"conditionType": "{GATE}"}}]'
    condition = (
        f"has(object.metadata.labels) && 'app' in object.metadata.labels && object.metadata.labels['app'] == '{app}'"
    )
    patch = f'JSONPatch{{op: "add", path: "/spec/{until}Gates", value: {gates}}}'
    return spoiled("seatrial-test-held", condition, patch)


def in_force(lab: str, labels: dict[str, str], field: str) -> None:
    """Wait until a pod with these labels comes out with that field, as a dry run in a namespace such as proofs have tells."""
    apply(lab, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE, "labels": OURS}})
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": SPACE}}
    apply(lab, account)
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "tried", "namespace": SPACE, "labels": labels},
        "spec": {"containers": [{"name": "work", "image": "none"}]},
    }
    end = time.monotonic() + 60
    while (
        field
        not in json.loads(_kubectl(lab, "create", "--dry-run=server", "-o", "json", "-f", "-", given=json.dumps(pod)))[
            "spec"
        ]
    ):
        assert time.monotonic() < end, f"no pod got {field}"
        time.sleep(0.5)


@asynccontextmanager
async def let_go_after(lab: str, app: str, seconds: float, *, until: str) -> AsyncIterator[list[float]]:
    """Each held pod is let go exactly so long after it got there. Yields how long each was really held."""
    held: list[float] = []
    async with connect_to(Target(lab=lab)) as client:
        task = asyncio.create_task(_letting_go(client, app, seconds, until, held))
        try:
            yield held
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _letting_go(client: Client, app: str, seconds: float, until: str, held: list[float]) -> None:
    seen: set[str] = set()
    under_way: set[asyncio.Task[None]] = set()
    path = (await client.resource("pods")).path()
    async for state in client.changes(path, {"labelSelector": f"app={app}"}):
        for pod in state.objects:
            if pod["metadata"]["uid"] not in seen and _is_held(pod, until):
                seen.add(pod["metadata"]["uid"])
                task = asyncio.create_task(_let_go(client, pod, time.monotonic(), seconds, until, held))
                under_way.add(task)
                task.add_done_callback(under_way.discard)


def _is_held(pod: Obj, until: str) -> bool:
    if until == "scheduling":
        return bool(pod["spec"].get("schedulingGates"))
    ready = {one["type"]: one["status"] for one in pod.get("status", {}).get("conditions") or ()}
    return (
        any("running" in one.get("state", {}) for one in pod.get("status", {}).get("containerStatuses") or ())
        and ready.get(GATE) != "True"
    )


async def _let_go(client: Client, pod: Obj, since: float, seconds: float, until: str, held: list[float]) -> None:
    metadata = pod["metadata"]
    found = await client.resource("pods")
    path = found.path(namespace=metadata["namespace"], name=metadata["name"])
    await asyncio.sleep(max(0.0, since + seconds - time.monotonic()))
    if until == "scheduling":
        await client.patch(path, {"spec": {"schedulingGates": None}})
    else:
        now: Any = await client.get(path)
        conditions = [one for one in now["status"]["conditions"] if one["type"] != GATE]
        await client.patch(
            f"{path}/status", {"status": {"conditions": [*conditions, {"type": GATE, "status": "True"}]}}
        )
    held.append(time.monotonic() - since)
