import json
from pathlib import Path
from typing import Any

import pytest

from seatrial.app.lab import parse_fleet
from seatrial.cli.main import main
from seatrial.model.lab import FleetGroup, LabLevel, LabSpec, LabStatus

STATUS = LabStatus(
    spec=LabSpec(fleet=(FleetGroup("h100", 8, 64),), systems=("kueue",)),
    server="https://127.0.0.1:20001",
    kubeconfig="/tmp/kubeconfig",
    running=("etcd",),
    missing=("kube-scheduler",),
    faults=("gates-off",),
)


def test_up_says_what_to_build(app: Any, capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[LabSpec] = []

    async def up(spec: LabSpec, *, tell: Any) -> LabStatus:
        asked.append(spec)
        return STATUS

    app("lab", up=up, parse_fleet=parse_fleet)
    flags = "--name a --kubernetes v1.36 --level control-plane --fleet h100:8x64,mi300x:8x16 --with kueue,volcano"
    assert main(["lab", "up", *flags.split()]) == 0
    fleet = (FleetGroup("h100", 8, 64), FleetGroup("mi300x", 8, 16))
    assert asked == [
        LabSpec(name="a", kubernetes="1.36", level=LabLevel.CONTROL_PLANE, fleet=fleet, systems=("kueue", "volcano"))
    ]
    assert "MISSING:    kube-scheduler" in capsys.readouterr().out


@pytest.mark.parametrize(("verb", "broken"), [("break", True), ("mend", False)])
def test_break_and_mend(verb: str, broken: bool, app: Any) -> None:
    asked: list[tuple[Any, ...]] = []

    async def change(name: str, fault: str, *, broken: bool, tell: Any) -> LabStatus:
        asked.append((name, fault, broken))
        return STATUS

    app("lab", change=change)
    assert main(["lab", verb, "gates-off", "--name", "a"]) == 0
    assert asked == [("a", "gates-off", broken)]


def test_status_as_text_and_as_json(app: Any, capsys: pytest.CaptureFixture[str]) -> None:
    app("lab", status=lambda name: (STATUS,) if name is None else ())
    assert main(["lab", "status"]) == 0
    assert "BROKEN BY:  gates-off" in capsys.readouterr().out
    assert main(["lab", "status", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["missing"] == ["kube-scheduler"]
    assert main(["lab", "status", "--name", "b"]) == 0
    assert capsys.readouterr().out == "no lab is here\n"


def test_logs_are_safe_to_look_at(app: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "kubelet.log"
    log.write_bytes(b"one\n\x1b[2Jtwo \xff\n")
    app("lab", logs=lambda name, component: log)
    assert main(["lab", "logs", "kubelet"]) == 0
    assert capsys.readouterr().out == "one\n\\x1b[2Jtwo \ufffd\n"
    assert main(["lab", "logs", "kubelet", "--path"]) == 0
    assert capsys.readouterr().out == f"{log}\n"


def test_kubeconfig_and_down(app: Any, capsys: pytest.CaptureFixture[str]) -> None:
    gone: list[str] = []

    async def down(name: str, *, tell: Any) -> None:
        gone.append(name)

    app("lab", kubeconfig=lambda name: Path(f"/labs/{name}"), down=down)
    assert main(["lab", "kubeconfig", "--name", "a"]) == 0
    assert capsys.readouterr().out == "/labs/a\n"
    assert main(["lab", "down", "--name", "a"]) == 0
    assert gone == ["a"]
