"""Each source of waiting on a small cluster: what is named, and that nothing is named where nothing is wrong."""

from __future__ import annotations

import pytest

from seatrial.model.fact import Obj
from seatrial.model.wait import DEADLOCK, Certainty, Standing
from tests.unit.catalog.waits import (
    test_device_choice,
    test_devices,
    test_endings,
    test_kueue_admission,
    test_kueue_limits,
    test_places,
    test_running,
    test_starts,
)
from tests.unit.catalog.waits.scene import CATALOG, GPU, NOW, forbidden, gang, node, pod, seen

Given = tuple[str, Obj]
CLAIM, CLASS = "resource.k8s.io/resourceclaims", "resource.k8s.io/deviceclasses"


def broken(reason: str, message: str = "") -> Obj:
    state = {"waiting": {"reason": reason, "message": message}}
    return {"phase": "Pending", "containerStatuses": [{"name": "work", "state": state}]}


def claim(
    device_class: str, *, count: int = 1, device: str = "", cel: str = "", namespace: str = "team", name: str = "c"
) -> Given:
    wanted = {
        "deviceClassName": device_class,
        "count": count,
        "selectors": [{"cel": {"expression": cel}}] if cel else [],
    }
    results = [{"request": "r", "driver": "d.example", "pool": "n1", "device": device}] if device else []
    status = {"allocation": {"devices": {"results": results}}} if device else {}
    return CLAIM, {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"devices": {"requests": [{"name": "r", "exactly": wanted}]}},
        "status": status,
    }


def device_class(name: str) -> Given:
    return CLASS, {
        "metadata": {"name": name},
        "spec": {"selectors": [{"cel": {"expression": "device.driver == 'd.example'"}}]},
    }


def slices(*names: str, taints: list[Obj] | None = None) -> Given:
    devices = [{"name": name, "attributes": {"model": {"string": "x"}}, "taints": taints or []} for name in names]
    spec = {"driver": "d.example", "nodeName": "n1", "pool": {"name": "n1", "generation": 1}, "devices": devices}
    return "resource.k8s.io/resourceslices", {"metadata": {"name": "s"}, "spec": spec}


def claiming(name: str = "p") -> Given:
    return pod(name, resourceClaims=[{"name": "r", "resourceClaimName": "c"}])


def owned(kind: str, name: str, uid: str) -> Obj:
    return {"ownerReferences": [{"kind": kind, "name": name, "uid": uid, "controller": True}]}


def failed(kind: str, name: str, message: str) -> Given:
    return "events", {
        "metadata": {"name": f"{name}.1", "namespace": "team"},
        "involvedObject": {"kind": kind, "namespace": "team", "name": name},
        "reason": "FailedCreate",
        "message": message,
        "lastTimestamp": NOW.isoformat(),
    }


def job(name: str, pods: int) -> Given:
    return "batch/jobs", {
        "metadata": {"name": name, "namespace": "team", "uid": f"uid-{name}"},
        "spec": {"parallelism": pods, "completions": pods, "template": {"spec": {}}},
    }


def pulled(number: int, seconds: int, total: int) -> Given:
    return "events", {
        "metadata": {"name": f"pull-{number}", "namespace": "team"},
        "involvedObject": {"kind": "Pod", "namespace": "team", "name": f"p{number}"},
        "reason": "Pulled",
        "message": f'Successfully pulled image "reg/work:1" in {seconds}s ({total}s including waiting). Image size: 10000000000 bytes.',
    }


def told(reason: str, message: str) -> Given:
    return "events", {
        "metadata": {"name": "p.1", "namespace": "team"},
        "involvedObject": {"kind": "Pod", "namespace": "team", "name": "p"},
        "reason": reason,
        "message": message,
    }


TAINT = {"key": "pool", "value": "new", "effect": "NoSchedule"}
OFF = {"type": "ScalingActive", "status": "False", "reason": "FailedGetExternalMetric", "message": "no such"}
HPA = (
    "autoscaling/horizontalpodautoscalers",
    {
        "metadata": {"name": "h", "namespace": "team"},
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "server", "apiVersion": "apps/v1"}, "maxReplicas": 4},
        "status": {"conditions": [OFF]},
    },
)
EXPORTER = (
    "apps/daemonsets",
    {
        "metadata": {"name": "dcgm-exporter", "namespace": "team", "uid": "uid-x"},
        "spec": {"template": {"metadata": {"labels": {"app": "dcgm-exporter"}}}},
    },
)
VERSION = "nvidia.com/cuda.driver-version.full"
SLICED = {"nvidia.com/gpu.sharing-strategy": "time-slicing"}
VOLUME = {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]}
INIT = {"phase": "Pending", "initContainerStatuses": [{"name": "fetch", "state": {"running": {}}}]}
ILL = {"containerStatuses": [{"name": "work", "allocatedResourcesStatus": [
    {"name": GPU, "resources": [{"resourceID": "GPU-1", "health": "Unhealthy"}]}]}]}  # fmt: skip

FAILING = "apps/replicasets", {
    "metadata": {"name": "r", "namespace": "team", "uid": "uid-r"},
    "spec": {"replicas": 2, "template": {"spec": {}}},
    "status": {"conditions": [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
                               "message": 'pods "r-" is forbidden: exceeded quota: q, requested: pods=1, used: pods=4, limited: pods=4'}]},
}  # fmt: skip

CASES: dict[str, tuple[str, str, list[Given]]] = {
    "taint": ("placement.no-node-lets-it-in", "taint pool=new:NoSchedule", [node("n1", taints=[TAINT]), pod("p", 1)]),
    "cordon": ("placement.no-node-lets-it-in", "cordon", [node("n1", unschedulable=True), pod("p", 1)]),
    "selector": ("placement.no-node-lets-it-in", "selects", [node("n1"), pod("p", nodeSelector={"a": "b"})]),
    "no nodes": ("placement.no-node-lets-it-in", "nodes", [pod("p")]),
    "large": ("placement.no-node-is-large-enough", GPU, [node("n1"), pod("p", 9)]),
    "full": ("placement.all-is-taken", GPU, [node("n1"), pod("a", 8, "n1"), pod("p", 1)]),
    "never looked at": ("placement.scheduler-has-not-looked", "other", [node("n1"), pod("p", status={"conditions": []}, schedulerName="other")]),
    "gone node": ("nodes.does-not-answer", "nodes/gone", [node("n1"), pod("p", 1, "gone")]),
    "silent node": ("nodes.does-not-answer", "nodes/n1",
                    [node("n1", conditions=[{"type": "Ready", "status": "Unknown"}]), pod("p", 1, "n1")]),
    "no mount": ("nodes.has-not-started-it", "secrets/team/s", [
        node("n1"), pod("p", 0, "n1", status={"phase": "Pending"}), told("FailedMount", 'MountVolume.SetUp failed: secret "s" not found')]),
    "no start": ("nodes.has-not-started-it", "nodes/n1", [node("n1"), pod("p", 0, "n1", status={"phase": "Pending"})]),
    "image": ("images.cannot-be-pulled", "image reg/work:1", [node("n1"), pod("p", 0, "n1", status=broken("ErrImagePull"))]),
    "pulls": ("images.pulls-queue-up", "queue",
              [node("n1"), *(pod(f"p{n}", 0, "n1") for n in range(3)), *(pulled(n, 10, 100) for n in range(3))]),
    "secret": ("containers.setting-is-missing", "secrets/team/s",
               [node("n1"), pod("p", 0, "n1", status=broken("CreateContainerConfigError", 'secret "s" not found'))]),
    "crash": ("containers.do-not-stay", "container work", [node("n1"), pod("p", 0, "n1", status=broken("CrashLoopBackOff"))]),
    "init": ("containers.init-does-not-end", "fetch", [node("n1"), pod("p", 0, "n1", status=INIT)]),
    "ill device": ("containers.device-is-not-well", "GPU-1", [node("n1"), pod("p", 1, "n1", status=ILL)]),
    "no volume": ("volumes.claim-is-missing-or-unbound", "persistentvolumeclaims/team/data", [node("n1"), pod("p", **VOLUME)]),
    "gate": ("gangs.gate-is-closed", "gate x/y", [node("n1"), pod("p", schedulingGates=[{"name": "x/y"}])]),
    "no group": ("gangs.group-does-not-exist", "podgroups/team/g", [node("n1"), pod("p", schedulingGroup={"podGroupName": "g"})]),
    "half a gang": ("gangs.pods-are-missing", "nobody has made", [node("n1", 20), *gang("g", 4, [])[:3]]),
    "no claim": ("claims.cannot-be-allocated", "resourceclaims/team/c", [node("n1"), claiming()]),
    "no class": ("claims.cannot-be-allocated", "deviceclasses/k", [node("n1"), claiming(), claim("k")]),
    "no device": ("claims.cannot-be-allocated", "a device of", [node("n1"), claiming(), claim("k"), device_class("k")]),
    "other device": ("claims.cannot-be-allocated", "a device of",
                     [node("n1"), claiming(), claim("k", cel="device.attributes['d.example'].model == 'y'"), device_class("k"), slices("a")]),
    "tainted device": ("claims.cannot-be-allocated", "device taint bad",
                       [node("n1"), claiming(), claim("k"), device_class("k"), slices("a", taints=[{"key": "bad", "effect": "NoSchedule"}])]),
    "taken device": ("claims.cannot-be-allocated", "devices of k",
                     [node("n1"), claiming(), claim("k"), claim("k", device="a", name="other"), device_class("k"), slices("a")]),
    "quota": ("refusals.pods-are-not-let-in", "resourcequotas/team/q",
              [job("j", 2), failed("Job", "j", "pods is forbidden: exceeded quota: q, requested: a=1, used: a=1, limited: a=1")]),
    "a namespace that ends": ("refusals.pods-are-not-let-in", "namespaces/team", [
        job("j", 2), failed("Job", "j", 'pods "j-" is forbidden: unable to create new content in namespace team because it is being terminated')]),
    "an old refusal": ("refusals.pods-are-not-let-in", "resourcequotas/team/q", [FAILING]),
    "webhook": ("refusals.pods-are-not-let-in", "webhook w.example",
                [job("j", 1), failed("Job", "j", 'Internal error: failed calling webhook "w.example": no endpoints')]),
    "drivers": ("quality.drivers-differ-within-a-gang", "drivers of", [
        node("n1", labels={VERSION: "1"}), node("n2", labels={VERSION: "2"}), *gang("g", 2, ["n1", "n2"])]),
    "tenants": ("quality.tenants-share-a-device", "nodes/n1", [
        node("n1", labels=SLICED), pod("a", 1, "n1"), pod("b", 1, "n1", meta={"namespace": "other"})]),
    "tenants by claims": ("quality.tenants-share-a-device", "device a", [
        claim("k", device="a"), claim("k", device="a", namespace="other")]),
    "no metric": ("quality.autoscaler-gets-no-metric", "metric cpu", [HPA]),
    "unseen": ("quality.exporter-misses-nodes", "dcgm-exporter", [
        node("n1"), node("n2"), EXPORTER, pod("x", 0, "n1", meta=owned("DaemonSet", "dcgm-exporter", "uid-x")), pod("p", 1, "n2")]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_is_the_matter_is_named_first(name: str) -> None:
    source, holder, given = CASES[name]
    found = seen(*given)
    assert found.causes, found.headline
    assert (found.causes[0].source, found.blind) == (source, ())
    assert holder in found.causes[0].holder
    assert found.causes[0].because
    assert found.causes[0].blocked


HEALTHY: dict[str, list[Given]] = {
    "nothing": [],
    "pods that run": [node("n1"), pod("p", 8, "n1")],
    "a pod that was made just now": [node("n1"), pod("p", 1, meta={"creationTimestamp": NOW.isoformat()}, status={"conditions": []})],
    "a whole gang": [node("n1"), *gang("g", 2, ["n1", "n1"])],
    "pods that ended": [pod("p", 99, status={"phase": "Succeeded"})],
    "quick pulls": [node("n1"), *(pod(f"p{n}", 0, "n1") for n in range(4)), *(pulled(n, 10, 11) for n in range(4))],
    "one driver": [node("n1", labels={VERSION: "1"}), node("n2", labels={VERSION: "1"}), *gang("g", 2, ["n1", "n2"])],
    "one tenant on slices": [node("n1", labels=SLICED), pod("a", 1, "n1"), pod("b", 1, "n1")],
    "a refusal of yesterday": [
        job("j", 1), failed("Job", "j", "exceeded quota: q, requested: a=1"), pod("p", 0, "n1", meta=owned("Job", "j", "uid-j")), node("n1")],
    "exporters everywhere": [node("n1"), EXPORTER, pod("x", 0, "n1", meta=owned("DaemonSet", "dcgm-exporter", "uid-x"))],
}  # fmt: skip


@pytest.mark.parametrize("name", HEALTHY)
def test_where_nothing_waits_nothing_is_named(name: str) -> None:
    found = seen(*HEALTHY[name])
    assert (found.standing, found.causes) == (Standing.FLOWS, ()), found.headline


@pytest.mark.parametrize("of", ["pods", "nodes", "events", CLAIM])
def test_what_may_not_be_read_is_never_healthy(of: str) -> None:
    found = seen(gaps=(forbidden(of),))
    assert found.standing is Standing.UNKNOWN
    assert all(of in gap.detail for gap in found.blind)


def test_two_halves_of_gangs_are_a_deadlock_and_a_third_stands_behind() -> None:
    nodes = [node("n1"), node("n2")]
    one, two = gang("one", 12, ["n1"] * 4 + ["n2"] * 4), gang("two", 12, ["n1"] * 4 + ["n2"] * 4)
    (cause,) = seen(*nodes, *one, *two, *gang("three", 4, [])).causes
    assert (cause.source, cause.deadlock, cause.certainty) == (DEADLOCK, True, Certainty.COMPUTED)
    names = [f"scheduling.k8s.io/podgroups/team/{name}" for name in ("one", "two")]
    assert cause.cycle == (*names, names[0])
    assert (cause.smallest, [action.lost for action in cause.actions]) == (True, [8])
    assert {row.subject: row.directly for row in cause.blocked} == {
        names[0]: True, names[1]: True, "scheduling.k8s.io/podgroups/team/three": False,
    }  # fmt: skip
    assert cause.accelerators == 4 + 4 + 8 + 8 + 4


def test_a_gang_that_waits_for_one_that_runs_is_no_deadlock() -> None:
    found = seen(node("n1"), *gang("runs", 4, ["n1"] * 4), *gang("waits", 8, ["n1"] * 4))
    (cause,) = found.causes
    assert (cause.source, cause.deadlock) == ("placement.all-is-taken", False)


def test_an_image_that_stops_a_gang_is_the_root_for_those_behind_it() -> None:
    stuck = pod("a-0", 4, "n1", schedulingGroup={"podGroupName": "a"}, status=broken("ImagePullBackOff"))
    other = pod("a-1", 4, "n1", schedulingGroup={"podGroupName": "a"})
    found = seen(node("n1"), stuck, other, pod("b", 8), *gang("a", 2, [])[:1])
    assert found.causes[0].source == "images.cannot-be-pulled"
    assert found.causes[0].accelerators >= 4


def test_what_nobody_can_explain_is_told_as_that() -> None:
    (cause,) = seen(node("n1"), pod("p", 1)).causes
    assert (cause.source, cause.certainty) == ("unexplained", Certainty.LIKELY)


def test_asked_about_one_pod_only_what_concerns_it_is_told() -> None:
    given = [node("n1"), pod("p", 9), pod("q", nodeSelector={"a": "b"})]
    found = seen(*given, about=("pods/team/q",))
    assert [cause.source for cause in found.causes] == ["placement.no-node-lets-it-in"]
    assert found.waiting_pods == 1


def test_every_source_has_a_case_in_which_it_is_named_first() -> None:
    elsewhere = {"groups.pods-that-belong-together", "kueue.has-no-quota"}  # says who waits, not why; test_kueue.py
    named = {
        source
        for source, *_ in (
            *CASES.values(),
            *test_places.CASES.values(),
            *test_devices.CASES.values(),
            *test_kueue_limits.CASES.values(),
            *test_running.CASES.values(),
            *test_endings.CASES.values(),
            *test_starts.CASES.values(),
            *test_kueue_admission.CASES.values(),
            *test_device_choice.CASES.values(),
        )
    }
    assert named == set(CATALOG.sources) - elsewhere
