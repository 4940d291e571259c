"""What makes pods is one workload, whoever owns whom in between."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from seatrial.catalog.systems.kubernetes.controllers import Deployment, Job, ReplicaSet
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.catalog.views.workloads import Workload
from seatrial.engine.catalog import Catalog
from seatrial.model.fact import Apis, ClusterIdentity, Fact, Gap, GapReason, Snapshot

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
GPU = {"containers": [{"name": "c", "image": "i", "resources": {"limits": {"nvidia.com/gpu": "2"}}}]}


def snapshot(objects: dict[type[Fact], list[dict[str, Any]]], gaps: dict[str, GapReason] | None = None) -> Snapshot:
    facts = {
        kind.of: tuple(msgspec.convert(one, kind) for one in objects.get(kind, ())) for kind in Workload.drawn_from
    }
    missing = {of: Gap(of, reason, str(reason)) for of, reason in (gaps or {}).items()}
    left = {of: found for of, found in facts.items() if of not in missing}
    return Snapshot(NOW, ClusterIdentity(), Apis(), left, missing)


def owned(kind: str, name: str, uid: str) -> dict[str, Any]:
    return {"ownerReferences": [{"kind": kind, "name": name, "uid": uid, "controller": True}]}


def test_pods_of_a_deployment_are_one_workload() -> None:
    seen = snapshot(
        {
            Deployment: [
                {
                    "metadata": {"name": "d", "namespace": "n", "uid": "1"},
                    "spec": {"replicas": 3, "template": {"spec": GPU}},
                }
            ],
            ReplicaSet: [{"metadata": {"name": "d-1", "namespace": "n", "uid": "2", **owned("Deployment", "d", "1")}}],
            Pod: [
                {
                    "metadata": {"name": f"p{i}", "namespace": "n", **owned("ReplicaSet", "d-1", "2")},
                    "spec": {"nodeName": "a", **GPU},
                }
                for i in range(3)
            ],
        }
    )
    (one,) = seen.all(Workload)
    assert one.subject == "apps/deployments/n/d"
    assert (one.wanted, len(one.pods), dict(one.accelerators)) == (3, 3, {"nvidia.com/gpu": 2})
    assert one.pods[0].spec.node_name == "a"
    assert seen.all(Workload)[0] is one  # drawn once


def test_pods_of_a_job_belong_to_it_where_nobody_reads_what_made_the_job() -> None:
    """As a JobSet, a TrainJob or an operator of its own makes Jobs."""
    seen = snapshot(
        {
            Job: [{"metadata": {"name": "j", "namespace": "n", "uid": "2", **owned("JobSet", "s", "1")}, "spec": {"parallelism": 2, "template": {"spec": GPU}}}],
            Pod: [{"metadata": {"name": f"p{i}", "namespace": "n", **owned("Job", "j", "2")}, "spec": {"nodeName": "a", **GPU}} for i in range(2)],
        }
    )  # fmt: skip
    (one,) = seen.all(Workload)
    assert one.subject == "batch/jobs/n/j"
    assert [pod.name for pod in one.pods] == ["p0", "p1"]


def test_pods_of_what_nobody_reads_stand_for_it() -> None:
    pods = [
        {"metadata": {"name": f"w{i}", "namespace": "n", **owned("RayCluster", "ray", "9")}, "spec": GPU}
        for i in range(2)
    ]
    (one,) = snapshot({Pod: pods}).all(Workload)
    assert (one.subject, one.wanted) == ("raycluster/n/ray", 2)


def test_a_job_of_a_cronjob_that_was_not_read_is_told_by_itself() -> None:
    seen = snapshot({Job: [{"metadata": {"name": "j", "namespace": "n", "uid": "4", **owned("CronJob", "c", "5")}}]})
    assert [one.subject for one in seen.all(Workload)] == ["batch/jobs/n/j"]


def test_a_source_that_is_forbidden_is_a_gap_and_one_that_is_not_given_is_none() -> None:
    assert snapshot({}).gap(Workload) is None
    gap = snapshot({}, {"pods": GapReason.FORBIDDEN}).gap(Workload)
    assert gap is not None
    assert gap.reason is GapReason.FORBIDDEN
    assert snapshot({}, {"pods": GapReason.NOT_GIVEN}).gap(Workload) is None
    everything = {kind.of: GapReason.NOT_GIVEN for kind in Workload.drawn_from}
    gap = snapshot({}, everything).gap(Workload)
    assert gap is not None
    assert gap.reason is GapReason.NOT_GIVEN


def test_every_field_of_every_fact_is_read_by_the_name_that_kubernetes_gives_it() -> None:
    """A mapping in ``rename`` would quietly leave the other fields of a shape as Python spells them."""
    catalog = Catalog.installed()
    kinds = {kind for check in catalog.checks.values() for kind in check.reads}
    kinds |= {kind for system in catalog.systems.values() for kind in system.facts}
    spelled = [
        f"{shape.__name__}.{field.encode_name}"
        for shape in _shapes(kinds)
        for field in msgspec.structs.fields(shape)
        if "_" in field.encode_name
    ]
    assert not spelled


def _shapes(kinds: set[type[Fact]]) -> set[type[msgspec.Struct]]:
    found: set[type[msgspec.Struct]] = set()
    queue: list[Any] = list(kinds)
    while queue:
        one = queue.pop()
        if isinstance(one, type) and issubclass(one, msgspec.Struct) and one not in found:
            found.add(one)
            queue += [field.type for field in msgspec.structs.fields(one)]
        queue += getattr(one, "__args__", ())
    return found
