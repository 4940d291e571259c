"""Print the level and the text digest of every requirement in a checklist of the CNCF AI conformance programme.

    tools/digests.py AIConformance-1.36.yaml …

The checklists are the files docs/AIConformance-X.Y.yaml of https://github.com/cncf/k8s-ai-conformance. A digest is the
sha256 of a requirement's description in UTF-8, white space normalised as in Python's ``" ".join(text.split())``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from seatrial.model.errors import UsageError
from seatrial.submission import checklist as checklists
from seatrial.submission.checklist import Checklist


def rows(checklist: Checklist) -> Iterator[str]:
    for one in checklist.asked:
        yield f"{checklist.stated} {one.id} {one.category} {one.level} {one.digest}"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Print the digests of a checklist's requirements.")
    parser.add_argument("checklists", metavar="CHECKLIST.yaml", nargs="+", type=Path)
    try:
        for path in parser.parse_args(arguments).checklists:
            print("\n".join(rows(checklists.parse(path.read_bytes(), name=str(path)))))
    except (OSError, UsageError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
