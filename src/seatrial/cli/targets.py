"""The flags that say what a command looks at, named as kubectl names them."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.model.errors import UsageError

if TYPE_CHECKING:
    from seatrial.app.target import Target

_SECONDS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0}


def add(parser: argparse.ArgumentParser, *, files: bool = True) -> None:
    """``files``: whether saved facts will do, or it has to be a cluster that answers."""
    group = parser.add_argument_group(
        "where to look", "the cluster of the current context, unless one of these says otherwise"
    )
    group.add_argument("--kubeconfig", type=Path, metavar="FILE", help="this kubeconfig instead of $KUBECONFIG")
    group.add_argument("--context", metavar="NAME", help="this context of the kubeconfig")
    group.add_argument("-n", "--namespace", metavar="NAME", help="only this namespace")
    group.add_argument("--as", dest="as_user", metavar="USER", help="impersonate this user")
    group.add_argument(
        "--as-group",
        dest="as_groups",
        action="append",
        default=[],
        metavar="GROUP",
        help="impersonate this group; may be repeated",
    )
    group.add_argument(
        "--request-timeout",
        type=seconds,
        metavar="TIME",
        help="how long one request may take, such as 30s or 1m; 0 for the usual limit",
    )
    group.add_argument(
        "--prometheus", metavar="URL", help="ask this server for metrics; without it one is looked for in the cluster"
    )
    sources = group.add_mutually_exclusive_group()
    sources.add_argument(
        "--lab",
        nargs="?",
        const="default",
        metavar="NAME",
        help="the lab of that name; without one, the lab named default",
    )
    if files:
        sources.add_argument(
            "--snapshot",
            type=Path,
            metavar="FILE|DIR",
            help="a saved snapshot, or what another tool wrote down of a cluster, without any cluster",
        )
        sources.add_argument(
            "--manifests",
            metavar="DIR|-",
            help="manifests in a folder, in a file or on standard input, without any cluster",
        )
        add_dump(group)


def add_dump(group: argparse._ActionsContainer) -> None:
    """What is to be said of what another tool wrote down."""
    group.add_argument(
        "--dump-limit",
        type=size,
        metavar="SIZE",
        help="how much the files of another tool may unpack to, such as 32Gi; 8Gi unless given",
    )
    group.add_argument(
        "--dump-is-whole",
        action="store_true",
        help="say of the files of another tool that of each kind that is in them all is in them, in all namespaces",
    )


def of(args: argparse.Namespace) -> Target:
    from seatrial.app.target import Target

    elsewhere = next((flag for flag in ("lab", "snapshot", "manifests") if getattr(args, flag, None)), None)
    connection = next((flag for flag in ("kubeconfig", "context", "as_user") if getattr(args, flag)), None)
    if elsewhere and connection and (elsewhere, connection) != ("lab", "as_user"):
        named = "from" if elsewhere == "snapshot" and not hasattr(args, "manifests") else elsewhere
        raise UsageError(
            f"--{named} and --{connection.removesuffix('_user')} name two different things to look at",
            way_out="leave one of them out",
        )
    snapshot, limit = getattr(args, "snapshot", None), getattr(args, "dump_limit", None)
    if snapshot is None and (limit or getattr(args, "dump_is_whole", False)):
        raise UsageError("--dump-limit and --dump-is-whole are about files of another tool", way_out="name them, too")
    if args.as_groups and not args.as_user:
        raise UsageError("--as-group needs --as", way_out="name the user, too")
    return Target(
        kubeconfig=args.kubeconfig,
        context=args.context,
        namespace=args.namespace,
        as_user=args.as_user,
        as_groups=tuple(args.as_groups),
        request_timeout=args.request_timeout or None,
        prometheus=args.prometheus,
        lab=args.lab,
        snapshot=snapshot,
        dump_limit=limit,
        dump_is_whole=getattr(args, "dump_is_whole", False),
        manifests=getattr(args, "manifests", None),
    )


def size(text: str) -> int:
    """``32Gi``, or a number of bytes."""
    from seatrial.kit import quantity

    try:
        found = quantity.whole(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write 32Gi") from error
    if found <= 0:
        raise argparse.ArgumentTypeError("more than nothing has to be read")
    return found


def seconds(text: str) -> float:
    """``30s``, ``1m30s`` or a number of seconds."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h|)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text or len(text) > 20:
        raise argparse.ArgumentTypeError(f"{text!r} is no length of time; write 30s or 1m")
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)
