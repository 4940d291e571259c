"""A gang as one object of an operator behind Kueue: a part of it comes late, so that two that nobody holds back meet in the middle."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.catalog.roles import Gang, GangObjects, GangScheduler
from seatrial.catalog.systems.kubernetes.core import GANG_LABEL
from seatrial.catalog.systems.kueue import QUEUE
from seatrial.catalog.systems.kueue_operators import KUEUE_JOBSET, KUEUE_KUBERAY, KUEUE_LWS, KUEUE_TRAINER
from seatrial.model.fact import Apis, Obj
from seatrial.model.system import System

SYSTEMS = (KUEUE_JOBSET, KUEUE_KUBERAY, KUEUE_LWS, KUEUE_TRAINER)
IN_HALVES, WITH_A_DOOR = (KUEUE_JOBSET, KUEUE_TRAINER), (KUEUE_KUBERAY, KUEUE_LWS)
SERVED = Apis(
    {
        "kueue.x-k8s.io/clusterqueues": ("v1beta2",),
        "jobset.x-k8s.io/jobsets": ("v1alpha2",),
        "leaderworkerset.x-k8s.io/leaderworkersets": ("v1",),
        "ray.io/rayclusters": ("v1",),
        "trainer.kubeflow.org/trainjobs": ("v1alpha1",),
        "trainer.kubeflow.org/trainingruntimes": ("v1alpha1",),
    }
)


def role(system: System) -> GangScheduler:
    (found,) = system.roles
    assert isinstance(found, GangScheduler)
    return found


def made(system: System, pods: int = 12, capacity: int = 16) -> GangObjects:
    return role(system).dialect(
        Gang("rival-a", "bench", pods, 1, "nvidia.com/gpu", "workload:1", capacity, nodes=("n1", "n2")), SERVED
    )


def only(objects: GangObjects, kind: str) -> Obj:
    (found,) = (obj for obj in (*objects.first, *objects.pods) if obj["kind"] == kind)
    return found


def parts(system: System, objects: GangObjects) -> list[tuple[int, Obj]]:
    """How many pods of which template, in the order in which they come."""
    if system is KUEUE_LWS:
        group = only(objects, "LeaderWorkerSet")["spec"]["leaderWorkerTemplate"]
        return [(group["size"] - 1, group["workerTemplate"]), (1, group["leaderTemplate"])]
    if system is KUEUE_KUBERAY:
        spec = only(objects, "RayCluster")["spec"]
        (group,) = spec["workerGroupSpecs"]
        assert group["replicas"] == group["minReplicas"] == group["maxReplicas"]
        return [(group["replicas"], group["template"]), (1, spec["headGroupSpec"]["template"])]
    return [(job["parallelism"], job["template"]) for job in map(spec_of, jobs(objects))]


def jobs(objects: GangObjects) -> list[Obj]:
    (obj,) = objects.pods
    spec = obj["spec"] if obj["kind"] == "JobSet" else only(objects, "TrainingRuntime")["spec"]["template"]["spec"]
    return list(spec["replicatedJobs"])


def spec_of(job: Obj) -> dict[str, Any]:
    return dict(job["template"]["spec"])


def requests(template: Obj) -> Iterator[str | None]:
    for container in template["spec"]["containers"]:
        yield container["resources"]["limits"].get("nvidia.com/gpu")


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.id)
@given(pods=st.integers(2, 64), capacity=st.integers(0, 64))
def test_all_pods_are_of_the_gang_whatever_its_size(system: System, pods: int, capacity: int) -> None:
    found = parts(system, made(system, pods, capacity))
    assert sum(count for count, _ in found) == pods
    assert all(count > 0 for count, _ in found)
    for _, template in found:
        assert template["metadata"]["labels"] == {GANG_LABEL: "rival-a"}
        assert list(requests(template)) == ["1"]
        (term,) = template["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][
            "nodeSelectorTerms"
        ]
        assert term["matchExpressions"][0]["values"] == ["n1", "n2"]


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.id)
def test_one_object_goes_to_its_queue_and_takes_its_pods_with_it(system: System) -> None:
    objects = made(system)
    (obj,) = objects.pods
    assert obj["metadata"]["labels"] == {QUEUE: only(objects, "LocalQueue")["metadata"]["name"]}
    ((resource, name),) = objects.owners
    assert (resource.rpartition("/")[2], name) == (f"{obj['kind'].lower()}s", obj["metadata"]["name"])
    assert obj["apiVersion"] == f"{resource.rpartition('/')[0]}/{SERVED.versions(resource)[0]}"


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.id)
def test_what_is_created_is_consented_to(system: System) -> None:
    objects = made(system)
    kinds = {f"{obj['kind'].lower()}s" for obj in (*objects.first, *objects.pods)}
    assert kinds == {resource.rpartition("/")[2] for resource in role(system).creates}


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.id)
def test_it_is_there_where_kueue_and_the_operator_are(system: System) -> None:
    (resource,) = (one for one in role(system).creates if one in made(system).owners[0])
    assert system.found_by.told == f"kueue.x-k8s.io/clusterqueues and {resource} being served"


@pytest.mark.parametrize("system", IN_HALVES, ids=lambda system: system.id)
@given(free=st.integers(2, 64))
def test_two_contending_gangs_take_the_whole_room_with_their_first_halves(system: System, free: int) -> None:
    size = max(free // 2 + 1, free * 3 // 4)  # as the check contends
    first, second = jobs(made(system, size, free))
    assert spec_of(first)["parallelism"] == free // 2
    assert spec_of(first)["parallelism"] + spec_of(second)["parallelism"] == size
    assert second["dependsOn"] == [{"name": first["name"], "status": "Ready"}]


def test_the_first_half_is_the_trainer_s_nodes() -> None:
    objects = made(KUEUE_TRAINER)
    first, second = jobs(objects)
    assert first["template"]["metadata"]["labels"] == {"trainer.kubeflow.org/trainjob-ancestor-step": "trainer"}
    assert "metadata" not in second["template"]
    (trainjob,) = objects.pods
    assert trainjob["spec"]["trainer"]["numNodes"] == spec_of(first)["parallelism"]
    assert trainjob["spec"]["runtimeRef"]["name"] == only(objects, "TrainingRuntime")["metadata"]["name"]


@pytest.mark.parametrize("system", WITH_A_DOOR, ids=lambda system: system.id)
def test_only_the_leader_waits_at_a_door_that_opens_by_itself(system: System) -> None:
    objects = made(system)
    door = only(objects, "Job")["spec"]
    label = door["template"]["metadata"]["labels"]
    assert door["activeDeadlineSeconds"] > 0
    assert GANG_LABEL not in label
    assert list(requests(door["template"])) == [None]
    (_, follower), (_, leader) = parts(system, objects)
    (term,) = leader["spec"]["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert term == {"labelSelector": {"matchLabels": label}, "topologyKey": "kubernetes.io/os"}
    assert "podAntiAffinity" not in follower["spec"]["affinity"]


def test_a_file_takes_the_place_of_the_shell_that_asks_ray() -> None:
    objects = made(KUEUE_KUBERAY)
    bash = only(objects, "ConfigMap")
    (_, worker), (_, head) = parts(KUEUE_KUBERAY, objects)
    (volume,) = worker["spec"]["volumes"]
    assert volume["configMap"] == {"name": bash["metadata"]["name"], "defaultMode": 0o755}
    assert worker["spec"]["containers"][0]["volumeMounts"][0]["mountPath"] == "/bin/bash"
    assert bash["data"]["bash"].startswith("#!/workload ")
    assert "volumes" not in head["spec"]
