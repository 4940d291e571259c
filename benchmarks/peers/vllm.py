"""vLLM's ``bench serve``: the one in Python, and the one in Rust that comes with it since 0.33."""

from __future__ import annotations

import json
from collections.abc import Iterable

from benchmarks.peers.client import MODEL, WORDS, Client, Command, Load, Needs, Place, Saw

_VERSION = "0.33.0"
_RESULT = "result.json"
_ID = "peers-"
_LAUNCH = (
    "import argparse; from vllm.benchmarks.serve import add_cli_args, main; "
    "parser = argparse.ArgumentParser(); add_cli_args(parser); main(parser.parse_args())"
)
_MEDIA = "vllm.multimodal vllm.lora vllm.inputs"

_NEEDS = Needs(
    python=(3, 11),
    pins="vllm",
    parts_of=f"vllm=={_VERSION}",
    kept=("vllm/*.py", "vllm/vllm-rs", "vllm-*.dist-info/*"),
    standin=True,
)


def _in_python(place: Place, load: Load) -> Command:
    python = str(place.home / "bin" / "python")
    env = {"STANDIN_ALSO": _MEDIA, "HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1"}
    return Command((python, "-c", _LAUNCH, *_flags(place, load)), env)


def _in_rust(place: Place, load: Load) -> Command:
    (program,) = place.home.glob("lib/python*/site-packages/vllm/vllm-rs")
    return Command((str(program), "bench", "serve", *_flags(place, load)), {"HF_HUB_OFFLINE": "1"})


def _flags(place: Place, load: Load) -> tuple[str, ...]:
    when = ("--request-rate", f"{load.rate:g}") if load.rate else ("--max-concurrency", str(load.streams))
    return (
        *("--backend", "vllm", "--base-url", place.url, "--model", MODEL, "--tokenizer", str(place.tokenizer)),
        *("--dataset-name", "random", "--random-input-len", str(WORDS), "--random-output-len", str(load.tokens)),
        *("--num-prompts", str(load.requests), "--ignore-eos", "--disable-tqdm", "--seed", "1", *when),
        *("--request-id-prefix", _ID, "--save-result", *(("--save-detailed",) if load.each else ())),
        *("--result-dir", str(place.folder), "--result-filename", _RESULT),
    )


def _read(place: Place, load: Load) -> Iterable[Saw]:
    """One list for each field, in the order of the requests, whose number is in their identification."""
    result = json.loads((place.folder / _RESULT).read_text())
    for number, (ttft, error) in enumerate(zip(result["ttfts"], result["errors"], strict=True)):
        if not error and ttft:
            yield Saw(f"{_ID}{number}", ttft)


PYTHON = Client(
    name="vllm",
    version=_VERSION,
    needs=_NEEDS,
    command=_in_python,
    read=_read,
    notes=(
        "its bench serve, without torch, its compiled parts and its parts for media and adapters: a stand-in is in their place",
    ),
)
RUST = Client(
    name="vllm-rs",
    version=_VERSION,
    needs=_NEEDS,
    command=_in_rust,
    read=_read,
    notes=("its bench serve in Rust, the program in vLLM's wheel by itself",),
)
