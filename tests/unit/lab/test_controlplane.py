from __future__ import annotations

from pathlib import Path

import pytest

from seatrial.lab import controlplane
from seatrial.lab.process import Service
from seatrial.lab.site import Site
from seatrial.model.lab import LabLevel, LabSpec

PROGRAMS = {name: f"/bin/{name}" for name in ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


def services(spec: LabSpec) -> dict[str, Service]:
    ports = {name: 20000 + number for number, name in enumerate(controlplane.PORTS)}
    site = Site(spec=spec, base=spec, slot=7, ports=ports, programs=PROGRAMS)
    return {service.name: service for service in controlplane.services(site)}


def flag(service: Service, name: str) -> str:
    (value,) = [arg.partition("=")[2] for arg in service.argv if arg.startswith(f"--{name}=")]
    return value


def test_a_control_plane_listens_on_loopback_and_a_node_on_its_own_cable(home: Path) -> None:
    for level, address in ((LabLevel.CONTROL_PLANE, "127.0.0.1"), (LabLevel.NODE, "10.213.7.1")):
        found = services(LabSpec(name=f"a-{level}", level=level))
        assert flag(found["kube-apiserver"], "bind-address") == address
        for name in ("kube-controller-manager", "kube-scheduler"):
            assert flag(found[name], "bind-address") == "127.0.0.1"


def test_without_anonymous_access_and_with_real_authorization(home: Path) -> None:
    server = services(LabSpec())["kube-apiserver"]
    assert flag(server, "anonymous-auth") == "false"
    assert flag(server, "authorization-mode") == "Node,RBAC"


def test_the_same_spec_gives_the_same_services_so_nothing_restarts(home: Path) -> None:
    first, again = (services(LabSpec()) for _ in range(2))
    assert {name: one.digest for name, one in first.items()} == {name: one.digest for name, one in again.items()}


def test_a_scheduler_without_gangs_restarts_the_scheduler_alone(home: Path) -> None:
    healthy, broken = services(LabSpec()), services(LabSpec(gang_scheduling=False))
    assert [name for name in healthy if healthy[name].digest != broken[name].digest] == ["kube-scheduler"]
    assert flag(broken["kube-scheduler"], "feature-gates") == "GenericWorkload=false"


@pytest.mark.parametrize(("kubernetes", "gates"), [("1.37", "GenericWorkload=true"), ("1.34", "")])
def test_each_release_is_told_only_gates_that_it_knows(kubernetes: str, gates: str, home: Path) -> None:
    server = services(LabSpec(kubernetes=kubernetes))["kube-apiserver"]
    assert [arg for arg in server.argv if "feature-gates" in arg] == ([f"--feature-gates={gates}"] if gates else [])


def test_without_dra_its_api_and_its_gate_are_off(home: Path) -> None:
    server = services(LabSpec(kubernetes="1.34", dra=False))["kube-apiserver"]
    assert "resource.k8s.io/v1=false" in flag(server, "runtime-config").split(",")
    assert flag(server, "feature-gates") == "DynamicResourceAllocation=false"


def test_private_keys_are_for_nobody_else(home: Path) -> None:
    services(LabSpec())
    keys = list(home.rglob("*.key")) + list(home.rglob("kubeconfig"))
    assert len(keys) > 5
    assert all(path.stat().st_mode & 0o077 == 0 for path in keys)
