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
from typing import Any

import msgspec
import yaml

from seatrial.kit import digest


class Entry(msgspec.Struct):
    id: str
    description: str
    level: str


class Metadata(msgspec.Struct, rename="camel"):
    kubernetes_version: str


class Checklist(msgspec.Struct):
    metadata: Metadata
    spec: dict[str, list[Entry]]


def read(path: Path) -> Checklist:
    raw: Any = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
    return msgspec.convert(raw, Checklist)


def rows(checklist: Checklist) -> Iterator[str]:
    version = checklist.metadata.kubernetes_version
    for category, entries in checklist.spec.items():
        for entry in entries:
            yield f"{version} {entry.id} {category} {entry.level} {digest.of_text(entry.description)}"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Print the digests of a checklist's requirements.")
    parser.add_argument("checklists", metavar="CHECKLIST.yaml", nargs="+", type=Path)
    try:
        for path in parser.parse_args(arguments).checklists:
            print("\n".join(rows(read(path))))
    except (OSError, yaml.YAMLError, msgspec.ValidationError) as error:
        print(f"error: {path}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
