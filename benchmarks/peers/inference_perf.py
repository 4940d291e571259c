"""Kubernetes' inference-perf."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from benchmarks.peers.client import MODEL, WORDS, Client, Command, Load, Needs, Place, Saw

_VERSION = "0.7.0"
_AT_ONCE = 10_000
_SPARE = 2  # times the prompts that are expected: arrivals are by chance
_ID = re.compile(r'"id": ?"([^"]+)"')


def _command(place: Place, load: Load) -> Command:
    """Its configuration is YAML, of which JSON is a part."""
    stage: dict[str, object]
    if load.rate:
        kind, stage = "poisson", {"rate": load.rate, "duration": max(1, round(load.seconds))}
    else:
        kind, stage = "concurrent", {"num_requests": load.requests, "concurrency_level": load.streams}
    configuration = {
        "load": {
            "type": kind,
            "interval": 0,
            "stages": [stage],
            "num_workers": 1,
            "worker_max_concurrency": _AT_ONCE,
            "worker_max_tcp_connections": _AT_ONCE,
        },
        "api": {"type": "completion", "streaming": True},
        "server": {"type": "vllm", "model_name": MODEL, "base_url": place.url, "ignore_eos": True},
        "tokenizer": {"pretrained_model_name_or_path": str(place.tokenizer)},
        "data": {
            "type": "random",
            "input_distribution": _always(WORDS, load),
            "output_distribution": _always(load.tokens, load),
        },
        "storage": {"local_storage": {"path": str(place.folder)}},
        "report": {"request_lifecycle": {"summary": True, "per_stage": False, "per_request": load.each}},
    }
    path = place.folder / "asked.yaml"
    path.write_text(json.dumps(configuration))
    return Command((str(place.home / "bin" / "inference-perf"), "--config_file", str(path)), {"HF_HUB_OFFLINE": "1"})


def _always(tokens: int, load: Load) -> dict[str, object]:
    same = {"type": "fixed", "min": tokens, "max": tokens, "mean": tokens, "std_dev": 0}
    return {**same, "total_count": _SPARE * load.requests + 100}


def _read(place: Place, load: Load) -> Iterable[Saw]:
    """The first token as its own summary has it: the first of the times of tokens, since the start."""
    for record in json.loads((place.folder / "per_request_lifecycle_metrics.json").read_text()):
        times = ((record["info"] or {}).get("response_metrics") or {}).get("output_token_times")
        named = _ID.search(record["response"] or "")
        if record["error"] is None and times and named:
            yield Saw(named.group(1), times[0] - record["start_time"])


INFERENCE_PERF = Client(
    name="inference-perf",
    version=_VERSION,
    needs=Needs(python=(3, 12), pins="inference-perf"),
    command=_command,
    read=_read,
    notes=("one worker process, of any number of requests at once",),
)
