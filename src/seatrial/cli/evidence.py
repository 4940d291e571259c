"""``seatrial evidence``: write what a Run saw as a signed folder, and verify such a folder."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial.cli import names, output
from seatrial.model.errors import UsageError

if TYPE_CHECKING:
    from seatrial.app.evidence import Verified

PASSPHRASE = "SEATRIAL_KEY_PASSPHRASE"
_MOST = 50  # problems that are shown


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "evidence",
        help="write signed evidence from a saved Run, and verify it",
        description="Evidence that somebody else can verify: pages, raw records, hashes, and one signed statement.",
        allow_abbrev=False,
    )
    actions = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _write(actions)
    _verify(actions)
    key = _action(actions, "key", "make a key pair to sign with", run_key)
    key.description = f"Make a key pair to sign with. The passphrase is taken from {PASSPHRASE}, where that is set."
    key.add_argument(
        "-o", "--output-file", type=Path, required=True, metavar="KEY.pem", help="the public key lands beside it"
    )


def _write(actions: Any) -> None:
    parser = _action(actions, "write", "write the evidence of a saved Run", run_write)
    parser.add_argument("saved", type=Path, metavar="RUN.json")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="a new folder")
    parser.add_argument(
        "--standard", type=names.comma, default=(), metavar="NAMES", help="pages for these alone, such as cncf-ai@1.36"
    )
    signer = parser.add_mutually_exclusive_group()
    signer.add_argument(
        "--key", type=Path, metavar="KEY.pem", help=f"sign with this key; its passphrase is taken from {PASSPHRASE}"
    )
    signer.add_argument(
        "--keyless",
        action="store_true",
        help="sign as the identity of this CI job, through Sigstore; needs the internet",
    )


def _verify(actions: Any) -> None:
    parser = _action(actions, "verify", "verify a folder of evidence", run_verify)
    parser.description = "Verify a folder of evidence, offline. Exits with 0 when it is verified and 1 when it is not."
    parser.add_argument("folder", type=Path, metavar="DIR")
    trust = parser.add_mutually_exclusive_group(required=True)
    trust.add_argument("--key", type=Path, metavar="PUB.pem", help="the public key of whom you trust")
    trust.add_argument(
        "--identity", default="", metavar="WHO", help="who must have signed without a key; with --issuer"
    )
    trust.add_argument(
        "--unsigned", action="store_true", help="do not look at the signature: tells accidents, not forgeries"
    )
    parser.add_argument("--issuer", default="", metavar="URL", help="who must know that identity")


def _action(actions: Any, name: str, what: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(
        name, help=what, description=f"{what.capitalize()}.", allow_abbrev=False
    )
    parser.set_defaults(run=run)
    return parser


def run_write(args: argparse.Namespace) -> int:
    from seatrial.app import evidence

    written = evidence.write(
        args.saved,
        args.output,
        standards=args.standard,
        key=args.key,
        passphrase=_passphrase(),
        keyless=args.keyless,
    )
    signed = (
        f"signed by {written.signer}" if written.signer else "NOT SIGNED: nobody vouches for it; see --key, --keyless"
    )
    _say(f"{args.output}: {written.files} files, {signed}", evidence.caveat(written.run))
    return 0


def run_verify(args: argparse.Namespace) -> int:
    from seatrial.app import evidence

    if bool(args.identity) != bool(args.issuer):
        raise UsageError("--identity and --issuer go together", way_out="name both, or --key")
    found = evidence.verify(args.folder, key=args.key, identity=args.identity, issuer=args.issuer)
    if found.problems or found.run is None:
        _say(*_failures(args.folder, found))
        return 1
    run = found.run
    if found.signer:
        verdict = f"verified: {args.folder}, {found.files} files, signed by {found.signer}"
    else:
        verdict = f"unchanged, but NOT VERIFIED: {args.folder}, {found.files} files; nobody's signature was looked at"
    _say(
        verdict,
        f"run {run.id} of cluster {run.environment.cluster.uid or 'unknown'}, {run.finished_at:%Y-%m-%d %H:%M:%S} UTC",
        evidence.caveat(run),
    )
    return 0


def run_key(args: argparse.Namespace) -> int:
    from seatrial.app import evidence

    passphrase = _passphrase()
    public, id = evidence.make_key(args.output_file, passphrase)
    locked = "locked with the passphrase" if passphrase else f"NOT locked with a passphrase, see {PASSPHRASE}"
    _say(
        f"{args.output_file}: the private key, {locked}; keep it to yourself",
        f"{public}: the public key, for those who verify; sha256 {id}",
    )
    return 0


def _passphrase() -> bytes | None:
    return os.environ.get(PASSPHRASE, "").encode() or None


def _failures(folder: Path, found: Verified) -> list[str]:
    from seatrial.kit.text import one_line

    lines = [f"NOT VERIFIED: {folder}"]
    lines += [f"  {one_line(f'{problem.where}: {problem.what}')}" for problem in found.problems[:_MOST]]
    if len(found.problems) > _MOST:
        lines.append(f"  … and {len(found.problems) - _MOST} more")
    return lines


def _say(*lines: str) -> None:
    from seatrial.kit.text import safe

    output.write("".join(f"{safe(line, limit=1000)}\n" for line in lines))
