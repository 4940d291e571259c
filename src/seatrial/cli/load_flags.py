"""The flags that describe a load. The plan that they make is in ``load_plan``, which loads more."""

from __future__ import annotations

import argparse
import math
import re
from pathlib import Path

from seatrial.cli.targets import seconds

_FOR = 30.0  # seconds, unless given
_OBJECTIVES = {"ttft": "ttft", "tpot": "per_token", "whole": "whole"}
_BURST = re.compile(r"(?P<times>\d+(?:\.\d+)?)x(?P<lasting>[^/]+)/(?P<every>.+)")


def add(parser: argparse.ArgumentParser) -> None:
    _target(parser.add_argument_group("the server"))
    _arrivals(parser.add_argument_group("how requests come"))
    _prompts(parser.add_argument_group("what is asked"))
    _limits(parser.add_argument_group("what is good enough"))


def _target(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--api", choices=["completions", "chat"], default="completions", help="completions unless given")
    group.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="NAME[=WEIGHT]",
        help="a model or a LoRA adapter; may be repeated, and shares the requests by weight",
    )
    group.add_argument("--no-stream", action="store_true", help="ask for whole answers")
    group.add_argument("-H", "--header", action="append", default=[], metavar="NAME: VALUE", help="may be repeated")
    group.add_argument(
        "--header-from",
        action="append",
        default=[],
        metavar="NAME=VARIABLE",
        help="a header whose value is in the environment, and is never written down",
    )
    group.add_argument("--api-key-from", metavar="VARIABLE", help="the environment variable that holds the API key")
    group.add_argument(
        "--metrics",
        action="append",
        default=[],
        metavar="URL",
        help="also read the server's own metrics there, such as http://HOST:8000/metrics; may be repeated",
    )
    group.add_argument("--ca", metavar="FILE", help="trust these certificate authorities")
    group.add_argument("--cert", metavar="FILE", help="show this certificate (mTLS)")
    group.add_argument("--key", metavar="FILE", help="and its key")
    group.add_argument("--server-name", metavar="NAME", help="that the server's certificate must bear")
    group.add_argument("--insecure", action="store_true", help="trust every certificate")


def _arrivals(group: argparse._ArgumentGroup) -> None:
    how = group.add_mutually_exclusive_group()
    how.add_argument(
        "--rate",
        type=positive,
        metavar="N",
        help="requests per second, however slow the server is; 1 unless something else is given",
    )
    how.add_argument(
        "--clients", type=count, metavar="N", help="so many clients, each of which asks again when it has its answer"
    )
    how.add_argument(
        "--trace",
        type=Path,
        metavar="FILE",
        help="replay this trace: Azure's or BurstGPT's CSV, or Mooncake's JSON lines",
    )
    group.add_argument(
        "--for",
        dest="length",
        type=_length,
        metavar="TIME",
        help="how long requests are sent, such as 30s or 5m; 30s unless given",
    )
    group.add_argument(
        "--requests", type=count, metavar="N", help="with --clients: so many and no more; with --trace: the first N"
    )
    group.add_argument(
        "--process",
        choices=["constant", "poisson", "gamma"],
        default="poisson",
        help="how requests follow one another; poisson unless given",
    )
    group.add_argument(
        "--variation",
        type=positive,
        default=2.0,
        metavar="N",
        help="of the gaps, for gamma: standard deviation by mean; 2 unless given",
    )
    group.add_argument("--ramp-to", type=positive, metavar="N", help="let the rate grow or shrink to this one")
    group.add_argument(
        "--ramp", type=seconds, default=0.0, metavar="TIME", help="with --clients: over how long they begin"
    )
    group.add_argument(
        "--burst",
        metavar="TIMESxLASTING/EVERY",
        help="bursts, such as 10x5s/60s: ten times the rate for 5 s of every minute",
    )
    group.add_argument("--speed", type=positive, default=1.0, metavar="N", help="of a trace: 2 is twice as fast")
    group.add_argument(
        "--warm-up", type=seconds, default=0.0, metavar="TIME", help="so much at the beginning counts apart"
    )
    group.add_argument("--seed", type=int, default=1, metavar="N", help="the same seed sends the same; 1 unless given")
    group.add_argument("--processes", type=count, metavar="N", help="one for each core unless given")


def _prompts(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--tokens", type=count, default=100, metavar="N", help="in each answer; 100 unless given")
    group.add_argument("--may-end", action="store_true", help="let the model end an answer sooner")
    group.add_argument(
        "--words",
        type=count,
        default=64,
        metavar="N",
        help="in each prompt, by chance, about a token each; 64 unless given",
    )
    group.add_argument(
        "--spread", type=float, default=0.0, metavar="N", help="of the number of words: standard deviation by mean"
    )
    group.add_argument(
        "--prefix", type=int, default=0, metavar="N", help="so many words that all prompts of a group begin with"
    )
    group.add_argument("--prefix-groups", type=count, default=1, metavar="N", help="so many groups; 1 unless given")
    group.add_argument(
        "--turns", type=count, default=1, metavar="N", help="of each session; every turn begins with all those before"
    )
    group.add_argument(
        "--prompts",
        type=Path,
        metavar="FILE",
        help="prompts instead: JSON lines with `prompt` or `messages`, or a text per line",
    )
    group.add_argument(
        "--tokenizer",
        type=Path,
        metavar="FILE",
        help="a tokenizer.json, or its folder: words are then a token each, and what a server does not count is counted by it",
    )


def _limits(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--slo",
        metavar="ttft=TIME,tpot=TIME,whole=TIME",
        help="what a good answer is; goodput counts those, from when each was due",
    )
    group.add_argument(
        "--slo-share",
        type=float,
        default=0.99,
        metavar="SHARE",
        help="of the requests that must be good; 0.99 unless given",
    )
    group.add_argument(
        "--timeout", type=_length, default=600.0, metavar="TIME", help="for a whole answer; 10m unless given"
    )
    group.add_argument(
        "--silence",
        type=_length,
        default=60.0,
        metavar="TIME",
        help="without a byte, after which a request is given up; 60s unless given",
    )
    group.add_argument(
        "--stall",
        type=_length,
        default=0.5,
        metavar="TIME",
        help="inside a stream, after which it is marked; 500ms unless given",
    )
    group.add_argument("--no-kernel-stamps", action="store_true", help="use the loop's own times of arrival only")


def positive(text: str) -> float:
    value = float(text)
    if not (value > 0 and math.isfinite(value)):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def _length(text: str) -> float:
    value = seconds(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text} is no time")
    return value
