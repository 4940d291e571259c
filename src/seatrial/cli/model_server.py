"""``seatrial lab model-server``: a simulated server of language models, to try clients and to calibrate them with."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from seatrial.cli import output

if TYPE_CHECKING:
    from seatrial.lab.model_server import Served

KEYS = "SEATRIAL_MODEL_SERVER_KEYS"

DESCRIPTION = f"""A simulated server of language models with OpenAI's API, vLLM's metrics and times that are stated: the numbers are those
of no real model. In mode fixed every token has its time, whatever else goes on; in mode model the times are what continuous batching makes of
the costs. What it did when is told at /truth, in nanoseconds of the monotonic clock; how late it was itself at /lateness. Requests that come
with a header X-Misbehave, or with the same after a ! in their model's name, are answered wrongly in that way. API keys that requests have to
come with are taken from {KEYS}, with commas between."""


class Option(NamedTuple):
    """One option of the program, as it is: the program itself checks what it is given."""

    name: str
    metavar: str
    what: str
    default: str | None = None


BOTH = (
    Option("port", "PORT", "8000 unless given; 0 takes any that is free"),
    Option("host", "ADDRESS", "127.0.0.1 unless given, which only this machine reaches"),
    Option("mode", "MODE", "model, unless given, or fixed"),
    Option("model", "NAME", "what it calls its model; simulated unless given"),
    Option("tokens", "COUNT", "how long answers are where a request does not say; 100 unless given", "100"),
    Option(
        "vary",
        "SHARE",
        "by which share answers may be shorter, as if they ended by themselves; not at all unless given",
    ),
    Option("seed", "NUMBER", "of the words that it answers, and of all else that varies"),
    Option("misbehave", "HOW", "how answers go wrong, such as stall=500ms@10,no-done"),
    Option("misbehave-share", "SHARE", "how many of them do, such as 0.1; all unless given"),
    Option("truth", "FILE", "also write the truth to a file, as lines of JSON"),
)
FIXED = (
    Option("ttft", "TIME", "mode fixed: the first token after the request; 50ms unless given"),
    Option("gap", "TIME", "mode fixed: each token after the one before; 20ms unless given"),
)
MODEL = (
    Option("step", "TIME", "mode model: what a step takes; 10ms unless given", "10ms"),
    Option("per-sequence", "TIME", "mode model: more for each sequence but the first; 100us unless given", "100us"),
    Option("per-prompt-token", "TIME", "mode model: more for each token of a prompt; 50us unless given", "50us"),
    Option("per-context-token", "TIME", "mode model: more for each token that is looked back at; 0 unless given"),
    Option("jitter", "SHARE", "mode model: by how much steps vary, such as 0.05; not at all unless given"),
    Option("parallel", "COUNT", "mode model: how many requests run at once; 64 unless given", "64"),
    Option("budget", "COUNT", "mode model: how many tokens a step computes at most; 8192 unless given"),
    Option("blocks", "COUNT", "mode model: blocks of 16 tokens in the key-value cache; 16384 unless given", "16384"),
    Option("adapters", "NAME,…", "mode model: LoRA adapters that it serves"),
    Option("adapters-at-once", "COUNT", "mode model: how many of them are loaded at once; 4 unless given"),
    Option("adapter-load", "TIME", "mode model: what it takes to load one"),
)
_FLAGS = ("strict", "every-token")


def add(parser: argparse.ArgumentParser) -> None:
    parser.description = DESCRIPTION
    for option in (*BOTH, *FIXED, *MODEL):
        parser.add_argument(f"--{option.name}", metavar=option.metavar, help=option.what)
    parser.add_argument("--strict", action="store_true", help="refuse names of models that it does not have")
    parser.add_argument("--every-token", action="store_true", help="tell the time of every token in the truth")
    parser.add_argument(
        "--tls", type=Path, metavar="FOLDER", help="speak TLS, with an authority and keys in that folder"
    )
    parser.add_argument("--mutual", action="store_true", help="and let in only clients with a certificate from there")


def chosen(args: argparse.Namespace) -> dict[str, str]:
    """The options of the program: what was said, and what we hold for usual in that mode."""
    usual = (*BOTH, *(FIXED if args.mode == "fixed" else MODEL))
    options = {option.name: option.default for option in usual if option.default is not None}
    for option in (*BOTH, *FIXED, *MODEL):
        said = getattr(args, option.name.replace("-", "_"))
        if said is not None:
            options[option.name] = said
    return options | {flag: "true" for flag in _FLAGS if getattr(args, flag.replace("-", "_"))}


def run(args: argparse.Namespace) -> int:
    from seatrial.app import model_server
    from seatrial.cli.progress import shown
    from seatrial.cli.working import complete

    with shown() as progress:
        served = complete(
            model_server.serve(
                chosen(args),
                tls=args.tls,
                mutual=args.mutual,
                keys=os.environ.get(KEYS, ""),
                begun=_begun,
                tell=progress.tell,
            )
        )
    output.write(_portrait(served))
    return 0


def _begun(url: str) -> None:
    import sys

    output.write(f"simulated model server: {url}/v1 (Ctrl-C ends it)\n")
    sys.stdout.flush()  # whoever started it in a script waits for that line


def _portrait(served: Served) -> str:
    late = served.lateness
    times = ", ".join(f"{name} {value / 1e6:.2f} ms" for name, value in (
        ("p50", late.p50_ns), ("p95", late.p95_ns), ("p99", late.p99_ns), ("at most", late.max_ns),
    ))  # fmt: skip
    return f"{served.requests} requests, {served.tokens} tokens; later than due by {times}\n"
