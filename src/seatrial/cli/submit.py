"""``seatrial submit``: judge, plan and build what the conformance programme wants to be handed."""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

from seatrial.cli import output
from seatrial.model.errors import UsageError

PROFILES = ("official-2026-08", "newest", "strict")


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "submit",
        help="judge, plan and build what is handed in for conformance",
        description="Submissions to the CNCF AI conformance programme: judge them, plan the next version, build one from a Run.",
        allow_abbrev=False,
    )
    actions = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _lint(_action(actions, "lint", "judge submissions, as the programme's validator does and beyond", run_lint))
    _plan(_action(actions, "plan", "say what another version asks of a certified product", run_plan))
    _build(_action(actions, "build", "write the directory to hand in, from a Run", run_build))


def _action(actions: Any, name: str, what: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(
        name, help=what, description=f"{what[0].upper()}{what[1:]}.", allow_abbrev=False
    )
    parser.set_defaults(run=run)
    return parser


def _lint(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="+", type=Path, metavar="DIR|FILE", help="a PRODUCT.yaml, or a directory with some"
    )
    parser.add_argument(
        "--rules",
        choices=PROFILES,
        default="strict",
        help="those of the programme's validator in August 2026, of its newest form, or, unless given, also what reviewers send back",
    )
    _checklists(parser)
    parser.add_argument(
        "--members",
        type=Path,
        metavar="FILE",
        help="the foundation's members: a name per line, or landscape.yml; a dated list is built in",
    )
    parser.add_argument("--online", action="store_true", help="call every link, as the programme's bot does")
    parser.add_argument("-o", "--output", choices=("text", "json", "sarif"), default="text", help="text unless given")
    parser.add_argument("--output-file", type=Path, metavar="FILE", help="write it there instead of to standard output")


def _plan(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("product", nargs="?", type=Path, metavar="PRODUCT.yaml", help="what was handed in so far")
    parser.add_argument("--from", dest="before", required=True, metavar="X.Y", help="the version that is certified")
    parser.add_argument("--to", dest="after", required=True, metavar="X.Y", help="the version that is wanted")
    parser.add_argument("--certified", type=_day, metavar="YYYY-MM-DD", help="the day on which it was accepted")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="text unless given")


def _build(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--run", dest="saved", type=Path, metavar="RUN.json", help="a Run that was kept with --save")
    parser.add_argument("--product", type=Path, metavar="META.yaml", help="what only a person can say; see --template")
    parser.add_argument("--checklist", type=Path, metavar="FILE", help="the programme's docs/AIConformance-X.Y.yaml")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where the directory vX.Y/NAME is written")
    parser.add_argument("--draft", action="store_true", help="write it although MUSTs are open, marked as a draft")
    parser.add_argument("--force", action="store_true", help="replace what was built there before")
    parser.add_argument("--template", action="store_true", help="only print a file for --product to begin with")


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day such as 2026-03-01") from None


def _checklists(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--checklist",
        action="append",
        type=Path,
        default=[],
        metavar="FILE",
        help="the programme's docs/AIConformance-X.Y.yaml, for exact texts; may be repeated",
    )


def run_lint(args: argparse.Namespace) -> int:
    from seatrial.app import submit
    from seatrial.cli.working import complete

    report = complete(
        submit.lint(
            args.paths,
            rules=args.rules,
            checklists=args.checklist,
            members=args.members,
            call=submit.online() if args.online else None,
        )
    )
    output.write(submit.render(report, args.output, colour=output.colour(args.output_file)), args.output_file)
    return 0 if report.clean else 1


def run_plan(args: argparse.Namespace) -> int:
    from seatrial.app import submit

    output.write(submit.plan(args.before, args.after, args.product, certified=args.certified, form=args.output))
    return 0


def run_build(args: argparse.Namespace) -> int:
    """1 where the Run does not carry it, or where something is left to do; what was written is said either way."""
    from seatrial.app import submit

    if args.template:
        output.write(submit.template())
        return 0
    needed = {"--run": args.saved, "--product": args.product, "--checklist": args.checklist, "--out": args.out}
    if absent := [flag for flag, value in needed.items() if value is None]:
        raise UsageError(f"{', '.join(absent)} must be given", way_out="seatrial submit build --help")
    written = submit.build(args.saved, args.product, args.checklist, args.out, draft=args.draft, force=args.force)
    lines = [f"open: {one}" for one in written.missing]
    if written.path is None:
        lines.append("nothing was written; --draft writes it all the same, marked as a draft")
    else:
        lines.append(f"written to {written.path}")
    if written.report.messages:
        lines += ["", submit.render(written.report, "text").rstrip()]
    output.write("\n".join(lines) + "\n")
    return 1 if written.missing or not written.report.clean else 0
