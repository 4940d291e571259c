"""`bench serve` against pods of a real node: from this machine, through the API server, and from pods."""

from __future__ import annotations

import base64
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from seatrial.app import load, load_files
from seatrial.app.load_job import INDEX
from seatrial.app.load_lab import serving
from seatrial.catalog.systems.kubernetes.core import ON_REAL_NODES
from seatrial.lab.node.programs import IMAGE
from seatrial.measure.arrivals import due_times
from seatrial.measure.record import read
from seatrial.model.lab import LabSpec
from seatrial.model.load_result import Ending, LoadResult
from tests.live import truth
from tests.live.conftest import down, kubectl, up
from tests.live.test_command_line import HEEDING, SEATRIAL

NAME = "test-load"


@pytest.fixture(scope="module")
def lab() -> Iterator[str]:
    up(LabSpec(name=NAME))
    yield NAME
    down(NAME)


def serve(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run((SEATRIAL, "bench", "serve", *args), capture_output=True, text=True, check=False)


def until_rows(process: subprocess.Popen[str], record: Path, least: int) -> None:
    """A record that grows is a run that goes."""
    while not record.exists() or not record.stat().st_size or sum(len(part.rows) for part in read(record)[1]) < least:
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)


def saved(path: Path) -> LoadResult:
    (result,) = load_files.results(path)
    return result


def benches(lab: str) -> list[str]:
    names = [one["metadata"]["name"] for one in kubectl(lab, "get", "namespaces")["items"]]
    return [name for name in names if name.startswith("seatrial-")]


def test_one_command_for_whoever_tries_it_out(lab: str, tmp_path: Path) -> None:
    told = serve("--lab", lab, "--for", "5s", "--save", str(tmp_path / "saved"))
    assert told.returncode in (0, 3), (
        told.stderr
    )  # 3: this machine was too busy for a client that keeps up, and that is said
    assert "SIMULATED" in told.stdout
    assert "How to read this" in told.stdout
    result = saved(tmp_path / "saved")
    assert result.endings == {Ending.OK: result.requests}
    assert result.tokens_out == 100 * result.requests
    assert result.distributions.per_token.percentile(0.5) == pytest.approx(
        10e6, rel=0.2
    )  # what the servers' steps take
    assert "simulated" in result.plan.target.simulated
    assert not benches(lab)


def test_a_service_is_reached_through_the_api_server(lab: str, tmp_path: Path) -> None:
    with serving(lab) as served:
        service = f"{served.lent.bench.namespace}/models:http"
        flags = ("--clients", "2", "--requests", "20", "--tokens", "10", "--save", str(tmp_path / "saved"))
        told = serve("--service", service, "--lab", lab, *flags)
    result = saved(tmp_path / "saved")
    assert "/proxy" in result.plan.target.url, told.stderr
    assert result.endings[Ending.OK] > 0
    # Go's proxy may cut off an answer that begins before it is done with the question; that is told, and never counted as good.
    assert set(result.endings) <= {Ending.OK, Ending.TRUNCATED}
    assert sum(result.endings.values()) == 20


def test_pods_share_a_load_and_what_they_saw_adds_up(lab: str, tmp_path: Path) -> None:
    flags = ("--in-cluster", "3", "--rate", "20", "--for", "6s", "--seed", "7")
    told = serve("--lab", lab, *flags, "--save", str(tmp_path / "saved"), "--record", str(tmp_path / "record"))
    assert told.returncode in (0, 3), told.stderr
    result = saved(tmp_path / "saved")
    planned = list(due_times(result.plan.arrivals, 7))
    assert result.endings == {Ending.OK: len(planned)}
    assert result.tokens_out == 100 * len(planned)
    assert (result.client.processes, result.client.lost) == (3, ())
    header, parts = read(tmp_path / "record")
    rows = {(row.index, row.due): part.shard for part in parts for row in part.rows}
    assert sorted(rows) == sorted(enumerate(planned))  # each request once, due when one machine would have sent it
    assert all(shard == index % 3 for (index, _), shard in rows.items())
    assert load.of_record(tmp_path / "record").distributions == result.distributions
    assert header.plan.in_pods
    assert not benches(lab)


def test_pods_reach_a_service_without_the_api_server(lab: str, tmp_path: Path) -> None:
    objects = _models()
    truth.apply(lab, *objects)
    try:
        truth.until_ready(lab, "models")
        flags = ("--clients", "4", "--requests", "40", "--tokens", "10", "--save", str(tmp_path / "saved"))
        told = serve("--service", "default/models:http", "--lab", lab, "--in-cluster", "2", "--yes", *flags)
    finally:
        truth.remove(lab, *objects)
    result = saved(tmp_path / "saved")
    assert "/proxy" not in result.plan.target.url, told.stderr
    assert result.endings == {Ending.OK: 40}
    assert not benches(lab)


def _models() -> tuple[dict[str, object], dict[str, object]]:
    meta = {"name": "models", "namespace": "default", "labels": {"app": "models"}}
    argv = ["/workload", "model-server", "--mode=fixed", "--ttft=20ms", "--gap=2ms", "--port=8080", "--quiet"]
    containers = [{"name": "models", "image": IMAGE, "command": argv}]
    pod = {"terminationGracePeriodSeconds": 0, "affinity": ON_REAL_NODES, "containers": containers}
    service = {"selector": meta["labels"], "ports": [{"name": "http", "port": 80, "targetPort": 8080}]}
    return (
        {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": pod},
        {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": service},
    )


def _asking_for(key: str) -> tuple[dict[str, object], ...]:
    """The same servers, which answer only those who have the key."""
    pod, service = _models()
    containers = pod["spec"]["containers"]  # type: ignore[index]
    containers[0]["env"] = [{"name": "MODEL_SERVER_API_KEYS", "value": key}]
    return pod, service


def test_keys_reach_the_pods_of_every_run_and_stay_nowhere(
    lab: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, out = "hush-hush-hush-hush", tmp_path / "saved"
    monkeypatch.setenv("LOAD_KEY", key)
    objects = _asking_for(key)
    truth.apply(lab, *objects)
    flags = ("--in-cluster", "2", "--yes", "--api-key-from", "LOAD_KEY", "--repeats", "2", "--save", str(out))
    load_flags = ("--rate", "10", "--for", "6s", "--tokens", "5")
    command = (SEATRIAL, "bench", "serve", "--service", "default/models:http", "--lab", lab, *flags, *load_flags)
    kept: list[str] = []
    try:
        truth.until_ready(lab, "models")
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            while process.poll() is None:
                for bench in benches(lab):
                    seen = kubectl(lab, "get", "configmaps,jobs,pods,events", "-n", bench)["items"]
                    kept.append(str(seen))
                    kept += [truth.log(lab, bench, one["metadata"]["name"]) for one in seen if one["kind"] == "Pod"]
                time.sleep(1)
            told, error = process.communicate()
    finally:
        truth.remove(lab, *objects)
    results = load_files.results(out)
    assert [set(one.endings) for one in results] == [{Ending.OK}, {Ending.OK}], error
    assert any("load-1" in one for one in kept)
    assert any("load-2" in one for one in kept)
    encoded = base64.b64encode(key.encode()).decode()
    for place in (*kept, told, error, out.read_text()):
        assert key not in place
        assert encoded not in place
    assert not benches(lab)


@pytest.mark.long
def test_what_was_cut_off_goes_on_from_pods(lab: str, tmp_path: Path) -> None:
    record, out = tmp_path / "record", tmp_path / "saved"
    flags = ("--in-cluster", "2", "--rate", "10", "--for", "30s", "--record", str(record))
    with subprocess.Popen((SEATRIAL, "bench", "serve", "--lab", lab, *flags), stderr=subprocess.PIPE, text=True) as one:
        until_rows(one, record, 30)
        one.kill()
    before = [row.index for part in read(record)[1] for row in part.rows]
    told = serve("--resume", str(record), "--in-cluster", "2", "--lab", lab, "--save", str(out))
    indexes = [row.index for part in read(record)[1] for row in part.rows]
    assert len(indexes) == len(set(indexes)) > len(before), told.stderr
    result = saved(out)
    planned = list(due_times(result.plan.arrivals, result.plan.seed))
    assert result.requests + result.lost_in_flight == len(planned)
    assert result.endings == {Ending.OK: result.requests}
    assert load.of_record(record).distributions == result.distributions
    assert not benches(lab)


@pytest.mark.long
def test_a_sweep_and_a_search_from_pods(lab: str, tmp_path: Path) -> None:
    out = tmp_path / "saved"
    flags = ("--lab", lab, "--in-cluster", "2", "--for", "5s", "--tokens", "5", "--save", str(out))
    serve(*flags, "--sweep", "4,8")
    assert [one.plan.arrivals.phases[0].rate for one in load_files.results(out)] == [4, 8]  # type: ignore[union-attr]
    told = serve(*flags, "--find-rate", "--rate", "4", "--slo", "ttft=1ms")
    rates = [one.plan.arrivals.phases[0].rate for one in load_files.results(out)]  # type: ignore[union-attr]
    assert rates[:2] == [4, 2], told.stderr  # no server is so quick: it is looked for below
    assert told.returncode == 1
    assert not benches(lab)


def test_a_pod_that_is_lost_makes_it_no_measurement(lab: str, tmp_path: Path) -> None:
    record, out = tmp_path / "record", tmp_path / "saved"
    flags = ("--in-cluster", "2", "--rate", "20", "--for", "20s", "--record", str(record), "--save", str(out))
    command = (SEATRIAL, "bench", "serve", "--lab", lab, *flags)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        until_rows(process, record, 20)
        (bench,) = benches(lab)
        (pod,) = (
            one["metadata"]["name"] for one in kubectl(lab, "get", "pods", "-n", bench, "-l", f"{INDEX}=1")["items"]
        )
        truth.kill(lab, bench, pod)
        told, error = process.communicate()
    assert process.returncode == 3, error
    result = saved(out)
    assert result.client.lost == (1,)
    assert {"lost", "lost-pod"} <= {one.id for one in result.validity.doubts}
    assert "the pod with index 1 is lost" in told.replace("\n  ", " ")
    assert any(row.index % 2 == 0 and row.due > 15e9 for part in read(record)[1] for row in part.rows)
    assert not benches(lab)


def test_ctrl_c_tells_what_pods_had_seen_until_then(lab: str, tmp_path: Path) -> None:
    record, out = tmp_path / "record", tmp_path / "saved"
    flags = ("--in-cluster", "2", "--rate", "20", "--for", "10m", "--record", str(record), "--save", str(out))
    command = (sys.executable, "-c", HEEDING, SEATRIAL, "bench", "serve", "--lab", lab, *flags)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        until_rows(process, record, 20)
        process.send_signal(signal.SIGINT)
        told, error = process.communicate()
    assert "stopped before its end" in told, error
    result = saved(out)
    assert not result.complete
    assert result.endings[Ending.OK] >= 20
    assert not benches(lab)
