"""What the recipes tell the real programs."""

from pathlib import Path

import pytest
import yaml

import seatrial.lab
from seatrial.catalog.systems.jobset import JOBSET
from seatrial.catalog.systems.kueue import KUEUE
from seatrial.catalog.systems.volcano import VOLCANO
from seatrial.model.system import Proof, Recipe, System

RECIPES = (KUEUE, VOLCANO, JOBSET)


def recipe(system: System) -> Recipe:
    assert system.recipe is not None
    return system.recipe


def configured(system: System, **settings: object) -> dict[str, str]:
    made = recipe(system)
    assert made.configure is not None
    return dict(made.configure({**made.settings, **settings}))


@pytest.mark.parametrize("system", RECIPES, ids=lambda system: system.id)
def test_what_a_process_runs_is_built_and_pinned(system: System) -> None:
    made = recipe(system)
    pins = Path(seatrial.lab.__file__).parent / "programs" / "systems" / system.id
    lines = pins.joinpath("go.mod").read_text().splitlines()
    assert {process.program for process in made.processes} <= set(made.programs)
    required = {line.partition("//")[0].removeprefix("require ").strip() for line in lines}
    assert f"{made.module} {made.version}" in required
    assert {f"tool {package}" for package in made.programs.values()} <= set(lines)
    assert f"{made.module} {made.version} h1:" in pins.joinpath("go.sum").read_text()
    assert system.proof is Proof.REAL_PROCESS


@pytest.mark.parametrize("system", RECIPES, ids=lambda system: system.id)
def test_processes_read_the_files_that_configure_writes_and_the_lab_s_own_kubeconfig(system: System) -> None:
    for process in recipe(system).processes:
        read = {arg.split("{folder}/")[1] for arg in process.args if "{folder}/" in arg}
        assert read == set(configured(system))
        assert "--kubeconfig={kubeconfig}" in process.args
        assert process.ready.startswith("http://127.0.0.1:{port:health}/")


@pytest.mark.parametrize("system", [KUEUE, JOBSET], ids=lambda system: system.id)
def test_servers_listen_on_loopback_only(system: System) -> None:
    (text,) = configured(system).values()
    config = yaml.safe_load(text.replace("{port:health}", "1").replace("{port:webhook}", "2"))
    assert config["webhook"] == {"host": "127.0.0.1", "port": 2, "certDir": "{folder}"}
    assert config["health"]["healthProbeBindAddress"] == "127.0.0.1:1"
    assert config["metrics"]["bindAddress"] == "0"
    assert config["leaderElection"]["leaderElect"] is False


def test_kueue_waits_for_ready_pods_unless_told_not_to() -> None:
    waiting, careless = (configured(KUEUE, wait_for_pods_ready=on)["kueue.yaml"] for on in (True, False))
    assert yaml.safe_load(waiting)["waitForPodsReady"]["blockAdmission"] is True
    assert "waitForPodsReady" not in yaml.safe_load(careless)
    assert "pod" in yaml.safe_load(waiting)["integrations"]["frameworks"]


def test_kueue_lists_the_integrations_that_it_is_told_to() -> None:
    all_of_them, rest = (
        yaml.safe_load(configured(KUEUE, trainer=listed)["kueue.yaml"])["integrations"]["frameworks"]
        for listed in (True, False)
    )
    assert set(all_of_them) - set(rest) == {"trainer.kubeflow.org/trainjob"}
    assert {"jobset.x-k8s.io/jobset", "ray.io/raycluster", "leaderworkerset.x-k8s.io/leaderworkerset"} <= set(rest)


def test_volcano_knows_gangs_unless_told_not_to() -> None:
    whole, partial = (
        {
            plugin["name"]
            for tier in yaml.safe_load(configured(VOLCANO, gang=on)["volcano-scheduler.conf"])["tiers"]
            for plugin in tier["plugins"]
        }
        for on in (True, False)
    )
    assert whole - partial == {"gang"}
    assert partial
