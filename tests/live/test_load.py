"""`bench serve` against pods of a real node: from this machine, through the API server, and from pods."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from seatrial.app import load
from seatrial.app.load_lab import serving
from seatrial.model.lab import LabLevel, LabSpec
from seatrial.model.load_result import Ending, LoadResult
from tests.live.conftest import down, kubectl, up
from tests.live.test_command_line import SEATRIAL

NAME = "test-load"


@pytest.fixture(scope="module")
def lab() -> Iterator[str]:
    up(LabSpec(name=NAME))
    yield NAME
    down(NAME)


def serve(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run((SEATRIAL, "bench", "serve", *args), capture_output=True, text=True, check=False)


def saved(path: Path) -> LoadResult:
    (result,) = load.saved(path)
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


def test_no_lab_or_none_with_a_real_node_is_said() -> None:
    told = serve("--lab", "test-none-such")
    assert told.returncode == 2
    assert "seatrial lab up" in told.stderr
    bare = "test-load-bare"
    up(LabSpec(name=bare, level=LabLevel.CONTROL_PLANE))
    try:
        told = serve("--lab", bare)
    finally:
        down(bare)
    assert told.returncode == 2
    assert "no real node" in told.stderr
