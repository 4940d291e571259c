"""What operators are given: the same neutral job in each one's own words, and what the lab tells their programs."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import seatrial.lab
from seatrial.catalog.roles import ADMISSION, AIOperator, OperatorObjects, TrainingJob
from seatrial.catalog.systems.jobset import JOBSET
from seatrial.catalog.systems.kuberay import KUBERAY
from seatrial.catalog.systems.lws import LWS
from seatrial.catalog.systems.trainer import TRAINER
from seatrial.lab.forge.recipes import pinned_version
from seatrial.model.fact import Apis, Obj
from seatrial.model.lab import LabLevel
from seatrial.model.system import Recipe, System

SYSTEMS = (JOBSET, KUBERAY, LWS, TRAINER)
NEW = (KUBERAY, LWS, TRAINER)
SERVED = Apis(
    {
        "jobset.x-k8s.io/jobsets": ("v1", "v1alpha2"),
        "leaderworkerset.x-k8s.io/leaderworkersets": ("v1",),
        "ray.io/rayclusters": ("v2", "v1"),
        "trainer.kubeflow.org/trainjobs": ("v1beta1",),
        "trainer.kubeflow.org/trainingruntimes": ("v1alpha1",),
    }
)


def operator(system: System) -> AIOperator:
    (role,) = (role for role in system.roles if isinstance(role, AIOperator))
    return role


def objects(system: System, pods: int = 2) -> OperatorObjects:
    return operator(system).dialect(TrainingJob("good", "bench", pods, "workload:1", 1), SERVED)


def recipe(system: System) -> Recipe:
    assert system.recipe is not None
    return system.recipe


def differences(one: object, other: object, path: str = "") -> list[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted(one.keys() | other.keys())
        return [line for key in keys for line in differences(one.get(key), other.get(key), f"{path}.{key}")]
    return [] if one == other else [path]


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.id)
def test_the_wrong_object_is_the_good_one_but_for_one_field(system: System) -> None:
    made = objects(system)
    (field,) = differences(made.good, made.wrong)
    assert field.startswith(".spec.")
    assert made.mistake


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.id)
def test_versions_come_from_discovery_and_all_is_in_the_bench(system: System) -> None:
    made = objects(system)
    group, _, plural = operator(system).resource.rpartition("/")
    assert made.good["apiVersion"] == f"{group}/{SERVED.versions(f'{group}/{plural}')[0]}"
    assert {obj["metadata"]["namespace"] for obj in (*made.first, made.good, made.wrong)} == {"bench"}


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.id)
def test_what_is_created_is_consented_to(system: System) -> None:
    made, role = objects(system), operator(system)
    kinds = {obj["kind"].lower() + "s" for obj in (*made.first, made.good)}
    assert kinds == {resource.rpartition("/")[2] for resource in role.creates}
    assert "pods" in role.makes
    assert {*ADMISSION, *role.makes} <= set(role.looks_at)


@given(pods=st.integers(2, 64))
def test_every_pod_of_the_job_is_asked_for(pods: int) -> None:
    jobset, lws, trainer = (objects(system, pods) for system in (JOBSET, LWS, TRAINER))
    (job,) = jobset.good["spec"]["replicatedJobs"]
    assert job["template"]["spec"]["parallelism"] == job["template"]["spec"]["completions"] == jobset.pods == pods
    assert lws.good["spec"]["leaderWorkerTemplate"]["size"] == lws.pods == pods
    assert trainer.good["spec"]["trainer"]["numNodes"] == trainer.pods == pods


def test_a_ray_cluster_is_its_head_alone_and_none_of_it_needs_ray() -> None:
    made = objects(KUBERAY)
    (group,) = made.good["spec"]["workerGroupSpecs"]
    assert (group["replicas"], made.pods) == (0, 1)
    pod: Obj = made.good["spec"]["headGroupSpec"]["template"]["spec"]
    assert {tuple(pod["containers"][0][probe]["exec"]["command"]) for probe in ("readinessProbe", "livenessProbe")} == {
        ("/workload", "env")
    }
    assert made.good["metadata"]["annotations"] == {"ray.io/overwrite-container-cmd": "true"}


@pytest.mark.parametrize("system", NEW, ids=lambda system: system.id)
def test_their_programs_are_pinned_and_elect_nobody(system: System) -> None:
    made = recipe(system)
    pins = Path(seatrial.lab.__file__).parent / "programs" / "systems" / system.id
    assert pinned_version(pins, made.module) == made.version
    assert f"{made.module} {made.version} h1:" in pins.joinpath("go.sum").read_text()
    assert made.configure is not None
    (text,) = made.configure(made.settings).values()
    config = yaml.safe_load(text.replace("{port:health}", "1").replace("{port:webhook}", "2"))
    assert config.get("enableLeaderElection", config.get("leaderElection", {}).get("leaderElect")) is False
    assert "0" in (config.get("metricsAddr"), config.get("metrics", {}).get("bindAddress"))


def test_kuberay_watches_every_namespace_unless_told_otherwise() -> None:
    made = recipe(KUBERAY)
    assert made.configure is not None
    assert "watchNamespace" not in made.configure(made.settings)["kuberay.yaml"]
    assert "watchNamespace: nowhere" in made.configure({"watch_namespace": "nowhere"})["kuberay.yaml"]


def test_a_program_whose_port_cannot_be_chosen_runs_where_that_port_is_free() -> None:
    assert recipe(KUBERAY).ports == {"webhook": 9443}
    assert recipe(KUBERAY).level is LabLevel.NODE
