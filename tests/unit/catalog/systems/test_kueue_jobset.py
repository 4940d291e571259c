"""A gang as a JobSet behind Kueue: two halves, so that two gangs that nobody holds back meet in the middle."""

from hypothesis import given
from hypothesis import strategies as st

from seatrial.catalog.roles import Gang, GangObjects, GangScheduler
from seatrial.catalog.systems.kubernetes import GANG_LABEL
from seatrial.catalog.systems.kueue_jobset import KUEUE_JOBSET
from seatrial.model.fact import Apis, Obj

SERVED = Apis({"kueue.x-k8s.io/clusterqueues": ("v1beta2",), "jobset.x-k8s.io/jobsets": ("v1alpha2",)})


def made(pods: int, capacity: int) -> GangObjects:
    (role,) = KUEUE_JOBSET.roles
    assert isinstance(role, GangScheduler)
    return role.dialect(Gang("rival-a", "bench", pods, 1, "nvidia.com/gpu", "workload:1", capacity), SERVED)


def jobs(objects: GangObjects) -> list[Obj]:
    (jobset,) = objects.pods
    return list(jobset["spec"]["replicatedJobs"])


@given(free=st.integers(2, 64))
def test_two_contending_gangs_take_the_whole_room_with_their_first_halves(free: int) -> None:
    size = max(free // 2 + 1, free * 3 // 4)  # as the check contends
    first, second = jobs(made(size, free))
    halves = [job["template"]["spec"]["parallelism"] for job in (first, second)]
    assert sum(halves) == size
    assert halves[0] == free // 2
    assert second["dependsOn"] == [{"name": first["name"], "status": "Ready"}]


@given(pods=st.integers(1, 64), capacity=st.integers(0, 64))
def test_all_pods_are_of_the_gang_whatever_its_size(pods: int, capacity: int) -> None:
    specs = [job["template"]["spec"] for job in jobs(made(pods, capacity))]
    assert sum(spec["parallelism"] for spec in specs) == sum(spec["completions"] for spec in specs) == pods
    assert all(spec["parallelism"] > 0 for spec in specs)
    assert {spec["template"]["metadata"]["labels"][GANG_LABEL] for spec in specs} == {"rival-a"}


def test_the_jobset_goes_to_its_queue_and_takes_its_pods_with_it() -> None:
    objects = made(12, 16)
    (jobset,) = objects.pods
    (queue,) = (obj for obj in objects.first if obj["kind"] == "LocalQueue")
    assert jobset["metadata"]["labels"] == {"kueue.x-k8s.io/queue-name": queue["metadata"]["name"]}
    assert objects.owners == (("jobset.x-k8s.io/jobsets", "rival-a"),)
    assert objects.leaves == ()
