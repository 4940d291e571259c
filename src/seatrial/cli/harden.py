"""``seatrial harden``: fixes for what fails, as files for Git."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.cli import names, output, targets

if TYPE_CHECKING:
    from seatrial.app.harden import Hardened


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "harden",
        help="write fixes for what fails as files for Git; nothing is created in the cluster",
        description="Write fixes for what `check` finds as Kustomize folders: first to tell, then to enforce.",
        allow_abbrev=False,
    )
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="DIR", help="the folder to write")
    parser.add_argument("--force", action="store_true", help="replace a folder that an earlier harden wrote")
    parser.add_argument(
        "--for",
        dest="findings",
        type=Path,
        metavar="RUN.json",
        help="the failures of this saved Run, without judging anew",
    )
    only = parser.add_argument(
        "--only", action="append", default=[], metavar="REMEDY", help="only this remedy; may be repeated"
    )
    names.completed_by(only, "remedies")
    targets.add(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from seatrial.app import harden
    from seatrial.cli.progress import shown
    from seatrial.cli.working import complete

    with shown() as progress:
        made = complete(harden.harden(targets.of(args), only=tuple(args.only), run=args.findings, tell=progress.tell))
    if made.files:
        harden.write(args.out, made, force=args.force)
    output.write(_told(made, args.out))
    return 0


def _told(made: Hardened, out: Path) -> str:
    from seatrial.report.lines import Page

    page = Page(colour=output.colour())
    if made.chosen:
        page.say(f"{out}: {len(made.chosen)} fixes in {len(made.files)} files", paint="bold")
    else:
        page.say("Nothing fails for which there is a fix; no file was written.", paint="bold")
    for one in made.chosen:
        many = len(one.findings)
        page.say(
            f"{one.remedy.id}: {one.remedy.title}; {many} finding{'' if many == 1 else 's'}; {', then '.join(one.steps) or 'by hand'}",
            mark="·",
        )
    for caution in dict.fromkeys(one.fix.caution for one in made.chosen if one.fix.caution):
        page.say(caution, mark="!", paint="unknown")
    for remedy, why in made.left_out:
        page.say(f"{remedy}: not written, {why}", mark="·", paint="unknown")
    if made.unknown:
        page.say(
            f"could not be judged, so nothing was made for it: {', '.join(made.unknown)}", paint="unknown", limit=4000
        )
    if made.unanswered:
        page.say(f"fails, and has no fix as a file: {', '.join(made.unanswered)}", paint="fail", limit=4000)
    return page.text()
