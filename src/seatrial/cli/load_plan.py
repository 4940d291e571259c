"""The plan that the flags of a load make."""

from __future__ import annotations

import argparse
import math
import re

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

_RATE, _FOR = 1.0, 30.0  # requests per second, seconds; unless given
OURS = ("content-length", "transfer-encoding", "x-request-id")  # headers that no flag changes
_OBJECTIVES = {"ttft": "ttft", "tpot": "per_token", "whole": "whole"}
_BURST = re.compile(r"(?P<times>\d+(?:\.\d+)?)x(?P<lasting>[^/]+)/(?P<every>.+)")


def plan(args: argparse.Namespace, url: str, processes: int, *, rate: float = _RATE, length: float = _FOR) -> Plan:
    """``rate`` and ``length`` where the flags say nothing of them."""
    arrivals = arrivals_of(args, rate, length)
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
    headers = tuple(_pair(one, ":") for one in args.header)
    names = [name.lower() for name, _ in (*headers, *secret)]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(
            f"the header {twice!r} is given twice", way_out="look at --header, --header-from and --api-key-from"
        )
    if own := next((name for name in names if name in OURS), None):
        raise UsageError(f"the header {own!r} is of every request already", way_out="leave it out of --header")
    return Target(
        url=url,
        api=Api(args.api),
        models=tuple(_model(one) for one in args.model),
        headers=headers,
        secret_headers=tuple(secret),
        tls=Tls(ca=args.ca, certificate=args.cert, key=args.key, verify=not args.insecure, name=args.server_name),
    )


def arrivals_of(args: argparse.Namespace, rate: float = _RATE, length: float = _FOR) -> Arrivals:
    length = args.length or length
    if args.clients is not None:
        lasting = args.length or (None if args.requests else _FOR)
        return Closed(clients=args.clients, seconds=lasting, requests=args.requests, ramp=args.ramp)
    if args.trace is not None:
        from seatrial.measure.traces import replay

        return replay(args.trace, speed=args.speed, seconds=args.length, requests=args.requests)
    rate = args.rate or rate
    phases: tuple[Phase, ...] = (Phase(seconds=length, rate=rate, to=args.ramp_to),)
    if args.burst:
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
    tokenizer: str = ""
    vocabulary: tuple[str, ...] = ()
    if args.tokenizer is not None:
        from seatrial.measure.tokens import Tokens

        tokens = Tokens(args.tokenizer)
        tokenizer, vocabulary = str(args.tokenizer), () if texts else tokens.vocabulary()
    if args.spread < 0 or args.prefix < 0:
        raise UsageError("--spread and --prefix are not below 0", way_out="leave them out")
    return Prompts(
        texts=texts,
        words=args.words,
        spread=args.spread,
        prefix_words=args.prefix,
        prefix_groups=args.prefix_groups,
        turns=args.turns,
        tokenizer=tokenizer,
        vocabulary=vocabulary,
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
