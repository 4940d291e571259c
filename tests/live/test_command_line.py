"""The command line against a real cluster: what it prints, how it ends, and what it leaves."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from seatrial.app import lab as labs
from tests.live.conftest import kubectl

SEATRIAL = str(Path(sys.executable).with_name("seatrial"))
# A test run in the background has Ctrl-C ignored, and so would the command that it starts.
HEEDING = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
QUICK = ("--standard", "cncf-ai@1.35", "--only", "dra.resource-api-is-served-and-writable")


def seatrial(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SEATRIAL, *args], capture_output=True, text=True, check=False, timeout=300, stdin=subprocess.DEVNULL
    )


def benches(name: str) -> list[str]:
    found = kubectl(name, "get", "namespaces", "-l", "app.kubernetes.io/managed-by=seatrial")["items"]
    return [one["metadata"]["name"] for one in found]


def test_one_requirement_saved_and_shown_by_every_face(small_lab: str, tmp_path: Path) -> None:
    saved = tmp_path / "run.json"
    done = seatrial("prove", "--lab", small_lab, *QUICK, "--yes", "--save", str(saved))
    assert done.returncode == 3, done.stderr  # dra_support also needs the other check, which was left out
    assert "SIMULATED" in done.stdout
    assert "Traceback" not in done.stderr
    run = json.loads(saved.read_text())
    assert run["environment"]["simulated"] is True
    assert run["environment"]["kind"] == "lab"
    assert {one["id"] for one in run["requirements"]} == {"dra_support"}
    assert {(one["check"], one["outcome"]) for one in run["findings"]} == {(QUICK[3], "pass")}
    junit = ElementTree.fromstring(seatrial("report", str(saved), "-o", "junit").stdout)
    assert junit.iter("testcase")
    assert seatrial("report", str(saved), "-o", "html").stdout.startswith("<!doctype html>")
    assert seatrial("compare", str(saved), str(saved)).returncode == 0
    assert benches(small_lab) == []


def test_without_leave_nothing_is_created(small_lab: str) -> None:
    done = seatrial("prove", "--lab", small_lab, *QUICK)
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert benches(small_lab) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_proof_cleans_up_and_says_so(small_lab: str, tmp_path: Path, number: signal.Signals) -> None:
    saved = tmp_path / "run.json"
    argv = [
        SEATRIAL,
        "prove",
        "--lab",
        small_lab,
        "--only",
        "gang.starts-whole-or-not-at-all",
        "--yes",
        "--save",
        str(saved),
    ]
    process = subprocess.Popen([sys.executable, "-c", HEEDING, *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until = time.monotonic() + 60
    while not any(
        pod["metadata"]["namespace"].startswith("seatrial-") for pod in kubectl(small_lab, "get", "pods", "-A")["items"]
    ):
        assert time.monotonic() < until
    process.send_signal(number)
    process.communicate(timeout=120)
    assert process.returncode == 130
    assert json.loads(saved.read_text())["complete"] is False
    assert benches(small_lab) == []


def test_what_a_killed_proof_left_is_removed_by_the_next(small_lab: str) -> None:
    argv = [SEATRIAL, "prove", "--lab", small_lab, "--only", "gang.starts-whole-or-not-at-all", "--yes"]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not benches(small_lab):
        assert time.monotonic() < until
    process.kill()
    process.wait()
    assert benches(small_lab)
    assert seatrial("prove", "--lab", small_lab, *QUICK, "--yes").returncode == 3
    assert benches(small_lab) == []


def test_two_proofs_at_once_on_one_lab_do_not_mix(small_lab: str) -> None:
    argv = [SEATRIAL, "prove", "--lab", small_lab, *QUICK, "--yes"]
    first = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not benches(small_lab):
        assert time.monotonic() < until
    first.send_signal(signal.SIGSTOP)  # it is still at work, however long the second takes to come that far
    second = seatrial(*argv[1:])
    first.send_signal(signal.SIGCONT)
    assert second.returncode == 3
    assert "another proof is at work" in second.stderr
    assert first.wait(timeout=120) == 3


def test_somebody_without_permissions_gets_unknown_and_the_reason(small_lab: str) -> None:
    done = seatrial(
        "prove",
        "--lab",
        small_lab,
        "--as",
        "nobody",
        "--only",
        "gang.starts-whole-or-not-at-all",
        "--yes",
        "-o",
        "json",
    )
    assert done.returncode == 3, done.stderr
    findings = json.loads(done.stdout)["findings"]
    assert {one["outcome"] for one in findings} == {"unknown"}
    assert all("nobody" in one["because"] or "forbidden" in one["because"].lower() for one in findings)


def test_the_printed_permissions_are_enough_and_no_star(small_lab: str, tmp_path: Path) -> None:
    """A user with just what ``seatrial rbac`` prints reads everything that the chosen check reads, and judges."""
    printed = json.loads(seatrial("rbac", *QUICK, "-o", "json").stdout)
    assert "*" not in json.dumps([role["rules"] for role in printed["items"]])
    bindings = [
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": f"test-{role['metadata']['name']}"},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": role["metadata"]["name"],
            },
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "tester"}],
        }
        for role in printed["items"]
    ]
    file = tmp_path / "rbac.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [*printed["items"], *bindings]}))
    kubectl(small_lab, "apply", "-f", str(file))
    done = seatrial("prove", "--lab", small_lab, "--as", "tester", *QUICK, "--yes", "-o", "json")
    kubectl_delete(small_lab, file)
    findings = json.loads(done.stdout)["findings"]
    assert {one["outcome"] for one in findings} == {"pass"}, findings


def kubectl_delete(name: str, file: Path) -> None:
    from seatrial.lab import site as sites

    site = sites.need(name)
    argv = [site.program("kubectl"), f"--kubeconfig={site.kubeconfig}", "delete", "-f", str(file)]
    subprocess.run(argv, check=True, capture_output=True)


def test_a_snapshot_holds_no_secret_and_can_be_judged(small_lab: str, tmp_path: Path) -> None:
    file = tmp_path / "cluster.snapshot"
    assert seatrial("snapshot", "--lab", small_lab, "-o", str(file)).returncode == 0
    done = seatrial("prove", "--snapshot", str(file), "--standard", "cncf-ai@1.36", "-o", "json")
    assert done.returncode == 3
    run = json.loads(done.stdout)
    assert run["environment"]["kind"] == "snapshot"
    assert run["environment"]["simulated"] is True
    assert {one["outcome"] for one in run["findings"]} <= {"unknown", "not-applicable"}


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--kubeconfig", "/nowhere/config"), "/nowhere/config"),
        (("--lab", "nowhere"), "there is no lab 'nowhere'"),
        (("--snapshot", "/dev/null"), "/dev/null"),
        (("--manifests", "/nowhere"), "/nowhere"),
    ],
)
def test_wrong_input_is_one_clear_message(args: tuple[str, ...], says: str) -> None:
    done = seatrial("prove", *args)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_server_that_does_not_answer_is_code_3(small_lab: str, tmp_path: Path) -> None:
    config = json.loads(labs.kubeconfig(small_lab).read_text())
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:9"
    file = tmp_path / "config"
    file.write_text(json.dumps(config))
    done = seatrial("prove", "--kubeconfig", str(file))
    assert done.returncode == 3
    assert "127.0.0.1:9" in done.stderr
