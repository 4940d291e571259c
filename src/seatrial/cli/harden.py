"""``seatrial harden``: fixes for what fails, as files for Git; and first of all, whom they would hit."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.cli import names, output, targets
from seatrial.model.errors import UsageError

if TYPE_CHECKING:
    from seatrial.app.harden import Hardened
    from seatrial.model.remedy import Impact
    from seatrial.report.lines import Page

_MOST = 8  # namespaces of one fix that are told one by one


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "harden",
        help="write fixes for what fails as files for Git; nothing is created in the cluster, but with --ask",
        description=(
            "Write fixes for what `check` finds as Kustomize folders: first to tell, then to enforce. Says which of the objects"
            " that are there each admission policy would refuse if they were made again."
        ),
        allow_abbrev=False,
    )
    parser.add_argument("-o", "--out", type=Path, metavar="DIR", help="the folder to write")
    parser.add_argument("--dry-run", action="store_true", help="write no folder; only tell what would be in it")
    parser.add_argument(
        "--ask",
        action="store_true",
        help="ask the API server whom its policies would refuse, by dry runs in a fresh namespace that is removed at the end",
    )
    parser.add_argument(
        "-y", "--yes", action="store_true", help="with --ask: create what that takes without asking you"
    )
    parser.add_argument("--force", action="store_true", help="replace a folder that an earlier harden wrote")
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", metavar="FORMAT", help="text, json; text unless given"
    )
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
    if (args.out is None) is not args.dry_run:
        raise UsageError("harden takes a folder to write, or --dry-run", way_out="-o DIR, or --dry-run")
    from seatrial.app import harden
    from seatrial.cli.consent import asking
    from seatrial.cli.progress import shown
    from seatrial.cli.working import complete

    with shown() as progress:
        consent = asking(yes=args.yes, progress=progress) if args.ask else None
        made = complete(
            harden.harden(
                targets.of(args), only=tuple(args.only), run=args.findings, consent=consent, tell=progress.tell
            )
        )
    if made.files and not args.dry_run:
        harden.write(args.out, made, force=args.force)
    output.write(harden.as_json(made) if args.format == "json" else _told(made, args.out))
    return 0


def _told(made: Hardened, out: Path | None) -> str:
    from seatrial.report.lines import Page

    page = Page(colour=output.colour())
    if not made.chosen:
        page.say("Nothing fails for which there is a fix; no file was written.", paint="bold")
    elif out is None:
        page.say(f"{_fixes(made)}, of which none was written", paint="bold")
    else:
        page.say(f"{out}: {_fixes(made)}", paint="bold")
    for one in made.chosen:
        many = len(one.findings)
        page.say(
            f"{one.remedy.id}: {one.remedy.title}; {many} finding{'' if many == 1 else 's'}; {', then '.join(one.steps) or 'by hand'}",
            mark="·",
        )
        if one.fix.impact is not None:
            _impact(page, one.fix.impact)
    for caution in dict.fromkeys(one.fix.caution for one in made.chosen if one.fix.caution):
        page.say(caution, mark="!", paint="unknown")
    for unknown in dict.fromkeys(why for one in made.chosen if one.fix.impact for why in one.fix.impact.unknown):
        page.say(f"not known of what is there now: {unknown}", paint="unknown")
    for remedy, why in made.left_out:
        page.say(f"{remedy}: not written, {why}", mark="·", paint="unknown")
    if made.unknown:
        page.say(
            f"could not be judged, so nothing was made for it: {', '.join(made.unknown)}", paint="unknown", limit=4000
        )
    if made.unanswered:
        page.say(f"fails, and has no fix as a file: {', '.join(made.unanswered)}", paint="fail", limit=4000)
    return page.text()


def _fixes(made: Hardened) -> str:
    many = len(made.chosen)
    return f"{many} fix{'' if many == 1 else 'es'} in {len(made.files)} files"


def _impact(page: Page, impact: Impact) -> None:
    from seatrial.bundle.impact import by_namespace, counted, summary

    page.say(summary(impact), indent=2, paint="fail" if impact.hits else "dim")
    homes = by_namespace(impact)
    for namespace, hits in list(homes.items())[:_MOST]:
        makers = ", ".join(dict.fromkeys(hit.subject for hit in hits))
        page.say(f"{namespace or 'of no namespace'}: {counted(impact, hits)}: {makers}", indent=4, limit=300)
    if len(homes) > _MOST:
        page.say(f"and {len(homes) - _MOST} more namespaces; all of it with --format json", indent=4)
