"""Which flags of a load go together. Whatever would be ignored is refused, so that nobody measures something else than was asked."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from seatrial.model.errors import UsageError

_HELP = "seatrial bench serve --help"
_RATES = ("--sweep", "--find-rate")
_OF_TLS = ("--ca", "--cert", "--key", "--insecure", "--server-name")
# Each of them with none of the others.
_APART: dict[str, tuple[str, ...]] = {
    "URL": ("--service",),
    "--process": ("--clients", "--trace"),
    "--variation": ("--clients", "--trace"),
    "--ramp-to": ("--clients", "--trace", "--burst", *_RATES),
    "--burst": ("--clients", "--trace", *_RATES),
    "--sweep": ("--rate", "--clients", "--trace"),
    "--find-rate": ("--clients", "--trace"),
    "--tokens": ("--trace",),
    "--words": ("--trace", "--prompts"),
    "--spread": ("--trace", "--prompts", "--turns"),
    "--prefix": ("--trace", "--prompts"),
    "--turns": ("--trace", "--prompts"),
    "--prompts": ("--trace",),
    "--insecure": ("--ca",),
    "--processes": ("--in-cluster",),
    "--kubeconfig": ("--lab",),
    "--context": ("--lab",),
    "--record": ("--repeats", *_RATES),
    "--baseline": _RATES,
}
# Each of them with one of the others at least.
_WITH: dict[str, tuple[str, ...]] = {
    "--requests": ("--clients", "--trace"),
    "--ramp": ("--clients",),
    "--speed": ("--trace",),
    "--prefix-groups": ("--prefix",),
    "--cert": ("--key",),
    "--key": ("--cert",),
    "--find-rate": ("--slo",),
    "--image": ("--in-cluster",),
    "--kubeconfig": ("--service", "--in-cluster"),
    "--context": ("--service", "--in-cluster"),
    "--in-cluster": ("URL", "--service", "--lab", "--resume"),
}
# What is not of the plan, and so may come with that of a record.
_BESIDES = {
    *("--service", "--lab", "--in-cluster", "--image", "--yes", "--kubeconfig", "--context"),
    *("--metrics", "--otlp", "--save", "--baseline", "--output", "--output-file", "--resume"),
}


def remember(parser: argparse.ArgumentParser) -> None:
    """Call it when all flags are there: what is given can then be told from what is usual."""
    usual = {}
    for action in parser._actions:
        if action.option_strings and action.default is not argparse.SUPPRESS:
            usual[action.dest] = (action.option_strings[-1], action.default)
            action.default = None
    parser.set_defaults(usual=usual)


def settle(args: argparse.Namespace) -> None:
    """Puts in what is usual, and refuses what cannot be meant."""
    given = {"URL"} if args.url is not None else set()
    for dest, (flag, usual) in args.usual.items():
        if getattr(args, dest) is None:
            setattr(args, dest, usual)
        else:
            given.add(flag)
    if not given & {"URL", "--service", "--lab", "--resume"}:
        raise UsageError("give a URL, --service, --lab or --resume FILE", way_out=_HELP)
    _together(given)
    _resumed(given)
    _by_value(args, given)


def _together(given: set[str]) -> None:
    for flag, others in _APART.items():
        for other in others:
            if {flag, other} <= given:
                raise _apart(flag, other)
    for flag, others in _WITH.items():
        if flag in given and not given & {*others}:
            raise _goes_with(flag, " or ".join(others))


def _resumed(given: set[str]) -> None:
    if "--resume" in given and (more := sorted(given - _BESIDES)):
        raise UsageError(
            f"--resume goes on with the plan of its record, which says what {more[0]} would",
            way_out=f"leave {more[0]} out",
        )


def _by_value(args: argparse.Namespace, given: set[str]) -> None:
    if {"URL", "--lab"} <= given and "--in-cluster" not in given:
        raise UsageError("--lab and a URL go together only with --in-cluster", way_out="leave one of them out")
    if "--variation" in given and args.process != "gamma":
        raise _goes_with("--variation", "--process gamma")
    if not (args.url or "").startswith("https://") and (tls := _first(_OF_TLS, given)):
        raise _goes_with(tls, "a URL that begins with https://")
    if "--service" in given and "--in-cluster" not in given and "--api-key-from" in given:
        raise UsageError(
            "--api-key-from does not go with --service: the API server takes the Authorization header for itself",
            way_out="add --in-cluster, or name the service's own address",
        )
    first = [part for part in (args.slo or "").split(",") if part.startswith(("ttft=", "tpot="))]
    if args.no_stream and first:
        raise UsageError(
            f"--no-stream and --slo {first[0]} cannot be had together: a whole answer has no first token",
            way_out="write --slo whole=TIME",
        )


def _first(flags: Iterable[str], given: set[str]) -> str | None:
    return next((flag for flag in flags if flag in given), None)


def _apart(flag: str, other: str) -> UsageError:
    return UsageError(f"{flag} and {other} cannot be had together", way_out="leave one of them out")


def _goes_with(flag: str, others: str) -> UsageError:
    return UsageError(f"{flag} goes with {others}", way_out=f"add it, or leave {flag} out")
