"""What is known after any changes is what judging all of it anew would find: with the real checks, on small clusters."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.app.check import choose
from seatrial.catalog.systems.device_metrics import DeviceAge, DeviceUse
from seatrial.engine.catalog import Catalog
from seatrial.engine.judge import FOLDED, judge
from seatrial.engine.plan import plan
from seatrial.engine.rejudging import Rejudging
from seatrial.engine.standing import in_order
from seatrial.kit.clock import FakeClock
from seatrial.model.fact import Apis, ClusterIdentity, Fact, Gap, GapReason, Series, Snapshot
from seatrial.model.verdict import Finding, Outcome

CATALOG = Catalog.installed()
CHECKS = choose(CATALOG, ())
KINDS = {kind.of: kind for kind in plan(CATALOG, CHECKS).facts}
NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
SPACES, NAMES, NODES = ("a", "b", "kube-system"), ("x", "y", "z"), ("n1", "n2", "")
OWNERS = ("Deployment", "ReplicaSet", "Job", "DaemonSet", "JobSet", "Pods")
DRIVER, RESOURCE = "gpu.nvidia.com", "nvidia.com/gpu"

Obj = dict[str, Any]


def some(*of: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(of)


@st.composite
def pods(draw: st.DrawFn) -> Obj:
    owner = draw(st.none() | st.tuples(some(*OWNERS), some(*NAMES), some(*SPACES)))
    claim = draw(st.none() | some(*NAMES))
    words = draw(
        some([], ["kube-apiserver", "--audit-log-path=/x"], ["vllm", "--model", "meta/llama"], ["dcgm-exporter"])
    )
    container = {
        "name": draw(some("main", "dcgm-exporter")),
        "image": draw(
            some("registry.example/a:1", "registry.example/a@sha256:" + "0" * 64, "nvcr.io/nvidia/k8s/dcgm-exporter:4")
        ),
        "command": words,
        "resources": {"limits": draw(some({}, {RESOURCE: "1"}, {RESOURCE: "2", "memory": "1Gi"}))},
        "securityContext": {"privileged": draw(st.booleans())},
    }
    socket = {"name": "s", "hostPath": {"path": "/var/lib/kubelet/device-plugins"}}
    metadata: Obj = {
        "annotations": draw(some({}, {"hami.io/vgpu-devices-allocated": "GPU-1,NVIDIA,10,1:;"})),
        "labels": draw(
            some({}, {"app": "x"}, {"jobset.sigs.k8s.io/jobset-name": "x"}, {"kueue.x-k8s.io/pod-group-name": "x"})
        ),
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    if owner is not None:
        kind, name, space = owner
        metadata["ownerReferences"] = [
            {"kind": kind, "name": name, "uid": f"{kind}/{space}/{name}", "controller": True}
        ]
    spec: Obj = {
        "containers": [container],
        "nodeName": draw(some(*NODES)),
        "volumes": draw(some([], [socket])),
        "schedulingGroup": draw(some(None, {"podGroupName": "x"})),
        "resourceClaims": [{"name": "c", "resourceClaimName": claim}] if claim else [],
    }
    return {"metadata": metadata, "spec": spec, "status": {"phase": draw(some("Running", "Pending", "Succeeded"))}}


@st.composite
def makers(draw: st.DrawFn, kind: str) -> Obj:
    owner = draw(st.none() | st.tuples(some(*OWNERS), some(*NAMES), some(*SPACES)))
    metadata: Obj = {"labels": draw(some({}, {"kueue.x-k8s.io/queue-name": "q"}))}
    if owner is not None:
        above, name, space = owner
        metadata["ownerReferences"] = [
            {"kind": above, "name": name, "uid": f"{above}/{space}/{name}", "controller": True}
        ]
    template = draw(pods())
    spec = {"template": template, "replicas": draw(some(None, 1, 3)), "parallelism": draw(some(None, 2))}
    return {"metadata": metadata, "spec": {**spec, "completionMode": draw(some("", "Indexed"))}, "kind": kind}


@st.composite
def claims(draw: st.DrawFn) -> Obj:
    results = draw(st.lists(st.tuples(some("n1", "n2", "net"), some("gpu-0", "gpu-1"), st.booleans()), max_size=2))
    allocation = {
        "devices": {
            "results": [
                {"request": "r", "driver": DRIVER, "pool": pool, "device": device, "adminAccess": admin}
                for pool, device, admin in results
            ]
        }
    }
    held = [{"resource": "pods", "name": name, "uid": "u"} for name in draw(st.lists(some(*NAMES), max_size=2))]
    requests = [
        {"name": "r", "exactly": {"deviceClassName": draw(some("gpu", "none")), "adminAccess": draw(st.booleans())}}
    ]
    status = {"allocation": allocation if results else None, "reservedFor": held}
    return {"spec": {"devices": {"requests": requests}}, "status": status}


@st.composite
def slices(draw: st.DrawFn) -> Obj:
    devices = [
        {"name": name, "attributes": {"driverVersion": {"version": draw(some("580.1.0", "570.1.0"))}}}
        for name in draw(st.lists(some("gpu-0", "gpu-1"), unique=True))
    ]
    pool = {"name": draw(some("n1", "n2", "net")), "generation": 1, "resourceSliceCount": 1}
    return {"spec": {"driver": DRIVER, "nodeName": draw(some(*NODES)), "pool": pool, "devices": devices}}


@st.composite
def nodes(draw: st.DrawFn) -> Obj:
    sharing = draw(some({}, {"nvidia.com/gpu.sharing-strategy": "time-slicing", "nvidia.com/gpu.replicas": "4"}))
    product = draw(some({}, {"nvidia.com/gpu.product": "H100", "nvidia.com/cuda.driver-version.full": "580.1.0"}))
    amounts = draw(some({}, {RESOURCE: "8"}, {RESOURCE: "4"}))
    conditions = [{"type": "Ready", "status": draw(some("True", "False"))}]
    spec = {"taints": draw(some([], [{"key": "gpu", "effect": "NoSchedule"}]))}
    status = {"allocatable": amounts, "capacity": {RESOURCE: "8"}, "conditions": conditions}
    return {"metadata": {"labels": sharing | product}, "spec": spec, "status": status}


SHAPES: Mapping[str, st.SearchStrategy[Obj]] = {
    "pods": pods(),
    "apps/deployments": makers("Deployment"),
    "apps/replicasets": makers("ReplicaSet"),
    "apps/daemonsets": makers("DaemonSet"),
    "batch/jobs": makers("Job"),
    "nodes": nodes(),
    "namespaces": st.builds(lambda labels: {"metadata": {"labels": labels}}, some({}, {"pod-security.kubernetes.io/enforce": "baseline"})),
    "resource.k8s.io/resourceslices": slices(),
    "resource.k8s.io/resourceclaims": claims(),
    "scheduling.k8s.io/podgroups": st.builds(lambda many: {"spec": {"schedulingPolicy": {"gang": {"minCount": many}}}}, some(1, 3)),
    "autoscaling/horizontalpodautoscalers": st.builds(
        lambda name: {"spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}}}, some(*NAMES)
    ),
    "networking.k8s.io/networkpolicies": st.builds(lambda types: {"spec": {"policyTypes": types}}, some([], ["Ingress"], ["Egress"])),
    "services": st.builds(lambda selector: {"spec": {"selector": selector}}, some({}, {"app": "x"})),
}  # fmt: skip
KIND = {
    "apps/deployments": "Deployment",
    "apps/replicasets": "ReplicaSet",
    "apps/daemonsets": "DaemonSet",
    "batch/jobs": "Job",
}
WIDE = ("nodes", "namespaces", "resource.k8s.io/resourceslices")  # without a namespace
GAPS = (
    "pods",
    "resource.k8s.io/resourceclaims",
    "apps/deployments",
    "networking.k8s.io/networkpolicies",
    "resourcequotas",
)

Event = tuple[str, str, Obj | None]  # resource, "namespace/name", the object


@st.composite
def events(draw: st.DrawFn) -> Event:
    of = draw(some(*SHAPES))
    names = SPACES if of == "namespaces" else NODES[:2] if of == "nodes" else NAMES
    space, name = "" if of in WIDE else draw(some(*SPACES)), draw(some(*names))
    shape = draw(st.none() | SHAPES[of])
    if shape is not None:
        uid = f"{KIND.get(of, of)}/{space}/{name}"
        shape = {**shape, "metadata": {**shape.get("metadata", {}), "namespace": space, "name": name, "uid": uid}}
    return of, f"{space}/{name}", shape


GapChange = tuple[str, GapReason | None]
BATCHES = st.lists(
    st.tuples(
        st.lists(events(), min_size=1, max_size=4),
        st.none() | st.tuples(some(*GAPS), some(None, GapReason.UNREADABLE, GapReason.FORBIDDEN)),
    ),
    max_size=6,
)


def fact(of: str, obj: Obj) -> Fact:
    return msgspec.convert({key: value for key, value in obj.items() if value is not None}, KINDS[of], strict=False)


def snapshot(objects: Mapping[tuple[str, str], Obj], gaps: Mapping[str, Gap]) -> Snapshot:
    """In the order in which an API server lists."""
    labels = {
        "DCGM_FI_DRIVER_VERSION": "580",
        "Hostname": "n1",
        "gpu": "0",
        "namespace": "a",
        "pod": "x",
        "UUID": "GPU-1",
    }
    facts: dict[str, tuple[Fact, ...]] = {of: () for of in KINDS if not issubclass(KINDS[of], Series)}
    for kind in (DeviceUse, DeviceAge):
        facts[kind.of] = tuple(kind(labels={**labels, "Hostname": node}, value=1.0, at=1.0) for node in NODES[:2])
    for of in {of for of, gap in gaps.items() if gap.reason is GapReason.FORBIDDEN}:
        del facts[of]
    for of in {of for of, _ in objects}:
        facts[of] = tuple(
            sorted((fact(of, obj) for (one, _), obj in objects.items() if one == of), key=lambda f: f.subject)
        )
    return Snapshot(taken_at=NOON, cluster=ClusterIdentity(), apis=Apis(), facts=facts, gaps=dict(gaps))


async def judged(snapshot: Snapshot) -> tuple[Finding, ...]:
    return (await judge(CATALOG, CHECKS, snapshot, open_bench=None, clock=FakeClock())).findings


def not_well(findings: tuple[Finding, ...]) -> dict[tuple[str, str], list[Outcome]]:
    found: dict[tuple[str, str], list[Outcome]] = {}
    for one in findings:
        if one.outcome not in FOLDED:
            found.setdefault((one.check, one.subject), []).append(one.outcome)
    return found


@settings(max_examples=40)
@given(st.lists(events(), max_size=12), BATCHES)
def test_any_changes_end_where_judging_anew_does(
    first: list[Event], batches: list[tuple[list[Event], GapChange | None]]
) -> None:
    asyncio.run(play(first, batches))


def test_ties_are_of_every_source() -> None:
    views = {view for check in CHECKS for kind in check.asks for view in in_order(kind)}
    tied = [view for view in views if view.ties]
    assert len(tied) > 9
    assert [view.of for view in tied if not set(view.drawn_from) <= set(view.ties)] == []


async def test_what_is_handed_to_every_call_and_may_not_be_read_leaves_new_objects_unjudged() -> None:
    asked = {"containers": [{"resources": {"limits": {RESOURCE: "1"}}}]}
    one, other = ({"metadata": {"name": "x", "namespace": space}, "spec": asked} for space in ("a", "b"))
    denied = GapReason.FORBIDDEN
    await play([], [([("pods", "a/x", one)], ("resourcequotas", denied)), ([("pods", "b/x", other)], None)])


async def play(first: list[Event], batches: list[tuple[list[Event], GapChange | None]]) -> None:
    objects = {(of, name): obj for of, name, obj in first if obj is not None}
    gaps: dict[str, Gap] = {}
    rejudging = Rejudging(CATALOG, CHECKS, snapshot(objects, gaps))
    assert await rejudging.judge() == ()
    assert tuple(rejudging.findings()) == await judged(snapshot(objects, gaps))
    for batch, gap in batches:
        before = not_well(tuple(rejudging.findings()))
        changes: dict[str, dict[str, Fact | None]] = {}
        wanted = {} if gap is None else {gap[0]: Gap(gap[0], gap[1], "why") if gap[1] else None}
        gaps = {of: one for of, one in {**gaps, **wanted}.items() if one is not None}
        denied = {of for of, one in gaps.items() if one.reason is GapReason.FORBIDDEN}
        for of, name, obj in [*batch, *((of, name, None) for of, name in objects if of in denied)]:
            if of in denied and obj is not None:
                continue
            objects.pop((of, name), None)
            if obj is not None:
                objects[of, name] = obj
            subject = "/".join(filter(None, (of, *name.split("/"))))
            changes.setdefault(of, {})[subject] = fact(of, obj) if obj is not None else None
        shifts = (await rejudging.take(changes, wanted)).shifts
        anew = await judged(snapshot(objects, gaps))
        assert tuple(rejudging.findings()) == anew
        after = not_well(anew)
        told = {(one.check, one.subject) for one in shifts}
        assert {key for key in {*before, *after} if before.get(key) != after.get(key)} <= told
