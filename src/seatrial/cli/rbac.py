"""``seatrial rbac``: the least that a cluster must allow."""

from __future__ import annotations

import argparse

from seatrial.cli import names, output


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "rbac",
        help="print the least permissions that checks need",
        description="Print ClusterRoles with the least that the chosen checks need, for `kubectl apply -f -`.",
        allow_abbrev=False,
    )
    only = parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="ID",
        help="only for this check, or this requirement of the standard; may be repeated",
    )
    names.completed_by(only, "checks")
    standard = parser.add_argument("--standard", metavar="ID@VERSION", help="only for the checks of this standard")
    names.completed_by(standard, "standards")
    parser.add_argument(
        "--for",
        dest="verb",
        choices=("check", "prove", "diagnose", "bench"),
        help="for all that this command reads or does",
    )
    parser.add_argument("-o", "--output", choices=("yaml", "json"), default="yaml", help="yaml unless given")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    import json

    import yaml

    from seatrial.app import rbac

    rules = list(rbac.rules(tuple(args.only), args.standard, args.verb))
    if args.output == "json":
        output.write(json.dumps({"apiVersion": "v1", "kind": "List", "items": rules}, indent=2) + "\n")
    else:
        output.write(yaml.dump_all(rules, Dumper=yaml.CSafeDumper, sort_keys=False))
    return 0
