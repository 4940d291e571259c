"""``seatrial import``: what other tools found, held against what seatrial found."""

from __future__ import annotations

import argparse
from pathlib import Path

from seatrial.cli import names, results


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "import",
        help="read results of the upstream suites, and hold them against a Run",
        description=(
            "Read results that other tools wrote: of the AI conformance suite (results.json, junit.xml, e2e.log) and of "
            "base conformance by Hydrophone or Sonobuoy (junit_01.xml, e2e.log, the tarball). They are checked for "
            "contradictions, for proving nothing, and for being about the cluster of the Run."
        ),
        allow_abbrev=False,
    )
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="results, or a .tar.gz with them")
    parser.add_argument("--run", type=Path, dest="against", metavar="RUN.json", help="a saved Run to hold them against")
    standard = parser.add_argument(
        "--standard",
        metavar="ID@VERSION",
        help="whose requirements they are about, where neither they nor the Run tell",
    )
    names.completed_by(standard, "standards")
    results.add(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from seatrial.app import importing

    imported = importing.import_results(args.files, run=args.against, standard=args.standard, command=args.said)
    return results.show(imported, args)
