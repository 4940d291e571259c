"""guidellm."""

from __future__ import annotations

import json
from collections.abc import Iterable

from benchmarks.peers.client import MODEL, WORDS, Client, Command, Load, Needs, Place, Saw

_VERSION = "0.8.1"
_RESULT = "benchmarks.json"


def _command(place: Place, load: Load) -> Command:
    if load.rate:
        profile: dict[str, object] = {"kind": "poisson", "rate": load.rate}
    else:
        profile = {"kind": "concurrent", "streams": load.streams}
    backend = {
        "kind": "openai_http",
        "target": place.url,
        "model": MODEL,
        "request_format": "/v1/completions",
        "http2": False,
        "extras": {"body": {"ignore_eos": True}},
    }
    data = {"kind": "synthetic_text", "prompt_tokens": WORDS, "output_tokens": load.tokens}
    argv = (
        *(str(place.home / "bin" / "guidellm"), "run", "--backend", json.dumps(backend)),
        *("--profile", json.dumps(profile), "--data", json.dumps(data)),
        *("--tokenizer", json.dumps({"kind": "huggingface_auto", "model": str(place.tokenizer)})),
        *("--constraint", json.dumps({"kind": "max_requests", "count": load.requests})),
        *("--output", json.dumps({"kind": "json", "path": str(place.folder / _RESULT)}), "--disable-console"),
    )
    return Command(argv, {"HF_HUB_OFFLINE": "1", "USE_TORCH": "0"})


def _read(place: Place, load: Load) -> Iterable[Saw]:
    (benchmark,) = json.loads((place.folder / _RESULT).read_text())["benchmarks"]
    for request in benchmark["requests"]["successful"]:
        timings = request["info"]["timings"]
        yield Saw(request["response_id"], timings["first_token_iteration"] - timings["request_start"])


GUIDELLM = Client(
    name="guidellm",
    version=_VERSION,
    needs=Needs(python=(3, 11), pins="guidellm", standin=True),
    command=_command,
    read=_read,
    notes=("without torch, which it only loads its prompts with: a stand-in is in its place",),
)
