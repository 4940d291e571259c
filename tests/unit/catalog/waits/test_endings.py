"""What was deleted and does not go, what does not get another size, and nodes that cannot be emptied."""

from __future__ import annotations

import datetime as dt

import pytest

from seatrial.catalog.waits.images import cause_of
from seatrial.model.fact import Obj
from tests.unit.catalog.waits.scene import NOW, named, node, pod, seen

Given = tuple[str, Obj]
LONG, JUST = NOW - dt.timedelta(hours=3), NOW - dt.timedelta(seconds=20)
RUNS = {"containerStatuses": [{"name": "work", "state": {"running": {}}}]}
ENDED = {"containerStatuses": [{"name": "work", "state": {"terminated": {"exitCode": 0}}}]}
SILENT = [{"type": "Ready", "status": "Unknown"}]


def deleted(when: dt.datetime = LONG, *finalizers: str, **more: object) -> Obj:
    return {"deletionTimestamp": when.isoformat(), "finalizers": list(finalizers), **more}


def namespace(when: dt.datetime = LONG, *conditions: tuple[str, str]) -> Given:
    """As the namespace controller writes them."""
    told = [{"type": type, "status": "True", "message": message} for type, message in conditions]
    return "namespaces", {
        "metadata": {"name": "old", **deleted(when)},
        "status": {"phase": "Terminating", "conditions": told},
    }


def volume_claim(when: dt.datetime = LONG) -> Given:
    metadata = {"name": "data", "namespace": "team", **deleted(when, "kubernetes.io/pvc-protection")}
    return "persistentvolumeclaims", {"metadata": metadata, "status": {"phase": "Bound"}}


def resized(reason: str, type: str = "PodResizePending") -> Obj:
    told = {"type": type, "status": "True", "reason": reason, "message": "Node didn't have enough resource: cpu"}
    return {"conditions": [{"type": "PodScheduled", "status": "True"}, told]}


def budget(allowed: int, app: str = "server") -> Given:
    return "policy/poddisruptionbudgets", {
        "metadata": {"name": "b", "namespace": "team"},
        "spec": {"selector": {"matchLabels": {"app": app}}},
        "status": {"disruptionsAllowed": allowed},
    }


LEFT = ("NamespaceContentRemaining", "Some resources are remaining: pods. has 2 resource instances")
HELD = ("NamespaceFinalizersRemaining", "Some content in the namespace has finalizers remaining: kueue.x-k8s.io/managed in 2 resource instances")  # fmt: skip
BLIND = ("NamespaceDeletionDiscoveryFailure", "Discovery failed for some groups, 1 failing: metrics.k8s.io/v1beta1")
MOUNTS = {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]}
SET = {"ownerReferences": [{"kind": "StatefulSet", "name": "s", "uid": "u", "controller": True}]}
SERVER = {"labels": {"app": "server"}}

CASES: dict[str, tuple[str, str, list[Given], list[Given]]] = {
    "a namespace with finalizers in it": (
        "endings.namespace-does-not-go", "what is left in namespaces/old",
        [namespace(LONG, LEFT, HELD)], [namespace(JUST, LEFT, HELD)],
    ),
    "a namespace and an API that does not answer": (
        "endings.namespace-does-not-go", "an API that does not answer", [namespace(LONG, LEFT, BLIND)], [],
    ),
    "a pod with a finalizer": (
        "endings.pod-does-not-go", "finalizer kueue.x-k8s.io/managed",
        [node("n1"), pod("p", 1, "n1", meta=deleted(LONG, "kueue.x-k8s.io/managed"), status=ENDED)],
        [node("n1"), pod("p", 1, "n1", meta=deleted(JUST, "kueue.x-k8s.io/managed"), status=ENDED)],
    ),
    "a pod on a silent node": (
        "endings.pod-does-not-go", "nodes/n1",
        [node("n1", conditions=SILENT), pod("p", 1, "n1", meta=deleted(), status=RUNS)],
        [node("n1"), pod("p", 1, "n1", meta=deleted(JUST), status=RUNS)],
    ),
    "a pod that cannot be killed": (
        "endings.pod-does-not-go", "the end of pods/team/p",
        [node("n1"), pod("p", 1, "n1", meta=deleted(LONG, **SET), status=RUNS)], [node("n1"), pod("p", 1, "n1")],
    ),
    "a volume claim in use": (
        "endings.object-does-not-go", "pods/team/p",
        [node("n1"), volume_claim(), pod("p", 1, "n1", **MOUNTS)], [volume_claim(JUST)],
    ),
    "a volume claim that nobody uses": (
        "endings.object-does-not-go", "finalizer kubernetes.io/pvc-protection", [volume_claim()], [],
    ),
    "another size for which there is no room": (
        "resizing.does-not-happen", "nodes/n1",
        [node("n1"), pod("p", 1, "n1", status=resized("Deferred"))],
        [node("n1"), pod("p", 1, "n1", status=resized("", "PodResizeInProgress"))],
    ),
    "a resize that fails": (
        "resizing.does-not-happen", "nodes/n1",
        [node("n1"), pod("p", 1, "n1", status=resized("Error", "PodResizeInProgress"))], [],
    ),
    "a budget that lets nobody go": (
        "drains.budget-lets-nobody-go", "poddisruptionbudgets/team/b",
        [node("n1", unschedulable=True), pod("p", 1, "n1", meta=SERVER), budget(0)],
        [node("n1", unschedulable=True), pod("p", 1, "n1", meta=SERVER), budget(1)],
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


def test_a_budget_of_others_or_a_node_in_use_is_no_drain() -> None:
    for given in (
        [node("n1", unschedulable=True), pod("p", 1, "n1", meta=SERVER), budget(0, "other")],
        [node("n1"), pod("p", 1, "n1", meta=SERVER), budget(0)],
    ):
        assert seen(*given).causes == ()


def test_a_stateful_set_waits_for_the_end_of_its_pod_and_others_do_not() -> None:
    stuck = [node("n1"), pod("p", 1, "n1", meta=deleted(LONG, **SET), status=RUNS)]
    assert seen(*stuck).causes[0].stops
    assert not seen(node("n1"), pod("p", 1, "n1", meta=deleted(), status=RUNS)).causes[0].stops


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ('rpc error: code = NotFound desc = failed to pull and unpack image "reg/a:1": failed to resolve reference "reg/a:1": reg/a:1: not found', "no such image"),
        ("failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://reg/token: 401 Unauthorized", "credentials"),
        ("pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed", "credentials"),
        ("toomanyrequests: You have reached your unauthenticated pull rate limit.", "limits how often"),
        ('dial tcp: lookup reg.example on 10.0.0.10:53: no such host', "is not known to the node"),
        ("dial tcp 10.1.2.3:443: i/o timeout", "does not answer"),
        ("tls: failed to verify certificate: x509: certificate signed by unknown authority", "not trusted"),
        ("no match for platform in manifest: not found", "platform"),
        ("failed to extract layer: write /var/lib/containerd: no space left on device", "disk"),
        ('Failed to apply default image tag "Reg/A": couldn\'t parse image reference "Reg/A": invalid reference format', "no name of an image"),
    ],
)  # fmt: skip
def test_why_an_image_cannot_be_pulled_is_read_from_what_the_runtime_says(message: str, why: str) -> None:
    found = cause_of(message)
    assert found is not None
    assert why in found[0]


def test_where_the_container_only_waits_the_event_says_why_and_what_it_says_is_told_as_it_is() -> None:
    state = {"waiting": {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "reg/work:1"'}}
    status = {"phase": "Pending", "containerStatuses": [{"name": "work", "state": state}]}
    event = (
        "events",
        {
            "metadata": {"name": "p.1", "namespace": "team"},
            "involvedObject": {"kind": "Pod", "namespace": "team", "name": "p"},
            "reason": "Failed",
            "message": 'Failed to pull image "reg/work:1": failed to authorize: 403 Forbidden \x1b[31m',
        },
    )
    (cause,) = seen(node("n1"), pod("p", 0, "n1", status=status), event).causes
    assert cause.because.startswith("its registry lets nobody in without credentials")
    assert "imagePullSecrets" in cause.actions[0].what
    (cause,) = seen(node("n1"), pod("p", 0, "n1", status=status)).causes
    assert "Back-off pulling image" in cause.because
