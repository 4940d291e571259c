"""NVIDIA's aiperf."""

from __future__ import annotations

import json
from collections.abc import Iterable

from benchmarks.peers.client import MODEL, WORDS, Client, Command, Load, Needs, Place, Saw

_VERSION = "0.13.0"


def _command(place: Place, load: Load) -> Command:
    how_often = ("--request-rate", f"{load.rate:g}", "--arrival-pattern", "poisson")
    when = how_often if load.rate else ("--concurrency", str(load.streams))
    argv = (
        *(str(place.home / "bin" / "aiperf"), "profile", "--model", MODEL, "--url", place.url),
        *("--endpoint-type", "completions", "--streaming", "--tokenizer", str(place.tokenizer)),
        *("--isl", str(WORDS), "--osl", str(load.tokens), "--use-legacy-max-tokens", "--use-server-token-count"),
        *("--extra-inputs", "ignore_eos:true", *when, "--request-count", str(load.requests)),
        *("--artifact-dir", str(place.folder), "--export-level", "records", "--ui", "none", "--random-seed", "1"),
        *("--no-server-metrics", "--no-gpu-telemetry"),
    )
    return Command(argv)  # offline it takes no folder for a tokenizer


def _read(place: Place, load: Load) -> Iterable[Saw]:
    for line in (place.folder / "profile_export.jsonl").read_text().splitlines():
        record = json.loads(line)
        ttft = record["metrics"].get("time_to_first_token")
        if ttft is not None and not record.get("error"):
            if ttft["unit"] != "ms":
                raise ValueError(f"aiperf tells times in {ttft['unit']}")
            yield Saw(record["metadata"]["x_request_id"], ttft["value"] / 1000)


AIPERF = Client(
    name="aiperf",
    version=_VERSION,
    needs=Needs(python=(3, 11), pins="aiperf"),
    command=_command,
    read=_read,
)
