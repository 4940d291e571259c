"""Compare the programme's own validator with ``seatrial submit lint --rules official-2026-08``, on every submission there is.

    tools/official.py CHECKOUT [--members landscape.yml]

CHECKOUT is a folder with https://github.com/cncf/k8s-ai-conformance in it. Its scripts/validate.go is built with Go as it is, and
official.go beside it answers whatever it calls: links are left aside, and both sides know the same members. Unless given, those are
the vendors whom the list that is built in knows.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from seatrial.app import submit
from seatrial.kit import yaml
from seatrial.kit.text import one_line
from seatrial.model.errors import UsageError
from seatrial.submission.message import Grade
from seatrial.submission.rule import Profile

PROGRAM = ("scripts/validate.go", "go.mod", "go.sum")
SHOWN = 300  # of a complaint: some hold a whole file


class Said(msgspec.Struct, frozen=True):
    """What one side says of a submission."""

    valid: bool
    complaints: tuple[str, ...] = ()


class Pair(msgspec.Struct, frozen=True):
    """What both say of one."""

    file: str
    theirs: Said
    ours: Said

    @property
    def agree(self) -> bool:
        return self.theirs.valid == self.ours.valid

    @property
    def text(self) -> str:
        said = (("the programme's", self.theirs), ("seatrial", self.ours))
        lines = [f"{self.file}:"]
        for who, one in said:
            lines.append(f"  {who}: {'valid' if one.valid else 'not valid'}")
            lines += [f"    {one_line(complaint)[:SHOWN]}" for complaint in one.complaints]
        return "\n".join(lines)


def submissions(checkout: Path) -> list[str]:
    return sorted(str(path.relative_to(checkout)) for path in checkout.glob("v*/*/PRODUCT.yaml"))


def built(checkout: Path, folder: Path) -> Path:
    """Their program, as it is, with our answers to its calls."""
    for part in PROGRAM:
        shutil.copy(checkout / part, folder)
    shutil.copy(Path(__file__).with_suffix(".go"), folder)
    program = folder / "validate"
    argv = ["go", "build", "-tags", "validate", "-o", str(program), "validate.go", "official.go"]
    if subprocess.run(argv, cwd=folder, check=False).returncode:
        raise UsageError("the programme's validator does not build, see above", way_out="see that Go is on PATH")
    return program


def theirs(program: Path, checkout: Path, landscape: Path, file: str) -> Said:
    """One run for each file: what a submission makes the program print is no verdict on another one."""
    ran = subprocess.run(
        [str(program), file],
        cwd=checkout,
        env={**os.environ, "LANDSCAPE": str(landscape)},
        check=False,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if ran.returncode not in (0, 1) or f"Validating {file}..." not in ran.stdout:
        raise UsageError(f"the programme's validator did not judge {file}: {one_line(ran.stdout + ran.stderr)[:SHOWN]}")
    marks = ("  - ", "Error")
    complaints = tuple(line.removeprefix("  - ") for line in ran.stdout.splitlines() if line.startswith(marks))
    return Said(ran.returncode == 0, complaints)


def ours(checkout: Path, landscape: Path, file: str) -> Said:
    report = asyncio.run(submit.lint([checkout / file], rules=Profile.OFFICIAL, members=landscape))
    complaints = (f"{one.rule}: {one.what}" for one in report.messages if one.grade is Grade.ERROR)
    return Said(report.clean, tuple(complaints))


def known(checkout: Path, files: Sequence[str]) -> Iterator[str]:
    """The vendors of these submissions who are members, as far as the list that is built in tells."""
    members = submit.every_member()
    for file in files:
        try:
            metadata = yaml.load((checkout / file).read_bytes(), name=file)["metadata"]
            vendor = str(metadata.get("vendorName", metadata.get("vendor_name", ""))).strip()
        except (yaml.YamlError, KeyError, TypeError, AttributeError):
            continue  # whoever cannot be read is nobody's member; both sides say what is wrong with the file
        if members.has(vendor):
            yield vendor


def landscape(names: Sequence[str]) -> str:
    """In the form of the foundation's own; JSON is YAML, too."""
    items = [{"name": name} for name in names]
    category = {"name": "CNCF Members", "subcategories": [{"name": "all", "items": items}]}
    return f"landscape:\n- {json.dumps(category)}\n"


def compare(checkout: Path, members: Path | None) -> Iterator[Pair]:
    files = submissions(checkout)
    if not files:
        raise UsageError(f"{checkout} holds no vX.Y/NAME/PRODUCT.yaml")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        program = built(checkout, folder)
        listed = folder / "landscape.yml"
        listed.write_text(members.read_text() if members else landscape(sorted(set(known(checkout, files)))))
        for file in files:
            yield Pair(file, theirs(program, checkout, listed, file), ours(checkout, listed, file))


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Compare the programme's validator with the rules official-2026-08.")
    parser.add_argument("checkout", metavar="CHECKOUT", type=Path)
    parser.add_argument("--members", metavar="landscape.yml", type=Path, help="the foundation's own list")
    asked = parser.parse_args(arguments)
    try:
        pairs = list(compare(asked.checkout.resolve(), asked.members))
    except (OSError, UsageError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    apart = [pair for pair in pairs if not pair.agree]
    valid = sum(pair.theirs.valid and pair.agree for pair in pairs)
    told = f"agreements: {len(pairs) - len(apart)} of {len(pairs)}, {valid} of them valid"
    print("\n".join([*(pair.text for pair in apart), told]))
    return 1 if apart else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
