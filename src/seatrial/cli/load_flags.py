"""The flags that describe a load, and the plan that they make."""

from __future__ import annotations

import argparse
import math
import re
from pathlib import Path

from seatrial.cli.targets import seconds
from seatrial.model.errors import UsageError
from seatrial.model.load import (
    Api,
    Arrivals,
    Closed,
    Limits,
    Model,
    Open,
    Phase,
    Plan,
    Process,
    Prompts,
    Slo,
    Target,
    Tls,
)

_FOR = 30.0  # seconds, unless given
_OBJECTIVES = {"ttft": "ttft", "tpot": "per_token", "whole": "whole"}
_BURST = re.compile(r"(?P<times>\d+(?:\.\d+)?)x(?P<lasting>[^/]+)/(?P<every>.+)")


def add(parser: argparse.ArgumentParser) -> None:
    _target(parser.add_argument_group("the server"))
    _arrivals(parser.add_argument_group("how requests come"))
    _prompts(parser.add_argument_group("what is asked"))
    _limits(parser.add_argument_group("what is good enough"))


def _target(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--api", choices=[*Api], default=Api.COMPLETIONS, help="completions unless given")
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
        choices=[*Process],
        default=Process.POISSON,
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


def plan(args: argparse.Namespace, url: str, processes: int) -> Plan:
    arrivals = arrivals_of(args)
    return Plan(
        target=target(args, url),
        arrivals=arrivals,
        prompts=prompts(args),
        tokens_out=args.tokens,
        ignore_end=not args.may_end,
        stream=not args.no_stream,
        warm_up=args.warm_up,
        limits=Limits(whole=args.timeout, silence=args.silence, stall=args.stall),
        slo=objectives(args.slo, args.slo_share),
        seed=args.seed,
        shards=min(args.processes or processes, arrivals.clients)
        if isinstance(arrivals, Closed)
        else args.processes or processes,
        kernel_stamps=not args.no_kernel_stamps,
    )


def target(args: argparse.Namespace, url: str) -> Target:
    secret = [(name, variable) for name, variable in (_pair(one, "=") for one in args.header_from)]
    if args.api_key_from:
        secret.append(("Authorization", args.api_key_from))
    if bool(args.cert) != bool(args.key):
        raise UsageError("--cert and --key go together", way_out="give both")
    return Target(
        url=url,
        api=Api(args.api),
        models=tuple(_model(one) for one in args.model),
        headers=tuple(_pair(one, ":") for one in args.header),
        secret_headers=tuple(secret),
        tls=Tls(ca=args.ca, certificate=args.cert, key=args.key, verify=not args.insecure, name=args.server_name),
    )


def arrivals_of(args: argparse.Namespace) -> Arrivals:
    length = args.length or _FOR
    if args.clients is not None:
        lasting = args.length or (None if args.requests else _FOR)
        return Closed(clients=args.clients, seconds=lasting, requests=args.requests, ramp=args.ramp)
    if args.trace is not None:
        from seatrial.measure.traces import replay

        return replay(args.trace, speed=args.speed, seconds=args.length, requests=args.requests)
    if args.requests is not None:
        raise UsageError("--requests goes with --clients or --trace", way_out="say how long with --for")
    rate = args.rate or 1.0
    phases: tuple[Phase, ...] = (Phase(seconds=length, rate=rate, to=args.ramp_to),)
    if args.burst:
        if args.ramp_to:
            raise UsageError("--burst and --ramp-to cannot be had together", way_out="leave one out")
        phases = _bursts(args.burst, rate, length)
    return Open(phases=phases, process=Process(args.process), variation=args.variation)


def _bursts(text: str, rate: float, length: float) -> tuple[Phase, ...]:
    from seatrial.measure.arrivals import bursts

    match = _BURST.fullmatch(text)
    try:
        if match is None:
            raise argparse.ArgumentTypeError("no burst")
        times, lasting, every = float(match["times"]), seconds(match["lasting"]), seconds(match["every"])
    except argparse.ArgumentTypeError as error:
        raise UsageError(
            f"{text!r} is no burst", way_out="write 10x5s/60s: ten times the rate for 5 s of every minute"
        ) from error
    if not 0 < lasting < every or times <= 0:
        raise UsageError(f"{text!r}: a burst is shorter than the time between two", way_out="write 10x5s/60s")
    return bursts(rate, times, every=every, lasting=lasting, seconds=length)


def prompts(args: argparse.Namespace) -> Prompts:
    texts: tuple[str, ...] = ()
    if args.prompts is not None:
        from seatrial.measure.traces import texts_of

        texts = texts_of(args.prompts)
    if args.spread < 0 or args.prefix < 0:
        raise UsageError("--spread and --prefix are not below 0", way_out="leave them out")
    return Prompts(
        texts=texts,
        words=args.words,
        spread=args.spread,
        prefix_words=args.prefix,
        prefix_groups=args.prefix_groups,
        turns=args.turns,
    )


def objectives(text: str | None, share: float = 0.99) -> Slo:
    named: dict[str, float] = {}
    for part in (text or "").split(",") if text else ():
        name, value = _pair(part, "=")
        if name not in _OBJECTIVES:
            raise UsageError(f"no objective {name!r}", way_out=f"there are {', '.join(_OBJECTIVES)}")
        try:
            named[_OBJECTIVES[name]] = seconds(value)
        except argparse.ArgumentTypeError as error:
            raise UsageError(f"{name}: {error}", way_out="write ttft=200ms,tpot=50ms") from error
    if not 0 < share <= 1:
        raise UsageError(f"--slo-share is between 0 and 1, not {share}", way_out="0.99 is usual")
    return Slo(share=share, **named)


def _model(text: str) -> Model:
    name, equals, weight = text.rpartition("=")
    if not equals:
        return Model(name=text)
    try:
        value = float(weight)
    except ValueError:
        return Model(name=text)
    if not (value > 0 and math.isfinite(value)):
        raise UsageError(f"--model {text}: a weight is above 0", way_out="write NAME=2")
    return Model(name=name, weight=value)


def _pair(text: str, mark: str) -> tuple[str, str]:
    name, found, value = text.partition(mark)
    if not found or not name.strip():
        raise UsageError(f"{text!r} is not NAME{mark}VALUE", way_out="seatrial bench serve --help")
    return name.strip(), value.strip()


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
