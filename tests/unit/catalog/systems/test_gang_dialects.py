"""Each dialect: pods that arrive one by one, and whatever its scheduler has to see first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.catalog.roles import Dialect, Gang, GangScheduler
from seatrial.catalog.systems.kubernetes.core import GANG_LABEL, KUBERNETES, WORK, WORKLOAD_API
from seatrial.catalog.systems.kueue import KUEUE
from seatrial.catalog.systems.volcano import VOLCANO
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import Apis, Obj
from seatrial.model.system import System

SERVED = Apis(
    {
        "scheduling.k8s.io/podgroups": ("v1beta1", "v1alpha3"),
        "scheduling.k8s.io/workloads": ("v1beta1", "v1alpha3"),
        "kueue.x-k8s.io/clusterqueues": ("v1beta2", "v1beta1"),
        "scheduling.volcano.sh/podgroups": ("v1beta1",),
    }
)
PLAYERS = (KUBERNETES, WORKLOAD_API, KUEUE, VOLCANO)


def gang(**changes: object) -> Gang:
    fields: dict[str, object] = {
        "name": "rival-a",
        "namespace": "bench",
        "pods": 3,
        "accelerators": 1,
        "resource": "nvidia.com/gpu",
        "image": "workload:1",
        "capacity": 16,
    }
    return Gang(**{**fields, **changes})  # type: ignore[arg-type]


def scheduler(system: System) -> GangScheduler:
    (role,) = system.roles
    assert isinstance(role, GangScheduler)
    return role


def dialect(system: System) -> Dialect:
    return scheduler(system).dialect


def only(objs: tuple[Obj, ...], kind: str) -> Obj:
    (found,) = (obj for obj in objs if obj["kind"] == kind)
    return found


@pytest.mark.parametrize("system", PLAYERS, ids=lambda system: system.id)
@given(pods=st.integers(1, 40), accelerators=st.integers(0, 8), seconds=st.integers(0, 3600))
def test_every_dialect_makes_all_the_pods_of_the_gang(
    system: System, pods: int, accelerators: int, seconds: int
) -> None:
    wanted = gang(pods=pods, accelerators=accelerators, seconds=seconds)
    made = dialect(system)(wanted, SERVED).pods
    assert len({pod["metadata"]["name"] for pod in made}) == pods
    for pod in made:
        (container,) = pod["spec"]["containers"]
        resources = container["resources"]
        assert pod["metadata"]["namespace"] == "bench"
        assert pod["metadata"]["labels"][GANG_LABEL] == "rival-a"
        assert pod["spec"]["restartPolicy"] == "Never"
        assert pod["spec"]["terminationGracePeriodSeconds"] == 0
        assert (container["name"], container["image"]) == (WORK, "workload:1")
        assert container["command"] == ["/workload", "work", "--seconds", str(seconds)]
        assert resources["requests"].get("nvidia.com/gpu") == resources["limits"].get("nvidia.com/gpu")
        assert resources["limits"].get("nvidia.com/gpu") == (str(accelerators) if accelerators else None)
        assert pod["spec"].get("schedulerName", "default-scheduler") == scheduler(system).scheduler_name


@pytest.mark.parametrize("system", PLAYERS, ids=lambda system: system.id)
def test_a_dialect_declares_what_it_writes(system: System) -> None:
    made = dialect(system)(gang(), SERVED)
    written = {obj["kind"].lower() + "s" for obj in made.first} | {
        resource.split("/")[1] for resource, _ in made.leaves
    }
    assert written <= {resource.split("/")[1] for resource in scheduler(system).creates}


@pytest.mark.parametrize("system", PLAYERS, ids=lambda system: system.id)
def test_pods_stay_on_the_nodes_of_the_gang(system: System) -> None:
    anywhere, somewhere = (dialect(system)(gang(nodes=nodes), SERVED).pods[0] for nodes in ((), ("n1", "n2")))
    assert "affinity" not in anywhere["spec"]
    required = somewhere["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    (term,) = required["nodeSelectorTerms"]
    assert term["matchExpressions"] == [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["n1", "n2"]}]


@pytest.mark.parametrize("system", [WORKLOAD_API, KUEUE, VOLCANO], ids=lambda system: system.id)
def test_a_dialect_needs_its_api(system: System) -> None:
    with pytest.raises(CannotJudge) as caught:
        dialect(system)(gang(), Apis())
    assert caught.value.way_out


def test_the_stand_in_needs_nothing_but_pods() -> None:
    assert dialect(KUBERNETES)(gang(), Apis()).first == ()
    assert scheduler(KUBERNETES).stand_in


@pytest.mark.parametrize("version", ["v1alpha2", "v1alpha3", "v1beta1"])
def test_workload_api_since_1_36_has_a_pod_group(version: str) -> None:
    apis = Apis({"scheduling.k8s.io/podgroups": (version,), "scheduling.k8s.io/workloads": (version,)})
    made = dialect(WORKLOAD_API)(gang(), apis)
    group = only(made.first, "PodGroup")
    assert group["apiVersion"] == f"scheduling.k8s.io/{version}"
    assert group["spec"] == {"schedulingPolicy": {"gang": {"minCount": 3}}}
    assert all(
        pod["spec"]["schedulingGroup"] == {"podGroupName": group["metadata"]["name"]}
        and "workloadRef" not in pod["spec"]
        for pod in made.pods
    )


def test_workload_api_of_1_35_has_groups_inside_the_workload() -> None:
    made = dialect(WORKLOAD_API)(gang(), Apis({"scheduling.k8s.io/workloads": ("v1alpha1",)}))
    workload = only(made.first, "Workload")
    (group,) = workload["spec"]["podGroups"]
    assert workload["apiVersion"] == "scheduling.k8s.io/v1alpha1"
    assert group["policy"] == {"gang": {"minCount": 3}}
    assert all(
        pod["spec"]["workloadRef"] == {"name": workload["metadata"]["name"], "podGroup": group["name"]}
        and "schedulingGroup" not in pod["spec"]
        for pod in made.pods
    )


@pytest.mark.parametrize("versions", [("v1beta2", "v1beta1"), ("v1beta1",)])
def test_kueue_gives_each_gang_a_queue_with_the_whole_capacity(versions: tuple[str, ...]) -> None:
    made = dialect(KUEUE)(gang(), Apis({"kueue.x-k8s.io/clusterqueues": versions}))
    flavor, cluster, local = (only(made.first, kind) for kind in ("ResourceFlavor", "ClusterQueue", "LocalQueue"))
    assert {obj["apiVersion"] for obj in made.first} == {f"kueue.x-k8s.io/{versions[0]}"}
    (group,) = cluster["spec"]["resourceGroups"]
    (quotas,) = group["flavors"]
    amounts = {resource["name"]: resource["nominalQuota"] for resource in quotas["resources"]}
    assert amounts["nvidia.com/gpu"] == "16"
    assert set(amounts) == set(group["coveredResources"])
    assert set(amounts) >= set(made.pods[0]["spec"]["containers"][0]["resources"]["requests"])
    assert quotas["name"] == flavor["metadata"]["name"]
    assert local["spec"]["clusterQueue"] == cluster["metadata"]["name"]
    assert cluster["spec"]["namespaceSelector"] == {"matchLabels": {"kubernetes.io/metadata.name": "bench"}}
    for pod in made.pods:
        metadata = pod["metadata"]
        assert metadata["labels"]["kueue.x-k8s.io/queue-name"] == local["metadata"]["name"]
        assert metadata["labels"]["kueue.x-k8s.io/pod-group-name"] == "rival-a"
        assert metadata["annotations"] == {
            "kueue.x-k8s.io/pod-group-total-count": "3",
            "kueue.x-k8s.io/pod-group-fast-admission": "true",
        }
    assert made.leaves == (("kueue.x-k8s.io/workloads", "rival-a"),)


def test_two_gangs_share_no_object_of_kueue() -> None:
    first, second = (dialect(KUEUE)(gang(name=name), SERVED).first for name in ("rival-a", "rival-b"))
    assert not {obj["metadata"]["name"] for obj in first} & {obj["metadata"]["name"] for obj in second}


def test_volcano_reads_the_group_from_an_annotation() -> None:
    made = dialect(VOLCANO)(gang(), SERVED)
    group = only(made.first, "PodGroup")
    assert group["spec"] == {"minMember": 3, "queue": "default"}
    assert all(pod["metadata"]["annotations"] == {"scheduling.k8s.io/group-name": "rival-a"} for pod in made.pods)
