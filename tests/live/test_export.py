"""A load that is told to a real receiver of OpenTelemetry's protocol while it goes: Prometheus, as a lab starts it."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seatrial.cli.main import main
from seatrial.lab import systems
from tests.live import beside
from tests.unit.measure.server import plain, serving

REQUESTS, TOKENS, FIRST = 40, 5, 0.03


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address. Nothing is scraped, so that it needs no cluster."""
    folder = tmp_path_factory.mktemp("prometheus")
    programs = asyncio.run(beside.obtained("prometheus"))
    at = systems.Place(
        system="prometheus",
        folder=folder,
        kubeconfig=folder / "none",
        ports={"web": beside.free_port()},
        programs=programs.paths,
        identity=systems.identity("prometheus", folder),
    )
    (service,) = beside.services(at, {"find_pods": False, "drop": ""}).values()
    with beside.running(service):
        yield service.ready.removesuffix("/-/ready")


def asked(prometheus: str, query: str) -> list[Any]:
    address = f"{prometheus}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    with urllib.request.urlopen(address, timeout=30) as answer:
        return list(json.load(answer)["data"]["result"])


def number(prometheus: str, query: str) -> float:
    """Of the only series of that query, once there is one: what was taken is not always told at once."""
    until = time.monotonic() + 60
    while not (found := asked(prometheus, query)):
        assert time.monotonic() < until, query
        time.sleep(0.2)
    (one,) = found
    return float(one["value"][1])


@pytest.mark.parametrize("protocol", ["http/json", "http/protobuf"])
def test_what_it_took_is_what_was_measured(
    prometheus: str,
    protocol: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if protocol == "http/protobuf":
        pytest.importorskip("opentelemetry.proto")
    job, saved = protocol.replace("/", "-"), tmp_path / "saved"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
    monkeypatch.setenv("OTEL_SERVICE_NAME", job)
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "500")
    with serving(plain(tokens=TOKENS, ttft=FIRST, gap=0.02)) as server:
        to = f"{prometheus}/api/v1/otlp"
        flags = ("--clients", "2", "--requests", str(REQUESTS), "--model", "llama", "--save", str(saved), "--otlp", to)
        main(["bench", "serve", server.url, *flags])
    assert f"exports to {to}/v1/metrics" in capsys.readouterr().err
    of = f'{{job="{job}",gen_ai_request_model="llama",gen_ai_operation_name="text_completion"}}'
    result = json.loads(saved.read_text())["distributions"]
    assert number(prometheus, f"gen_ai_client_operation_duration_seconds_count{of}") == REQUESTS
    whole = number(prometheus, f"gen_ai_client_operation_duration_seconds_sum{of}")
    assert whole == pytest.approx(result["whole_sent"]["sum"] / 1e9)
    first = number(prometheus, f"gen_ai_client_operation_time_to_first_chunk_seconds_sum{of}")
    assert first == pytest.approx(result["ttft_sent"]["sum"] / 1e9)
    assert (
        number(prometheus, f"gen_ai_client_operation_time_per_output_chunk_seconds_count{of}")
        == result["gaps"]["total"]
    )
    output = of.replace("}", ',gen_ai_token_type="output"}')
    assert number(prometheus, f"gen_ai_client_token_usage_sum{output}") == REQUESTS * TOKENS
    early = of.replace("}", ',le="0.02"}')
    assert number(prometheus, f"gen_ai_client_operation_time_to_first_chunk_seconds_bucket{early}") == 0
