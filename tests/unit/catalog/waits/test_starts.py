"""Parts that start one after the other, triggers that do not work, and queues of Volcano."""

from __future__ import annotations

import pytest

from seatrial.model.fact import Obj
from tests.unit.catalog.waits.scene import GPU, gang, named, node, pod, seen

Given = tuple[str, Obj]
_SET, _LWS, _QUEUE = (
    "jobset.x-k8s.io/jobsets",
    "leaderworkerset.x-k8s.io/leaderworkersets",
    "scheduling.volcano.sh/queues",
)


def jobset(ready: int, *, order: str = "", depends: str = "", succeeded: int = 0, **spec: object) -> Given:
    """As JobSet itself writes it: ``ready`` counts jobs of which all pods are ready."""
    on = {"dependsOn": [{"name": "driver", "status": depends}]} if depends else {}
    return _SET, {
        "metadata": {"name": "train", "namespace": "team"},
        "spec": {
            **({"startupPolicy": {"startupPolicyOrder": order}} if order else {}),
            "replicatedJobs": [{"name": "driver", "replicas": 1}, {"name": "workers", "replicas": 2, **on}],
            **spec,
        },
        "status": {"replicatedJobsStatus": [{"name": "driver", "ready": ready, "succeeded": succeeded, "failed": 0}]},
    }


def leader(*, ready: bool, on: str = "n1") -> Given:
    name = "leaderworkerset.sigs.k8s.io/name"
    labels = {name: "serve", "leaderworkerset.sigs.k8s.io/worker-index": "0"}
    conditions = [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": str(ready)}]
    return pod("serve-0", 1, on, meta={"labels": labels}, status={"conditions": conditions})


def worker_set(policy: str) -> Given:
    return _LWS, {
        "metadata": {"name": "serve", "namespace": "team"},
        "spec": {"startupPolicy": policy, "replicas": 1, "leaderWorkerTemplate": {"size": 4}},
    }


def scaled(*conditions: tuple[str, str, str]) -> Given:
    """As KEDA writes them."""
    told = [{"type": type, "status": status, "reason": reason, "message": "m"} for type, status, reason in conditions]
    return "keda.sh/scaledobjects", {
        "metadata": {"name": "s", "namespace": "team"},
        "spec": {"scaleTargetRef": {"name": "server"}, "minReplicaCount": 0, "triggers": [{"type": "prometheus"}]},
        "status": {"conditions": told},
    }


def volcano(phase: str = "Pending", devices: int = 4, queue: str = "q") -> Given:
    return "scheduling.volcano.sh/podgroups", {
        "metadata": {"name": "train", "namespace": "team"},
        "spec": {"minMember": 2, "queue": queue, "minResources": {GPU: str(devices)}},
        "status": {"phase": phase},
    }


def queue(state: str = "Open", most: int = 8, used: int = 0) -> Given:
    return _QUEUE, {
        "metadata": {"name": "q"},
        "spec": {"capability": {GPU: str(most)}},
        "status": {"state": state, "allocated": {GPU: str(used)}},
    }


CASES: dict[str, tuple[str, str, list[Given], list[Given]]] = {
    "jobs in order": (
        "starts.earlier-part-is-not-ready", "replicated job driver", [jobset(0, order="InOrder")], [jobset(1, order="InOrder")],
    ),
    "jobs that depend on one that is to end": (
        "starts.earlier-part-is-not-ready", "replicated job driver",
        [jobset(1, depends="Complete")], [jobset(0, depends="Complete", succeeded=1)],
    ),
    "jobs that depend on one that is to be ready": (
        "starts.earlier-part-is-not-ready", "replicated job driver", [jobset(0, depends="Ready")], [jobset(1, depends="Ready")],
    ),
    "a leader that is not ready": (
        "starts.leader-is-not-ready", "leader of",
        [node("n1"), worker_set("LeaderReady"), leader(ready=False)], [node("n1"), worker_set("LeaderCreated"), leader(ready=False)],
    ),
    "a trigger that does not work": (
        "starts.trigger-does-not-work", "keda.sh/scaledobjects/team/s",
        [scaled(("Ready", "False", "TriggerError"))], [scaled(("Ready", "True", "ScaledObjectReady"), ("Active", "False", "ScalerNotActive"))],
    ),
    "a pause": (
        "starts.trigger-does-not-work", "keda.sh/scaledobjects/team/s",
        [scaled(("Ready", "True", "ScaledObjectReady"), ("Paused", "True", "ScaledObjectPaused"))], [scaled(("Paused", "False", ""))],
    ),
    "a queue of Volcano that is closed": (
        "volcano.queue-takes-nothing", f"{_QUEUE}/q", [volcano(), queue("Closed")], [volcano(), queue("Open")],
    ),
    "a queue of Volcano that does not exist": (
        "volcano.queue-takes-nothing", f"{_QUEUE}/q", [volcano()], [volcano("Running")],
    ),
    "a queue of Volcano without room": (
        "volcano.queue-has-no-room", f"capability of {_QUEUE}/q", [volcano(), queue(used=6)], [volcano(), queue(used=4)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_it_is_named(name: str) -> None:
    source, holder, given, _ = CASES[name]
    cause = named(given, source, holder)
    assert cause.blocked
    assert cause.actions


@pytest.mark.parametrize("name", CASES)
def test_and_not_where_all_is_well(name: str) -> None:
    source, _, _, silent = CASES[name]
    assert source not in [one.source for one in seen(*silent).causes]


def test_a_set_that_is_suspended_or_has_ended_waits_for_no_part_of_it() -> None:
    assert seen(jobset(0, order="InOrder", suspend=True)).causes == ()


def test_pods_of_volcano_that_nobody_has_made_are_counted() -> None:
    (cause,) = seen(volcano(devices=16), queue(most=8)).causes
    assert (cause.pods, cause.accelerators) == (2, 16)
    assert "so much it never gets" in cause.because


def test_what_a_leader_itself_waits_for_is_told_instead() -> None:
    found = seen(node("n1"), *gang("g", 2, ["n1", "n1"]), worker_set("LeaderReady"), leader(ready=False, on=""))
    assert "starts.leader-is-not-ready" not in [one.source for one in found.causes]
